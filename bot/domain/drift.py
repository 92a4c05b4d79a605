"""What changed between a plan's proposal and its approval.  Rows may only leave a plan; nothing is added or moved."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.checking import Verdict, verdict
from bot.domain.distribution import batches as cut
from bot.domain.distribution import recounted
from bot.domain.model import Batch, DropReason, Plan, Share
from bot.domain.reading import LogRow

TOLERATED = 0.2  # more than this part of the rows gone, and the plan is no longer the one that was approved


@dataclass(frozen=True, slots=True)
class Revision:
    """The next version of a plan: the rows that stayed, with whom they were before."""

    batches: tuple[Batch, ...]
    shares: tuple[Share, ...]
    drift: tuple[tuple[DropReason, int], ...]


def drifted(
    batches: Sequence[Batch], rows: Mapping[str, LogRow | None], *, tag: str, lost: Mapping[str, DropReason]
) -> tuple[Batch, ...]:
    """`batches` without the rows that changed too much; `rows` are the changed ones, None for one that is gone.

    `lost` are reviewers who cannot get rows any more, and why.
    """
    return tuple(_without(batch, rows, tag=tag, lost=lost) for batch in batches)


def counted_drift(batches: Sequence[Batch]) -> tuple[tuple[DropReason, int], ...]:
    """Why how many rows left."""
    reasons = Counter(reason for batch in batches for _, reason in batch.dropped)
    return tuple((reason, reasons[reason]) for reason in DropReason if reasons[reason])


def needs_new_approval(plan: Plan, batches: Sequence[Batch], *, lost: Collection[str]) -> bool:
    """Whether so much left that the plan has to be shown again: a reviewer, or more than `TOLERATED` of the rows."""
    gone = sum(len(batch.dropped) for batch in batches)
    affected = any(share.rows and share.reviewer.id in lost for share in plan.shares)
    left = sum(len(batch.kept) for batch in batches)
    return left > 0 and (affected or gone > TOLERATED * plan.planned_rows)


def revision(plan: Plan, batches: Sequence[Batch], *, lost: Collection[str], batch_size: int) -> Revision:
    """The plan's next version, of what `drifted` left."""
    pairs = [pair for batch in batches for pair in batch.kept]
    staying = [share for share in plan.shares if share.reviewer.id not in lost]
    return Revision(cut(pairs, size=batch_size), recounted(staying, pairs), counted_drift(batches))


def _without(batch: Batch, rows: Mapping[str, LogRow | None], *, tag: str, lost: Mapping[str, DropReason]) -> Batch:
    dropped = list(batch.dropped)
    for row_id, reviewer_id in batch.kept:
        found = verdict(rows[row_id], reviewer_id, tag=tag) if row_id in rows else Verdict.FREE
        if reviewer_id in lost:
            dropped.append((row_id, lost[reviewer_id]))
        elif found is not Verdict.FREE:
            dropped.append((row_id, found if isinstance(found, DropReason) else DropReason.ASSIGNED))
    return replace(batch, dropped=tuple(dropped))
