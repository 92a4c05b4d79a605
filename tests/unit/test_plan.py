"""Plans: which requests are the same question, and what a batch still has to write."""

from dataclasses import fields, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.choices import Choices
from bot.domain.plan import (
    REPORTED,
    RESTING,
    RETRIABLE,
    UNDOABLE,
    WORKED_ON,
    WRITING,
    DropReason,
    Origin,
    PlanRequest,
    PlanState,
    lifetime,
)
from tests.unit.builders import a_batch, a_plan, a_request

WHO_AND_WHERE: dict[str, Any] = {
    "origin": Origin.SCHEDULE,
    "requested_by": "U0ELSE",
    "response_url": "https://hooks.slack.com/commands/2",
}
SUBJECT: dict[str, Any] = {
    "queue": "other",
    "project_id": "00000000-0000-4000-8000-000000000000",
    "tag": "My other tag",
    "days": 8,
    "reviewers": ("ben@example.com",),
    "limit": 200,
    "dry_run": True,
    "choices": Choices(sample=Fraction(1, 10)),
    "channel": "C0ELSE",
    "approvers": frozenset({"U0BOSS"}),
}
REQUESTS = st.builds(
    PlanRequest,
    queue=st.just("default"),
    project_id=st.just("p"),
    tag=st.sampled_from("ab"),
    days=st.integers(1, 2),
    reviewers=st.sampled_from([("a",), ("a", "b"), ("b", "a")]),
    limit=st.sampled_from([None, 1]),
    dry_run=st.booleans(),
    origin=st.sampled_from(Origin),
    requested_by=st.sampled_from([None, "U0A", "U0B"]),
    channel=st.sampled_from([None, "C0A"]),
    response_url=st.sampled_from([None, "https://one"]),
)


def test_every_part_of_a_request_is_either_its_subject_or_who_asked() -> None:
    """A new option that is in neither list would make different questions look the same, or the other way round."""
    assert {field.name for field in fields(PlanRequest)} == WHO_AND_WHERE.keys() | SUBJECT.keys()


@pytest.mark.parametrize(("name", "value"), WHO_AND_WHERE.items())
def test_it_does_not_matter_who_asks_and_how_they_are_answered(name: str, value: object) -> None:
    assert a_request().subject == a_request(**{name: value}).subject


@pytest.mark.parametrize(("name", "value"), SUBJECT.items())
def test_whoever_asks_for_something_else_gets_another_answer(name: str, value: object) -> None:
    assert a_request().subject != a_request(**{name: value}).subject


@given(REQUESTS, REQUESTS)
def test_being_the_same_question_goes_both_ways_and_does_not_depend_on_who_asks(
    one: PlanRequest, other: PlanRequest
) -> None:
    same = one.subject == other.subject

    assert same == (replace(one, **WHO_AND_WHERE).subject == other.subject)


def test_a_plan_is_worked_on_or_rests_or_waits() -> None:
    waiting = {PlanState.READING, PlanState.PROPOSED}

    assert sorted([*WORKED_ON, *RESTING, *waiting]) == sorted(PlanState)


def test_only_what_was_reported_can_be_retried_or_taken_back() -> None:
    assert RETRIABLE <= UNDOABLE <= REPORTED
    assert WRITING < WORKED_ON
    assert PlanState.UNDONE not in UNDOABLE


@given(st.sets(st.integers(0, 7)))
def test_a_batch_keeps_what_it_did_not_drop_in_order(gone: set[int]) -> None:
    batch = a_batch(8, dropped=tuple((f"row-{index}", DropReason.GONE) for index in sorted(gone)))

    assert [row_id for row_id, _ in batch.kept] == [f"row-{index}" for index in range(8) if index not in gone]


def test_a_plan_hands_out_the_sum_of_its_shares() -> None:
    assert a_plan().planned_rows == 7


def test_a_plan_that_nobody_asked_for_waits_over_a_weekend() -> None:
    assert lifetime(Origin.SCHEDULE, usual_hours=24) == timedelta(hours=72)
    assert {lifetime(origin, usual_hours=5) for origin in set(Origin) - {Origin.SCHEDULE}} == {timedelta(hours=5)}
