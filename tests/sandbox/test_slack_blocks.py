"""Block Kit's limits, as the stand-in enforces them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models import blocks as sdk
from slack_sdk.models.blocks.block_elements import InputInteractiveElement, InteractiveElement

from sandbox.slack import limits
from sandbox.slack.blocks import message_problems, text_length, view_problems
from tests.sandbox.slack_blocks import (
    Json,
    actions,
    button,
    confirm,
    context,
    mrkdwn,
    option,
    plain,
    section,
    select,
    table,
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (limits.SECTION_TEXT, sdk.SectionBlock.text_max_length),
        (limits.HEADER_TEXT, sdk.HeaderBlock.text_max_length),
        (limits.ACTIONS_ELEMENTS, sdk.ActionsBlock.elements_max_length),
        (limits.CONTEXT_ELEMENTS, sdk.ContextBlock.elements_max_length),
        (limits.INPUT_LABEL, sdk.InputBlock.label_max_length),
        (limits.INPUT_HINT, sdk.InputBlock.hint_max_length),
        (limits.BLOCK_ID, sdk.Block.block_id_max_length),
        (limits.ACTION_ID, InteractiveElement.action_id_max_length),
        (limits.PLACEHOLDER, InputInteractiveElement.placeholder_max_length),
        (limits.BUTTON_TEXT, sdk.ButtonElement.text_max_length),
        (limits.BUTTON_VALUE, sdk.ButtonElement.value_max_length),
        (limits.BUTTON_URL, sdk.ButtonElement.url_max_length),
        (limits.CONFIRM_TITLE, sdk.ConfirmObject.title_max_length),
        (limits.CONFIRM_TEXT, sdk.ConfirmObject.text_max_length),
        (limits.CONFIRM_BUTTON, sdk.ConfirmObject.confirm_max_length),
        (limits.CONFIRM_BUTTON, sdk.ConfirmObject.deny_max_length),
        (limits.OPTION_TEXT, sdk.Option.label_max_length),
        (limits.OPTION_VALUE, sdk.Option.value_max_length),
        (limits.OPTION_GROUP_LABEL, sdk.OptionGroup.label_max_length),
        (limits.SELECT_OPTIONS, sdk.OptionGroup.options_max_length),
        (limits.SELECT_OPTIONS, sdk.StaticSelectElement.options_max_length),
        (limits.SELECT_GROUPS, sdk.StaticSelectElement.option_groups_max_length),
        (limits.OVERFLOW_OPTIONS, sdk.OverflowMenuElement.options_max_length),
    ],
)
def test_limits_are_those_of_the_sdk(ours: int, theirs: int) -> None:
    assert ours == theirs


NEVER_SENT = ("image", "markdown", "rich_text", "table", "card", "carousel", "container", "plan", "task_card", "alert")


@pytest.mark.parametrize(
    "block",
    [
        section("x" * 3000),
        section(accessory=button()),
        {"type": "header", "text": plain("x" * 150)},
        {"type": "divider"},
        context(mrkdwn(), plain()),
        actions(*(button(f"a{number}") for number in range(25))),
        actions(button(style="danger", confirm=confirm(style="danger"), url="https://x.example")),
        actions(select(options=[option(value=str(number)) for number in range(100)])),
        actions(select("multi_users_select", initial_users=["U0ADA"], max_selected_items=1)),
        actions({"type": "overflow", "action_id": "more", "options": [option()] * 5}),
        actions({"type": "checkboxes", "action_id": "c", "options": [{"text": mrkdwn(), "value": "1"}] * 10}),
        actions({"type": "datepicker", "action_id": "until", "initial_date": "2026-05-18"}),
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "t"}},
        {"type": "input", "label": plain(), "element": {"type": "number_input", "is_decimal_allowed": False}},
        table(201, 20),
        {**table(2, 2), "page_size": 100},
    ],
    ids=lambda block: block["type"],
)
def test_what_slack_takes_is_taken(block: Json) -> None:
    assert message_problems([block]) == []


@pytest.mark.parametrize(
    ("block", "pointer", "complaint"),
    [
        (section("x" * 3001), "/blocks/0/text/text", "must be less than 3001 characters"),
        (section(""), "/blocks/0/text/text", "must be more than 0 characters"),
        (section("  "), "/blocks/0/text/text", "must be more than 0 characters"),
        ({"type": "section"}, "/blocks/0", "missing required field: text"),
        (section(txet="x"), "/blocks/0", "invalid additional property: txet"),
        (section(accessory={"type": "plain_text_input"}), "/blocks/0/accessory/type", "unsupported type"),
        (section(block_id="x" * 256), "/blocks/0/block_id", "must be less than 256 characters"),
        ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text", "must be less than 151 characters"),
        ({"type": "header", "text": mrkdwn()}, "/blocks/0/text/type", "unsupported type: mrkdwn"),
        ({"type": "header"}, "/blocks/0", "missing required field: text"),
        ({"type": "heading", "text": plain()}, "/blocks/0/type", "unsupported type: heading"),
        ({"text": plain()}, "/blocks/0", "missing required field: type"),
        (context(*[mrkdwn()] * 11), "/blocks/0/elements", "no more than 10 items allowed"),
        (context(button()), "/blocks/0/elements/0/type", "unsupported type: button"),
        (actions(), "/blocks/0/elements", "no fewer than 1 items allowed"),
        (actions(*(button(f"a{n}") for n in range(26))), "/blocks/0/elements", "no more than 25 items allowed"),
        (actions(button(), button()), "/blocks/0", "`action_id` already exists: approve"),
        (actions(mrkdwn()), "/blocks/0/elements/0/type", "unsupported type: mrkdwn"),
        (actions(button(text=mrkdwn())), "/blocks/0/elements/0/text/type", "unsupported type: mrkdwn"),
        (actions(button(text=plain("x" * 76))), "/blocks/0/elements/0/text/text", "must be less than 76 characters"),
        (actions(button(value="x" * 2001)), "/blocks/0/elements/0/value", "must be less than 2001 characters"),
        (actions(button(value=1)), "/blocks/0/elements/0/value", "must provide a string"),
        (actions(button(style="default")), "/blocks/0/elements/0/style", "must be a valid enum value"),
        (actions(button(action_id="x" * 256)), "/blocks/0/elements/0/action_id", "must be less than 256 characters"),
        (actions(button(accessibility_label="x" * 76)), "/blocks/0/elements/0/accessibility_label", "less than 76"),
        (actions(button(confirm=confirm(title=plain("x" * 101)))), "/blocks/0/elements/0/confirm/title/text", "101"),
        (actions(button(confirm=confirm(text=plain("x" * 301)))), "/blocks/0/elements/0/confirm/text/text", "301"),
        (actions(button(confirm=confirm(deny=plain("x" * 31)))), "/blocks/0/elements/0/confirm/deny/text", "31"),
        (actions(button(confirm={"title": plain()})), "/blocks/0/elements/0/confirm", "missing required field: text"),
        (actions(select()), "/blocks/0/elements/0", "missing required field: one of options, option_groups"),
        (actions(select(options=[option()] * 101)), "/blocks/0/elements/0/options", "no more than 100"),
        (actions(select(options=[option("x" * 76)])), "/blocks/0/elements/0/options/0/text/text", "less than 76"),
        (actions(select(options=[option("x", "x" * 151)])), "/blocks/0/elements/0/options/0/value", "less than 151"),
        (actions({"type": "overflow", "options": [option()] * 6}), "/blocks/0/elements/0/options", "no more than 5"),
        (actions({"type": "radio_buttons", "options": [option()] * 11}), "/blocks/0/elements/0/options", "than 10"),
        (table(202, 1), "/blocks/0/rows", "no more than 201 items allowed"),
        (table(1, 1), "/blocks/0/rows", "no fewer than 2 items allowed"),
        (table(2, 21), "/blocks/0/rows/0", "no more than 20 items allowed"),
        (table(200, 20, "x" * 6), "/blocks/0", "must be less than 20001 characters"),
        ({**table(2, 1), "rows": [[mrkdwn()]] * 2}, "/blocks/0/rows/0/0/type", "unsupported type: mrkdwn"),
        *(({"type": kind}, "/blocks/0/type", f"unsupported type: {kind}") for kind in NEVER_SENT),
        ("section", "/blocks/0", "must provide an object"),
    ],
)
def test_what_slack_refuses_is_refused(block: Any, pointer: str, complaint: str) -> None:
    problems = message_problems([block])

    assert any(one.pointer.startswith(pointer) and complaint in one.message for one in problems), problems


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        ([{"type": "divider"}] * 51, "no more than 50 items allowed"),
        ([section(block_id="a"), section(block_id="a")], "`block_id` already exists: a"),
        ("[]", "must provide an array"),
    ],
)
def test_limits_of_the_whole_message(blocks: Any, complaint: str) -> None:
    assert [one.message for one in message_problems(blocks)] == [complaint]


def test_fifty_blocks_and_equal_action_ids_in_different_blocks_are_fine() -> None:
    assert message_problems([actions(button(), block_id=str(number)) for number in range(50)]) == []


def test_a_problem_reads_like_slacks() -> None:
    problem = message_problems([section("")])[0]

    assert str(problem) == "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"


KEYS = st.sampled_from(["type", "text", "elements", "accessory", "fields"])
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["section", "actions", "plain_text"])
ANY_JSON = st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(st.integers(1, 3100))
def test_a_section_holds_1_to_3000_characters(length: int) -> None:
    assert (message_problems([section("x" * length)]) == []) == (length <= 3000)


@given(ANY_JSON)
def test_any_json_gets_an_answer(value: Any) -> None:
    assert isinstance(message_problems([value]), list)


def test_text_length_counts_what_people_read() -> None:
    blocks = [section("abc", accessory=button()), table(1, 2, "f")]

    assert text_length(blocks) == len("abc" + "Approve" + "ff")


@pytest.mark.parametrize(
    ("view", "complaint"),
    [
        ({"type": "modal", "blocks": []}, "missing required field: title"),
        ({"type": "modal", "title": plain("x" * 25), "blocks": []}, "must be less than 25 characters"),
        ({"type": "modal", "title": plain(), "blocks": [table(2, 1)]}, "unsupported type: data_table"),
        ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "no more than 100 items allowed"),
        ({"type": "page", "blocks": []}, "unsupported type: page"),
        ({"type": "home", "blocks": [], "colour": "red"}, "invalid additional property: colour"),
    ],
)
def test_views_are_checked_too(view: Json, complaint: str) -> None:
    assert [one.message for one in view_problems(view)] == [complaint]
