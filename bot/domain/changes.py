"""The two changes that a plan makes to its rows: what it expects to find, and what it leaves behind."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Protocol

from bot.domain.model import Batch, BatchState, DropReason
from bot.domain.reading import PENDING, USUAL_OPEN_STATUSES, LogRow


class Seen(Enum):
    """What a reading shows of a row that was sent."""

    DONE = "done"
    NOT_YET = "not yet"
    """The request may still be on its way."""


class Change(Protocol):
    """What is done to the rows of a batch; `row` is None where it does not exist."""

    def objection(self, row: LogRow | None, reviewer_id: str) -> DropReason | None:
        """Why a row may not be sent; None when it is as the plan expects it."""

    def effect(self, row: LogRow | None, reviewer_id: str) -> Seen | DropReason:
        """Whether a row that was sent shows the change; why it never will, where somebody else has it by now."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Rows that nobody has are given to their reviewers: those with a tag, and one of the open statuses or none."""

    tag: str
    open_statuses: tuple[str, ...] = USUAL_OPEN_STATUSES

    def objection(self, row: LogRow | None, reviewer_id: str) -> DropReason | None:
        """A row that already carries our value was assigned by a person, the same way: it is not ours to report."""
        if row is None:
            return DropReason.GONE
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
class TakingBack:
    """Rows that are still exactly as the plan wrote them, and still pending, are taken from their reviewers."""

    form: Unassignment = Unassignment.ARRAY_DELETE

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
    dropped = list(batch.dropped)
    for row_id, reviewer_id in batch.kept:
        reason = DropReason.OTHER_PLAN if row_id in others else lost.get(reviewer_id)
        reason = reason or change.objection(rows.get(row_id), reviewer_id)
        if reason is not None:
            dropped.append((row_id, reason))
    return replace(batch, dropped=tuple(dropped))


def without_others(batch: Batch, others: frozenset[str]) -> Batch:
    """`batch` without the rows that another plan wrote, or may have, since this one first tried."""
    theirs = tuple((row_id, DropReason.OTHER_PLAN) for row_id, _ in batch.kept if row_id in others)
    return replace(batch, dropped=batch.dropped + theirs)


def read_back(batch: Batch, rows: Mapping[str, LogRow], change: Change) -> tuple[Batch, Batch | None]:
    """A sent batch after a reading: what is settled of it, and the part that shows nothing yet, if there is one."""
    seen = {row_id: change.effect(rows.get(row_id), who) for row_id, who in batch.kept}
    theirs = tuple((row_id, reason) for row_id, reason in seen.items() if isinstance(reason, DropReason))
    waiting = tuple(pair for pair in batch.kept if seen[pair[0]] is Seen.NOT_YET)
    settled = replace(batch, dropped=batch.dropped + theirs, state=BatchState.CONFIRMED)
    if not waiting:
        return settled, None
    rest = tuple(pair for pair in batch.rows if seen.get(pair[0]) is not Seen.NOT_YET)
    return replace(settled, rows=rest), replace(batch, rows=waiting, dropped=())
