"""The outcomes of one request to write a batch, and batches cut for such requests.

Braintrust has no compare-and-set and no idempotency key, so three outcomes must be kept apart: certainly applied,
certainly not applied, and unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.plan import Batch, BatchState

MAX_TRIES = 5


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Every row was acknowledged; the batch is never sent again."""


@dataclass(frozen=True, slots=True)
class NotBegun:
    """Certainly nothing was written: when its turn came, its reading was too old, or the lease too short."""


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Certainly nothing was written, and nothing is wrong: it has to wait."""

    retry_after_seconds: float | None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Certainly nothing was written: there was no connection."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly nothing was written, and the same request will be refused again."""

    reason: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """Certainly nothing was written: the request has too many bytes (413)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been written, now or later: a time-out, a reset, a 5xx, or an answer that does not fit."""

    reason: str


WriteResult = Acknowledged | NotBegun | RateLimited | Unreachable | Refused | TooLarge | Unknown


def begun(batch: Batch, *, now: datetime) -> Batch:
    """`batch` as it is stored before its request is sent."""
    return replace(
        batch, state=BatchState.SENDING, attempts=batch.attempts + 1, attempt_began_at=now, attempt_ended_at=None
    )


def ended(batch: Batch, result: WriteResult, *, now: datetime) -> Batch:
    """`batch` after the request that `begun` announced; one that is too large comes back planned (see `halves`)."""
    batch = replace(batch, attempt_ended_at=now)
    match result:
        case Acknowledged():
            return replace(batch, state=BatchState.WRITTEN, error=None)
        case RateLimited() | NotBegun():
            return replace(batch, state=BatchState.PLANNED, attempts=batch.attempts - 1)
        case Unknown(reason):
            return replace(batch, state=BatchState.UNKNOWN, error=reason)
        case Refused(reason):
            return replace(batch, state=BatchState.FAILED, error=reason)
        case Unreachable(reason):
            state = BatchState.PLANNED if batch.attempts < MAX_TRIES else BatchState.FAILED
            return replace(batch, state=state, error=reason)
        case TooLarge() if len(batch.kept) > 1:
            return replace(batch, state=BatchState.PLANNED, attempts=batch.attempts - 1)
        case TooLarge():
            reason = "Braintrust finds a single row too large (413)."
            return replace(batch, state=BatchState.FAILED, error=reason)


def halves(batch: Batch) -> tuple[Batch, Batch]:
    """`batch` in two parts of about the same number of rows to write; the first keeps what was dropped."""
    kept = batch.kept
    second = kept[len(kept) // 2 :]
    moved = {row_id for row_id, _ in second}
    first = tuple(pair for pair in batch.rows if pair[0] not in moved)
    return replace(batch, rows=first), replace(batch, rows=second, dropped=())


def batches(pairs: Sequence[tuple[str, str]], *, size: int) -> tuple[Batch, ...]:
    """`pairs` cut into batches of at most `size` rows."""
    starts = range(0, len(pairs), size)
    return tuple(Batch(seq, tuple(pairs[start : start + size])) for seq, start in enumerate(starts, 1))
