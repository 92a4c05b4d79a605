"""The outcomes of one request to write a batch, and batches cut for such requests.

Braintrust has no compare-and-set and no idempotency key, so three outcomes must be kept apart: certainly applied,
certainly not applied, and unknown.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from itertools import accumulate

from bot.domain.plan import Batch, BatchState

MAX_TRIES = 5


class Outcome(Enum):
    """What one request to write a batch came to."""

    ACKNOWLEDGED = auto()
    """Every row was acknowledged; the batch is never sent again."""
    NOT_BEGUN = auto()
    """Certainly nothing was written: when its turn came, its reading was too old, or the lease too short."""
    RATE_LIMITED = auto()
    """Certainly nothing was written, and nothing is wrong: it has to wait."""
    UNREACHABLE = auto()
    """Certainly nothing was written: there was no connection."""
    REFUSED = auto()
    """Certainly nothing was written, and the same request will be refused again."""
    TOO_LARGE = auto()
    """Certainly nothing was written: the request has too many bytes (413)."""
    UNKNOWN = auto()
    """It may or may not have been written, now or later: a time-out, a reset, a 5xx, or an answer that does not fit."""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """An outcome, its reason where it needs one, and how long Braintrust asks to wait."""

    outcome: Outcome
    reason: str = ""
    retry_after_seconds: float | None = None


def begun(batch: Batch, *, now: datetime) -> Batch:
    """`batch` as it is stored before its request is sent."""
    return replace(
        batch, state=BatchState.SENDING, attempts=batch.attempts + 1, attempt_began_at=now, attempt_ended_at=None
    )


def ended(batch: Batch, result: WriteResult, *, now: datetime) -> Batch:
    """`batch` after the request that `begun` announced; one that is too large comes back planned (see `halves`)."""
    after = replace(batch, attempt_ended_at=now, error=result.reason or batch.error)
    match result.outcome:
        case Outcome.ACKNOWLEDGED:
            return replace(after, state=BatchState.WRITTEN, error=None)
        case Outcome.UNKNOWN:
            return replace(after, state=BatchState.UNKNOWN)
        case Outcome.UNREACHABLE if batch.attempts < MAX_TRIES:
            return replace(after, state=BatchState.PLANNED)
        case Outcome.UNREACHABLE | Outcome.REFUSED:
            return replace(after, state=BatchState.FAILED)
        case Outcome.TOO_LARGE if batch.size == 1:
            return replace(after, state=BatchState.FAILED, error="Braintrust finds a single row too large (413).")
        case Outcome.NOT_BEGUN | Outcome.RATE_LIMITED | Outcome.TOO_LARGE:
            return replace(after, state=BatchState.PLANNED, attempts=batch.attempts - 1)


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """`batch` in two parts of about the same number of rows to write; see `parted`."""
    return parted(batch, batch.kept[batch.size // 2 :])


def parted(batch: Batch, rows: Sequence[tuple[str, str]]) -> tuple[Batch, Batch]:
    """`batch` without some of its kept rows, and these alone; what was dropped stays with the first part."""
    moved = {row_id for row_id, _ in rows}
    rest = tuple(pair for pair in batch.rows if pair[0] not in moved)
    return replace(batch, rows=rest), replace(batch, rows=tuple(rows), dropped=())


def leading(batches: Sequence[Batch], *, most_rows: int) -> Sequence[Batch]:
    """The first batches, as many as have at most so many rows together; at least one, where there is one."""
    rows = list(accumulate(batch.size for batch in batches))
    return batches[: max(bisect_right(rows, most_rows), 1)]


def batches(pairs: Sequence[tuple[str, str]], *, size: int) -> tuple[Batch, ...]:
    """`pairs` cut into batches of at most `size` rows."""
    starts = range(0, len(pairs), size)
    return tuple(Batch(seq, tuple(pairs[start : start + size])) for seq, start in enumerate(starts, 1))
