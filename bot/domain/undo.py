"""Taking an assignment back: which rows may be, and what became of each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.model import Batch, BatchState
from bot.domain.reading import PENDING, LogRow


class UndoState(StrEnum):
    """What is known about taking one row back."""

    SENDING = "sending"
    """A request to take it back is, or was, on its way."""
    TAKEN_BACK = "taken_back"
    """It is unassigned again."""
    REVIEWED = "reviewed"
    """Kept: its reviewer has begun or finished."""
    CHANGED = "changed"
    """Kept: it is not as the plan wrote it any more."""


class Unassignment(StrEnum):
    """How a list of assignees is emptied.  Braintrust does not document it, so each form is tried, on one row first."""

    ARRAY_DELETE = "array_delete"
    """Delete our assignee from the list; the only form that cannot lose somebody else's."""
    EMPTY_LIST = "empty_list"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class UndoCounts:
    """How many rows can be, or were, taken back, and why the others are kept."""

    taken_back: int = 0
    reviewed: int = 0
    changed: int = 0


def written(batches: Iterable[Batch]) -> dict[str, str]:
    """Who got which row, for every row that a plan wrote."""
    states = (BatchState.WRITTEN, BatchState.CONFIRMED)
    return {row_id: who for batch in batches if batch.state in states for row_id, who in batch.kept}


def judged(row: LogRow | None, reviewer_id: str, before: UndoState | None) -> UndoState | None:
    """What is known about a row after a reading; None when it is still exactly as the plan wrote it.

    `before` is what was known earlier: an unassigned row counts as taken back only when that was asked for.
    """
    if row is None:
        return UndoState.CHANGED
    if not row.assigned and before is UndoState.SENDING:
        return UndoState.TAKEN_BACK
    if row.assignees != (reviewer_id,):
        return UndoState.CHANGED
    return None if (row.status or PENDING).upper() == PENDING else UndoState.REVIEWED


def without_others(states: Mapping[str, UndoState], others: Iterable[str]) -> dict[str, UndoState]:
    """`states`, with the rows that another plan wrote later kept, whatever they say: they are not ours any more."""
    unsettled = (None, UndoState.SENDING)
    return {**states, **{row_id: UndoState.CHANGED for row_id in others if states.get(row_id) in unsettled}}


def counted_undo(states: Mapping[str, UndoState]) -> UndoCounts:
    """The counts of what is settled."""
    count = Counter(states.values())
    return UndoCounts(count[UndoState.TAKEN_BACK], count[UndoState.REVIEWED], count[UndoState.CHANGED])


def previewed(rows: Mapping[str, LogRow], pairs: Mapping[str, str]) -> UndoCounts:
    """What an undo would do now."""
    states = [judged(rows.get(row_id), who, None) for row_id, who in pairs.items()]
    count = Counter(states)
    return UndoCounts(count[None], count[UndoState.REVIEWED], count[UndoState.CHANGED])


def cut(row_ids: Sequence[str], *, size: int) -> list[Sequence[str]]:
    """`row_ids` in parts of at most `size`."""
    return [row_ids[start : start + size] for start in range(0, len(row_ids), size)]
