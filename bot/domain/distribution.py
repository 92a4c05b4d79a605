"""Rows divided as evenly as possible, counted, and cut into batches.  Pure: same input, same output."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.domain.model import Batch, Share


def distribute(row_ids: Sequence[str], reviewers: Sequence[str]) -> list[tuple[str, str]]:
    """(row id, reviewer) pairs, divided as evenly as possible, in the order given.

    With M rows and N reviewers each gets floor(M/N) or floor(M/N)+1, and the first M mod N get the one more.
    `reviewers` must not be empty.
    """
    base, extra = divmod(len(row_ids), len(reviewers))
    pairs: list[tuple[str, str]] = []
    for index, reviewer in enumerate(reviewers):
        count = base + (1 if index < extra else 0)
        pairs += [(row_id, reviewer) for row_id in row_ids[len(pairs) : len(pairs) + count]]
    return pairs


def recounted(shares: Iterable[Share], pairs: Iterable[tuple[str, str]]) -> tuple[Share, ...]:
    """`shares` with the rows that `pairs` give to each, also those who get nothing."""
    rows = Counter(reviewer_id for _, reviewer_id in pairs)
    return tuple(replace(share, rows=rows[share.reviewer.id]) for share in shares)


def batches(pairs: Sequence[tuple[str, str]], *, size: int) -> tuple[Batch, ...]:
    """`pairs` cut into batches of at most `size` rows."""
    starts = range(0, len(pairs), size)
    return tuple(Batch(seq, tuple(pairs[start : start + size])) for seq, start in enumerate(starts, 1))
