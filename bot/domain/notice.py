"""What one reviewer is told about a plan's rows, and what people want to be told at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.model import Batch, Plan
from bot.domain.undo import UndoState, written


class NoticeState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    """To be sent, once its plan rests and its person works."""
    SENT = "sent"
    """In Slack; it is edited when its numbers change."""
    FAILED = "failed"
    """Slack does not let the person be written to."""
    OFF = "off"
    """Not to be sent: the person wants none, or nothing is left to tell."""


@dataclass(frozen=True, slots=True)
class NoticeCount:
    """How many rows of a plan one reviewer got, and how many of these were taken back."""

    reviewer_id: str
    slack_user: str
    rows: int
    taken_back: int = 0

    @property
    def left(self) -> int:
        """How many rows they have of it."""
        return self.rows - self.taken_back


@dataclass(frozen=True, slots=True)
class Notice:
    """The direct message to one reviewer of a plan, as stored."""

    plan_id: str
    count: NoticeCount
    state: NoticeState
    revision: int
    """Grows with every change of the numbers."""
    attempt: int
    """How often somebody took it up; a newer attempt takes the right to record anything from the older ones."""
    due_at: datetime | None = None
    """None until somebody looked when the person works."""
    channel: str | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True)
class Preference:
    """What one person wants."""

    muted: bool = False
    away_until: date | None = None
    """The first day on which they take rows again."""


def notice_counts(plan: Plan, batches: Sequence[Batch], undone: Mapping[str, UndoState]) -> tuple[NoticeCount, ...]:
    """What to tell each reviewer who is known in Slack, also those who got nothing."""
    pairs = written(batches)
    rows = Counter(pairs.values())
    taken_back = Counter(who for row_id, who in pairs.items() if undone.get(row_id) is UndoState.TAKEN_BACK)
    return tuple(
        NoticeCount(share.reviewer.id, share.reviewer.slack_id, rows[share.reviewer.id], taken_back[share.reviewer.id])
        for share in plan.shares
        if share.reviewer.slack_id is not None
    )


def rows_left(batches: Sequence[Batch], undone: Mapping[str, UndoState], reviewer_id: str) -> list[str]:
    """The ids of a reviewer's rows that were not taken back."""
    pairs = written(batches).items()
    return [row_id for row_id, who in pairs if who == reviewer_id and undone.get(row_id) is not UndoState.TAKEN_BACK]
