"""The limits are Slack's own, and the pieces keep them."""

from typing import Any

import pytest
from slack_sdk.models import blocks as sdk

from bot.messages import blocks
from sandbox.slack import limits
from sandbox.slack.blocks import message_problems


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (blocks.HEADER_MAX, sdk.HeaderBlock.text_max_length),
        (blocks.SECTION_TEXT_MAX, sdk.SectionBlock.text_max_length),
        (blocks.BUTTON_TEXT_MAX, sdk.ButtonElement.text_max_length),
        (blocks.BUTTON_VALUE_MAX, sdk.ButtonElement.value_max_length),
        (blocks.CONFIRM_TITLE_MAX, sdk.ConfirmObject.title_max_length),
        (blocks.CONFIRM_TEXT_MAX, sdk.ConfirmObject.text_max_length),
        (blocks.BLOCKS_MAX, limits.MESSAGE_BLOCKS),  # slack_sdk has no constant for these two
        (blocks.UPDATE_TEXT_MAX, limits.UPDATE_TEXT),
    ],
)
def test_every_limit_is_the_one_of_slack(ours: int, theirs: int) -> None:
    assert ours == theirs


LONG = "x" * 10_000


@pytest.mark.parametrize(
    "block",
    [
        blocks.header(LONG),
        blocks.section(LONG),
        blocks.context(LONG),
        blocks.actions([blocks.button(LONG, action_id="approve", value="k7f3q2:1")]),
        blocks.actions(
            [
                blocks.button(
                    "Approve",
                    action_id="approve",
                    value="k7f3q2:1",
                    style="primary",
                    confirm=blocks.confirmation(LONG, LONG, confirm="Assign", deny="Not yet"),
                )
            ]
        ),
    ],
    ids=["header", "section", "context", "button", "confirmation"],
)
def test_a_piece_is_cut_where_slack_would_refuse_it(block: dict[str, Any]) -> None:
    assert message_problems([block]) == []


def test_a_plain_button_has_neither_style_nor_question() -> None:
    button = blocks.button("Cancel", action_id="cancel", value="k7f3q2:1")

    assert button == {
        "type": "button",
        "text": {"type": "plain_text", "text": "Cancel"},
        "action_id": "cancel",
        "value": "k7f3q2:1",
    }
