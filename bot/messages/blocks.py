"""Messages and the few Block Kit pieces that they are built from, with Slack's limits for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
HEADER_MAX = 150  # slack_sdk HeaderBlock.text_max_length
SECTION_TEXT_MAX = 3000  # slack_sdk SectionBlock.text_max_length
BUTTON_TEXT_MAX = 75  # slack_sdk ButtonElement.text_max_length
BUTTON_VALUE_MAX = 2000  # slack_sdk ButtonElement.value_max_length
CONFIRM_TITLE_MAX = 100  # slack_sdk ConfirmObject.title_max_length
CONFIRM_TEXT_MAX = 300  # slack_sdk ConfirmObject.text_max_length
BLOCKS_MAX = 50  # https://docs.slack.dev/reference/block-kit/blocks
UPDATE_TEXT_MAX = 4000  # chat.update refuses a longer text with msg_too_long


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted.  `text` says everything that `blocks` show."""

    text: str
    blocks: tuple[Block, ...] = ()


def header(text: str) -> Block:
    """A headline."""
    return {"type": "header", "text": {"type": "plain_text", "text": text[:HEADER_MAX]}}


def section(text: str) -> Block:
    """A paragraph of mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:SECTION_TEXT_MAX]}}


def context(text: str) -> Block:
    """A small line."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:SECTION_TEXT_MAX]}]}


def actions(buttons: Sequence[Block]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def composed(paragraphs: Sequence[str], small: str, *, title: str = "", buttons: Sequence[Block] = ()) -> Message:
    """A message of a headline, paragraphs, a row of buttons, and small print; what is empty is left out."""
    shown = [text for text in paragraphs if text]
    above = [header(title)] if title else []
    row = [actions(buttons)] if buttons else []
    text = "\n".join([*([title] if title else []), *shown, small])
    return Message(text, (*above, *(section(text) for text in shown), *row, context(small)))


def button(text: str, *, action_id: str, value: str, style: str | None = None, confirm: Block | None = None) -> Block:
    """A button; `value` comes back with the press."""
    block: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": text[:BUTTON_TEXT_MAX]},
        "action_id": action_id,
        "value": value,
    }
    return block | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirmation(title: str, text: str, *, confirm: str, deny: str) -> Block:
    """The question that a press asks before it counts."""
    return {
        "title": {"type": "plain_text", "text": title[:CONFIRM_TITLE_MAX]},
        "text": {"type": "plain_text", "text": text[:CONFIRM_TEXT_MAX]},
        "confirm": {"type": "plain_text", "text": confirm},
        "deny": {"type": "plain_text", "text": deny},
    }
