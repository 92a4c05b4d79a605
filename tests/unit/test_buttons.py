"""A button says which edition of which plan it is about, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import Plan, Reviewer, Share
from bot.messages.blocks import BUTTON_TEXT_MAX
from bot.messages.buttons import (
    Target,
    approve_button,
    cancel_button,
    retry_button,
    stop_button,
    target,
    undo_button,
    undo_confirm_button,
)
from tests.unit.builders import a_plan, shares_of

BUTTONS: list[Callable[[Plan], dict[str, Any]]] = [
    approve_button,
    cancel_button,
    stop_button,
    lambda plan: retry_button(plan, 1_949),
    undo_button,
    lambda plan: undo_confirm_button(plan, 1_949),
]


@given(st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True), st.integers(1, 999_999_999))
def test_every_button_comes_back_as_its_plan_and_edition(plan_id: str, edition: int) -> None:
    plan = replace(a_plan(), id=plan_id, edition=edition)

    values = [build(plan)["value"] for build in BUTTONS]

    assert [target(value) for value in values] == [Target(plan_id, edition)] * 6


@pytest.mark.parametrize(
    "value",
    [
        "",
        "k7f3q2",
        "k7f3q2:",
        ":1",
        "k7f3q2:1 ",
        "k7f3q2:1\n",
        "K7F3Q2:1",
        "k7f3q2:x",
        "k7f3q2:-1",
        "k7f3q2:1:2",
        "k7f3q2:\u0663",
        "k7f3q2:" + "9" * 10,
        "a" * 17 + ":1",
        "x' or 1=1:1",
    ],
)
def test_a_foreign_value_is_about_nothing(value: str) -> None:
    assert target(value) is None


@given(st.text())
def test_no_value_raises(value: str) -> None:
    assert isinstance(target(value), Target | None)


def test_each_button_has_its_own_action() -> None:
    plan = a_plan()

    buttons = [build(plan) for build in BUTTONS]

    assert [(button["action_id"], button["text"]["text"]) for button in buttons] == [
        ("approve", "Approve"),
        ("cancel", "Cancel"),
        ("stop", "Stop"),
        ("retry", "Retry the remaining 1,949"),
        ("undo", "Undo…"),
        ("undo_confirm", "Take back 1,949"),
    ]


def test_what_assigns_stands_out_and_what_takes_away_warns() -> None:
    styles = [build(a_plan()).get("style") for build in BUTTONS]

    assert styles == ["primary", None, None, "primary", None, "danger"]


@pytest.mark.parametrize(
    ("rows", "title"), [(1, "Assign the remaining 1 row?"), (1_949, "Assign the remaining 1,949 rows?")]
)
def test_retry_asks_once_more_as_approve_does(rows: int, title: str) -> None:
    question = retry_button(a_plan(), rows)["confirm"]

    assert question["title"]["text"] == title
    assert question["text"]["text"] == approve_button(a_plan())["confirm"]["text"]["text"]
    assert (question["confirm"]["text"], question["deny"]["text"]) == ("Assign", "Not yet")


@pytest.mark.parametrize("build", [retry_button, undo_confirm_button])
@pytest.mark.parametrize("rows", [1, 999_999_999_999])
def test_the_number_on_a_button_is_never_cut(build: Callable[[Plan, int], dict[str, Any]], rows: int) -> None:
    label = build(a_plan(), rows)["text"]["text"]

    assert label.endswith(f"{rows:,}")
    assert len(label) <= BUTTON_TEXT_MAX


def test_approve_asks_once_more_with_the_numbers() -> None:
    plan = a_plan(shares=(*shares_of(3, rows=1_000), Share(Reviewer("r9", "Zoe"), 0)))

    question = approve_button(plan)["confirm"]

    assert question["title"]["text"] == "Assign 3,003 rows to 3 reviewers?"
    assert question["text"]["text"].startswith("Rows that somebody assigns or finishes meanwhile")
    assert (question["confirm"]["text"], question["deny"]["text"]) == ("Assign", "Not yet")
