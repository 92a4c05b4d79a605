"""What changed between a plan's proposal and its approval.  Rows may only leave a plan; nothing is added or moved."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.domain.distribution import batches as cut
from bot.domain.distribution import recounted
from bot.domain.model import Batch, DropReason, Plan, Share

TOLERATED = 0.2  # more than this part of the rows gone, and the plan is no longer the one that was approved


@dataclass(frozen=True, slots=True)
class Revision:
    """The next version of a plan: the rows that stayed, with whom they were before."""

    batches: tuple[Batch, ...]
    shares: tuple[Share, ...]
    drift: tuple[tuple[DropReason, int], ...]


def counted_drift(batches: Sequence[Batch]) -> tuple[tuple[DropReason, int], ...]:
    """Why how many rows left."""
    reasons = Counter(reason for batch in batches for _, reason in batch.dropped)
    return tuple((reason, reasons[reason]) for reason in DropReason if reasons[reason])


def has_drifted(plan: Plan, batches: Sequence[Batch], *, lost: Collection[str]) -> bool:
    """Whether the plan is another one than was shown: a reviewer is gone, or more than `TOLERATED` of these rows."""
    gone = sum(len(batch.dropped) for batch in batches)
    affected = any(share.rows and share.reviewer.id in lost for share in plan.shares)
    return affected or gone > TOLERATED * sum(len(batch.rows) for batch in batches)


def revision(plan: Plan, batches: Sequence[Batch], *, lost: Collection[str], batch_size: int) -> Revision:
    """The plan's next version, of what is left in all its `batches`."""
    pairs = [pair for batch in batches for pair in batch.kept]
    staying = [share for share in plan.shares if share.reviewer.id not in lost]
    return Revision(cut(pairs, size=batch_size), recounted(staying, pairs), counted_drift(batches))
