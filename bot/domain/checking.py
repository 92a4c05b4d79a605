"""Whether a planned row may still be written, judged by a reading of a moment ago."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from bot.domain.model import Batch, BatchState, DropReason
from bot.domain.reading import USUAL_OPEN_STATUSES, LogRow


class Verdict(Enum):
    """What a reading says about one planned row."""

    FREE = "free"
    """Nobody has it: it may be written."""
    OURS = "ours"
    """It carries exactly the value that the plan writes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What makes a row one that a plan may write: its tag, and a review status among the open ones, or none."""

    tag: str
    open_statuses: tuple[str, ...] = USUAL_OPEN_STATUSES


def verdict(row: LogRow | None, reviewer_id: str, wanted: Wanted) -> Verdict | DropReason:
    """What is to be done about the row that the plan gives to `reviewer_id`; `row` is None when it does not exist."""
    if row is None:
        return DropReason.GONE
    if row.assignees == (reviewer_id,):
        return Verdict.OURS
    if row.assigned:
        return DropReason.ASSIGNED
    if row.is_finished(wanted.open_statuses):
        return DropReason.FINISHED
    return Verdict.FREE if wanted.tag in row.tags else DropReason.UNTAGGED


def checked(
    batch: Batch,
    rows: Mapping[str, LogRow],
    wanted: Wanted,
    *,
    others: Collection[str] = (),
    lost: Mapping[str, DropReason] = MappingProxyType({}),
) -> Batch:
    """`batch` without the rows that may not be written any more; `rows` are those of it that exist.

    `others` are rows that another plan wrote, or may have; `lost` are reviewers who cannot get rows any more, and why.
    A row that already carries our value is one that a person assigned the same way: it was not written by this plan,
    so it is dropped too.
    """
    dropped = list(batch.dropped)
    for row_id, reviewer_id in batch.kept:
        found = verdict(rows.get(row_id), reviewer_id, wanted)
        if row_id in others:
            dropped.append((row_id, DropReason.OTHER_PLAN))
        elif reviewer_id in lost:
            dropped.append((row_id, lost[reviewer_id]))
        elif found is not Verdict.FREE:
            dropped.append((row_id, found if isinstance(found, DropReason) else DropReason.ASSIGNED))
    return replace(batch, dropped=tuple(dropped))


def without_others(batch: Batch, others: frozenset[str]) -> Batch:
    """`batch` without the rows that another plan wrote, or may have, since this one first tried."""
    theirs = tuple((row_id, DropReason.OTHER_PLAN) for row_id, _ in batch.kept if row_id in others)
    return replace(batch, dropped=batch.dropped + theirs)


def read_back(batch: Batch, rows: Mapping[str, LogRow]) -> tuple[Batch, Batch | None]:
    """A sent batch after a reading: what was seen there, and the part that is not visible yet (None: nothing is open).

    Our value there means written, somebody else's means theirs; anything else means wait, because the request may
    still be on its way.
    """
    shown = {row_id: rows[row_id].assignees if row_id in rows else () for row_id, _ in batch.kept}
    taken = tuple((row_id, DropReason.ASSIGNED) for row_id, who in batch.kept if shown[row_id] not in ((who,), ()))
    waiting = tuple(pair for pair in batch.kept if not shown[pair[0]])
    if not waiting:
        return replace(batch, dropped=batch.dropped + taken, state=BatchState.CONFIRMED), None
    open_rows = {row_id for row_id, _ in waiting}
    settled = tuple(pair for pair in batch.rows if pair[0] not in open_rows)
    seen = replace(batch, rows=settled, dropped=batch.dropped + taken, state=BatchState.CONFIRMED)
    return seen, replace(batch, rows=waiting, dropped=())
