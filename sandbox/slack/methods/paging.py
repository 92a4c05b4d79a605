"""Slack's cursors: one page of a longer list."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from sandbox.slack.answers import SlackError
from sandbox.slack.arguments import Arguments
from sandbox.slack.records import Json

T = TypeVar("T")

NAMES = ("cursor", "limit")


def page_of(items: Sequence[T], arguments: Arguments, *, default: int) -> tuple[Sequence[T], Json]:
    """The page asked for, and the `response_metadata` with the next cursor (empty at the end)."""
    start = _start(arguments.text("cursor"))
    limit = arguments.number("limit", default)
    if not 0 <= limit <= 1000:
        raise SlackError("invalid_limit")
    end = start + (limit or default)
    cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
    return items[start:end], {"next_cursor": cursor}


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("next:"))
    except (binascii.Error, ValueError) as error:
        raise SlackError("invalid_cursor") from error
