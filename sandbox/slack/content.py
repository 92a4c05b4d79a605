"""The content of a message: text and blocks, taken from a request and checked."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack import limits
from sandbox.slack.answers import SlackError
from sandbox.slack.arguments import Arguments
from sandbox.slack.blocks import message_problems, text_length
from sandbox.slack.records import Json

NAMES = ("text", "blocks")


@dataclass(frozen=True, slots=True)
class Content:
    """Text and blocks that Slack would take; None means not given."""

    text: str | None
    blocks: tuple[Json, ...] | None

    @property
    def said(self) -> Json:
        """The fields of a message that says nothing else."""
        return {"text": self.text or "", "blocks": self.blocks or ()}


def content_of(arguments: Arguments) -> Content:
    """The checked content of a request; raises SlackError as Slack would answer."""
    blocks = _blocks(arguments)
    text = _text(arguments)
    if not text and not blocks:
        raise SlackError("no_text")
    return Content(
        text,
        None if blocks is None else tuple({"block_id": f"blk{place}", **block} for place, block in enumerate(blocks)),
    )


def _text(arguments: Arguments) -> str | None:
    text = arguments.text("text") if "text" in arguments else None
    if text and len(text) > limits.MESSAGE_TEXT:
        raise SlackError("msg_too_long")
    return text


def _blocks(arguments: Arguments) -> list[Json] | None:
    if "blocks" not in arguments:
        return None
    blocks: Any = arguments.parsed("blocks", error="invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if problems := [str(problem) for problem in message_problems(blocks)]:
        raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
    if text_length(blocks) > limits.MESSAGE_BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")
    return blocks
