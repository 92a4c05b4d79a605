"""Notices to reviewers: how many rows of a plan each of them got, and how many were taken back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.plan import Batch, Plan
from bot.domain.report import written_pairs
from bot.domain.undo import not_taken_back, taken_back


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


def notice_counts(plan: Plan, batches: Sequence[Batch], undone: Iterable[Batch]) -> tuple[NoticeCount, ...]:
    """What to tell each reviewer who is known in Slack, also those who got nothing."""
    gone = taken_back(undone)
    pairs = written_pairs(batches)
    rows = Counter(who for _, who in pairs)
    lost = Counter(who for row_id, who in pairs if row_id in gone)
    return tuple(
        NoticeCount(share.reviewer.id, share.reviewer.slack_id, rows[share.reviewer.id], lost[share.reviewer.id])
        for share in plan.shares
        if share.reviewer.slack_id is not None
    )


def rows_left(batches: Sequence[Batch], undone: Iterable[Batch], reviewer_id: str) -> list[str]:
    """The ids of a reviewer's rows that were not taken back."""
    return [row_id for row_id, who in not_taken_back(batches, undone).rows if who == reviewer_id]
