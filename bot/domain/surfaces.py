"""The surfaces of a plan: the places in Slack that show something of it, and what each is known to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Surface(StrEnum):
    """One place that shows something of a plan."""

    MESSAGE = "message"
    """The plan's message; its thread has the next four."""
    REPLY = "reply"
    """The thread's one reply: progress, then the report."""
    REMINDER = "reminder"
    """The thread's reminder that a plan waits for its approvers; asked for by an entry without a content."""
    PLAN_FILE = "plan_file"
    RESULT_FILE = "result_file"
    COPY = "copy"
    """A message of the plan that the bot learned of by a press: Slack took it, and the answer was lost."""
    NOTE = "note"
    """The private answer to the command."""
    ALERT = "alert"
    """The direct message to a requester who waited long."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one surface is known to show."""

    ts: str | None = None
    """Which message it is, where it is one that can be edited."""
    drawn: str | None = None
    """Which content it shows, or was refused; None where nobody knows."""
    drawn_at: datetime | None = None
    problem: str | None = None
    """Why Slack does not show it, in a sentence; None where it does."""
    tries: int = 0
    """How often in a row Slack did not answer properly."""
    retry_at: datetime | None = None
    """Until when it is left alone after that."""


NOT_SHOWN = Shown()
Known = Mapping[Surface, Shown]
