"""The two changes that a plan makes to its rows: what each expects to find, and what it leaves behind; and the drift
between a plan's proposal and its approval, by which rows leave it, while none is added or moved.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Protocol

from bot.domain.plan import Batch, BatchState, DropReason, Plan, Share
from bot.domain.reading import PENDING, USUAL_OPEN_STATUSES, LogRow
from bot.domain.report import counted_drops
from bot.domain.writing import batches as cut
from bot.domain.writing import parted

TOLERATED = 0.2  # more than this part of the rows gone, and the plan is no longer the one that was approved


class Change(Protocol):
    """What is done to the rows of a batch."""

    @property
    def filter(self) -> str | None:
        """A BTQL expression that rows have to meet to be sent."""

    @property
    def final(self) -> Collection[DropReason]:
        """What settles a row even after it was sent; any other reason may mean that it is not visible yet."""

    def shows(self, row: LogRow | None, reviewer_id: str) -> bool | DropReason:
        """Whether a row shows the change, or else is as it expects it; why not, where it cannot be changed any more.

        `row` is None where it does not exist.  One that was sent, and is as before, may show the change later.
        """


@dataclass(frozen=True, slots=True)
class Assignment:
    """Rows that nobody has are given to their reviewers: those with a tag, and one of the open statuses or none, that
    meet the filter.
    """

    tag: str
    open_statuses: tuple[str, ...] = USUAL_OPEN_STATUSES
    filter: str | None = None
    final: ClassVar = frozenset({DropReason.ASSIGNED})

    def shows(self, row: LogRow | None, reviewer_id: str) -> bool | DropReason:
        """Our value there means written, somebody else's means theirs."""
        if row is None:
            return DropReason.GONE if self.filter is None else DropReason.UNMATCHED
        if row.assigned:
            return row.assignees == (reviewer_id,) or DropReason.ASSIGNED
        if row.is_finished(self.open_statuses):
            return DropReason.FINISHED
        return False if self.tag in row.tags else DropReason.UNTAGGED


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
    filter: ClassVar[str | None] = None
    final: ClassVar = frozenset(DropReason)

    def shows(self, row: LogRow | None, reviewer_id: str) -> bool | DropReason:
        """Nobody's means taken back; `FINISHED` is a row that its reviewer has begun or finished."""
        if row is None:
            return DropReason.GONE
        if not row.assigned:
            return True
        if row.assignees != (reviewer_id,):
            return DropReason.ASSIGNED
        return False if (row.status or PENDING).upper() == PENDING else DropReason.FINISHED


def checked(
    batch: Batch,
    rows: Mapping[str, LogRow],
    change: Change,
    *,
    lost: Mapping[str, DropReason] = MappingProxyType({}),
) -> Batch:
    """`batch` without the rows that may not be sent any more; `rows` are those of it that exist.

    `lost` are reviewers who cannot get rows any more, and why.  A row that shows the change already was changed by a
    person, the same way: it is not ours to report.
    """
    shown = {row_id: lost.get(who) or change.shows(rows.get(row_id), who) for row_id, who in batch.kept}
    reasons = {row_id: DropReason.ASSIGNED if one is True else one for row_id, one in shown.items()}
    return batch.without({row_id: one for row_id, one in reasons.items() if isinstance(one, DropReason)})


def without_others(batch: Batch, others: Collection[str]) -> Batch:
    """`batch` without the rows that another plan wrote, or may have; all of it where it was written before."""
    if batch.state in (BatchState.WRITTEN, BatchState.CONFIRMED):
        return batch
    return batch.without({row_id: DropReason.OTHER_PLAN for row_id, _ in batch.kept if row_id in others})


def read_back(batch: Batch, rows: Mapping[str, LogRow], change: Change) -> tuple[Batch, Batch | None]:
    """A sent batch after a reading: what is settled of it, and the part that shows nothing yet, if there is one."""
    shown = {row_id: change.shows(rows.get(row_id), who) for row_id, who in batch.kept}
    theirs = {row_id: one for row_id, one in shown.items() if isinstance(one, DropReason) and one in change.final}
    known = theirs.keys() | {row_id for row_id, one in shown.items() if one is True}
    settled, waiting = parted(batch, [pair for pair in batch.kept if pair[0] not in known])
    return replace(settled.without(theirs), state=BatchState.CONFIRMED), waiting if waiting.rows else None


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
