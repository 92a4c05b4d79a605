"""Deal rows out to reviewers.  Pure: same input, same output."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.domain.model import Batch, Reviewer, Share


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


def dealt(row_ids: Sequence[str], reviewers: Sequence[str], *, seed: str, rotation: int) -> list[tuple[str, str]]:
    """Who gets which row, in the order in which they are written, whatever the order of `row_ids`.

    The rows are shuffled by `seed`, so that nobody gets only the newest ones; the reviewers are rotated by `rotation`,
    so that the extra rows do not always fall to the same people; the pairs are shuffled again, so that an assignment
    that is stopped half-way has served everybody.
    """
    start = rotation % len(reviewers)
    pairs = distribute(_shuffled(row_ids, seed=seed), [*reviewers[start:], *reviewers[:start]])
    reviewer_of = dict(pairs)
    return [(row_id, reviewer_of[row_id]) for row_id in _shuffled(reviewer_of, seed=f"{seed}:order")]


def shares(pairs: Sequence[tuple[str, str]], reviewers: Sequence[Reviewer]) -> tuple[Share, ...]:
    """One share for every reviewer, in the order given, also for those who get nothing."""
    rows = Counter(reviewer_id for _, reviewer_id in pairs)
    return tuple(Share(reviewer, rows[reviewer.id]) for reviewer in reviewers)


def batches(pairs: Sequence[tuple[str, str]], *, size: int) -> tuple[Batch, ...]:
    """`pairs` cut into batches of at most `size` rows."""
    starts = range(0, len(pairs), size)
    return tuple(Batch(seq, tuple(pairs[start : start + size])) for seq, start in enumerate(starts, 1))


def _shuffled(row_ids: Iterable[str], *, seed: str) -> list[str]:
    """`row_ids` in an order that looks random, is fixed by `seed`, and is the same on every version of Python."""
    return sorted(row_ids, key=lambda row_id: hashlib.sha256(f"{seed}:{row_id}".encode()).digest())
