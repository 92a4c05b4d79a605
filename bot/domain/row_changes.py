"""The two changes that a plan makes to its rows: what each expects to find, and what it leaves behind; and the drift
between a plan's proposal and its approval, by which rows leave it, while none is added or moved.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Protocol

from bot.domain.plan import Batch, BatchState, DropReason, Plan, Share
from bot.domain.reading import PENDING, USUAL_OPEN_STATUSES, LogRow
from bot.domain.report import counted_drops
from bot.domain.writing import batches as cut

TOLERATED = 0.2  # more than this part of the rows gone, and the plan is no longer the one that was approved


class Seen(Enum):
    """What a reading shows of a row that was sent."""

    DONE = "done"
    NOT_YET = "not yet"
    """The request may still be on its way."""


class Change(Protocol):
    """What is done to the rows of a batch; `row` is None where it does not exist."""

    @property
    def filter(self) -> str | None:
        """A BTQL expression that rows have to meet to be sent."""

    def objection(self, row: LogRow | None, reviewer_id: str) -> DropReason | None:
        """Why a row may not be sent; None when it is as the plan expects it."""

    def effect(self, row: LogRow | None, reviewer_id: str) -> Seen | DropReason:
        """Whether a row that was sent shows the change; why it never will, where somebody else has it by now."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Rows that nobody has are given to their reviewers: those with a tag, and one of the open statuses or none, that
    meet the filter.
    """

    tag: str
    open_statuses: tuple[str, ...] = USUAL_OPEN_STATUSES
    filter: str | None = None

    def objection(self, row: LogRow | None, reviewer_id: str) -> DropReason | None:
        """A row that already carries our value was assigned by a person, the same way: it is not ours to report."""
        if row is None:
            return DropReason.GONE if self.filter is None else DropReason.UNMATCHED
        if row.assigned:
            return DropReason.ASSIGNED
        if row.is_finished(self.open_statuses):
            return DropReason.FINISHED
        return None if self.tag in row.tags else DropReason.UNTAGGED

    def effect(self, row: LogRow | None, reviewer_id: str) -> Seen | DropReason:
        """Our value there means written, somebody else's means theirs."""
        if row is None or not row.assigned:
            return Seen.NOT_YET
        return Seen.DONE if row.assignees == (reviewer_id,) else DropReason.ASSIGNED


class Unassignment(StrEnum):
    """How a list of assignees is emptied.  Braintrust does not document it, so each form is tried, on one row first."""

    ARRAY_DELETE = "array_delete"
    """Delete our assignee from the list; the only form that cannot lose somebody else's."""
    EMPTY_LIST = "empty_list"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Rows that are still exactly as the plan wrote them, and still pending, are taken from their reviewers."""

    form: Unassignment = Unassignment.ARRAY_DELETE
    filter: str | None = None

    def objection(self, row: LogRow | None, reviewer_id: str) -> DropReason | None:
        """`FINISHED` for a row that its reviewer has begun or finished; anything else was changed by somebody."""
        seen = self.effect(row, reviewer_id)
        if seen is Seen.DONE:
            return DropReason.ASSIGNED  # somebody else took it back
        return None if seen is Seen.NOT_YET else seen

    def effect(self, row: LogRow | None, reviewer_id: str) -> Seen | DropReason:
        """Nobody's means taken back."""
        if row is None:
            return DropReason.GONE
        if not row.assigned:
            return Seen.DONE
        if row.assignees != (reviewer_id,):
            return DropReason.ASSIGNED
        return Seen.NOT_YET if (row.status or PENDING).upper() == PENDING else DropReason.FINISHED


def checked(
    batch: Batch,
    rows: Mapping[str, LogRow],
    change: Change,
    *,
    others: Collection[str] = (),
    lost: Mapping[str, DropReason] = MappingProxyType({}),
) -> Batch:
    """`batch` without the rows that may not be sent any more; `rows` are those of it that exist.

    `others` are rows that another plan wrote, or may have; `lost` are reviewers who cannot get rows any more, and why.
    """
    reasons: dict[str, DropReason] = {}
    for row_id, reviewer_id in batch.kept:
        reason = DropReason.OTHER_PLAN if row_id in others else lost.get(reviewer_id)
        if reason := reason or change.objection(rows.get(row_id), reviewer_id):
            reasons[row_id] = reason
    return batch.without(reasons)


def without_others(batch: Batch, others: frozenset[str]) -> Batch:
    """`batch` without the rows that another plan wrote, or may have, since this one first tried."""
    return batch.without({row_id: DropReason.OTHER_PLAN for row_id, _ in batch.kept if row_id in others})


def read_back(batch: Batch, rows: Mapping[str, LogRow], change: Change) -> tuple[Batch, Batch | None]:
    """A sent batch after a reading: what is settled of it, and the part that shows nothing yet, if there is one."""
    seen = {row_id: change.effect(rows.get(row_id), who) for row_id, who in batch.kept}
    theirs = {row_id: reason for row_id, reason in seen.items() if isinstance(reason, DropReason)}
    waiting = tuple(pair for pair in batch.kept if seen[pair[0]] is Seen.NOT_YET)
    settled = replace(batch.without(theirs), state=BatchState.CONFIRMED)
    if not waiting:
        return settled, None
    rest = tuple(pair for pair in batch.rows if seen.get(pair[0]) is not Seen.NOT_YET)
    return replace(settled, rows=rest), replace(batch, rows=waiting, dropped=())


def recounted(shares: Iterable[Share], pairs: Iterable[tuple[str, str]]) -> tuple[Share, ...]:
    """`shares` with the rows that `pairs` give to each, also those who get nothing."""
    rows = Counter(reviewer_id for _, reviewer_id in pairs)
    return tuple(replace(share, rows=rows[share.reviewer.id]) for share in shares)


@dataclass(frozen=True, slots=True)
class Revision:
    """The next version of a plan: the rows that stayed, with whom they were before."""

    batches: tuple[Batch, ...]
    shares: tuple[Share, ...]
    drift: tuple[tuple[DropReason, int], ...]


def has_drifted(plan: Plan, batches: Sequence[Batch], *, lost: Collection[str]) -> bool:
    """Whether the plan is another one than was shown: a reviewer is gone, or more than `TOLERATED` of these rows."""
    gone = sum(len(batch.dropped) for batch in batches)
    affected = any(share.rows and share.reviewer.id in lost for share in plan.shares)
    return affected or gone > TOLERATED * sum(len(batch.rows) for batch in batches)


def revision(plan: Plan, batches: Sequence[Batch], *, lost: Collection[str], batch_size: int) -> Revision:
    """The plan's next version, of what is left in all its `batches`."""
    pairs = [pair for batch in batches for pair in batch.kept]
    staying = [share for share in plan.shares if share.reviewer.id not in lost]
    return Revision(cut(pairs, size=batch_size), recounted(staying, pairs), counted_drops(batches))
