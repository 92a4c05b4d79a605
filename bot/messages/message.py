"""A Slack message: blocks for the eye, and a complete text for screen readers and notifications."""

from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted.  `text` says everything that `blocks` show."""

    text: str
    blocks: tuple[Block, ...] = ()
