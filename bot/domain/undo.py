"""Taking an assignment back: its batches, and what became of the rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.plan import Batch, BatchState, DropReason
from bot.domain.reading import LogRow
from bot.domain.report import written_pairs
from bot.domain.row_changes import Withdrawal, checked, without_others
from bot.domain.writing import batches


@dataclass(frozen=True, slots=True)
class UndoCounts:
    """How many rows can be, or were, taken back, and why the others are kept."""

    taken_back: int = 0
    reviewed: int = 0
    changed: int = 0


def taken_back(undone: Iterable[Batch]) -> frozenset[str]:
    """The ids of the rows that were seen without an assignee after they were taken back."""
    return frozenset(row_id for batch in undone if batch.state is BatchState.CONFIRMED for row_id, _ in batch.kept)


def counted_undo(undone: Iterable[Batch]) -> UndoCounts:
    """The counts of what is settled in the batches of an undo."""
    undone = tuple(undone)
    reasons = [reason for batch in undone for _, reason in batch.dropped]
    reviewed = reasons.count(DropReason.FINISHED)
    return UndoCounts(len(taken_back(undone)), reviewed, len(reasons) - reviewed)


def to_take_back(assigned: Sequence[Batch], undone: Iterable[Batch], *, size: int) -> tuple[Batch, ...]:
    """Batches of at most `size` rows with what a plan wrote, but for the rows that its undo has already."""
    known = {row_id for batch in undone for row_id, _ in batch.rows}
    return batches(sorted(pair for pair in written_pairs(assigned) if pair[0] not in known), size=size)


def not_taken_back(assigned: Sequence[Batch], undone: Iterable[Batch]) -> Batch:
    """What a plan wrote, but for the rows that were taken back before."""
    gone = taken_back(undone)
    return Batch(0, tuple(pair for pair in written_pairs(assigned) if pair[0] not in gone))


def previewed(written: Batch, rows: Mapping[str, LogRow], *, others: Collection[str]) -> UndoCounts:
    """What an undo would do now with these rows; `others` are those that another plan wrote later."""
    looked_at = checked(without_others(written, others), rows, Withdrawal())
    return counted_undo([replace(looked_at, state=BatchState.CONFIRMED)])
