"""The rows of a plan, counted for each reviewer and cut into batches.  Pure: same input, same output."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.domain.model import Batch, Share


def recounted(shares: Iterable[Share], pairs: Iterable[tuple[str, str]]) -> tuple[Share, ...]:
    """`shares` with the rows that `pairs` give to each, also those who get nothing."""
    rows = Counter(reviewer_id for _, reviewer_id in pairs)
    return tuple(replace(share, rows=rows[share.reviewer.id]) for share in shares)


def batches(pairs: Sequence[tuple[str, str]], *, size: int) -> tuple[Batch, ...]:
    """`pairs` cut into batches of at most `size` rows."""
    starts = range(0, len(pairs), size)
    return tuple(Batch(seq, tuple(pairs[start : start + size])) for seq, start in enumerate(starts, 1))
