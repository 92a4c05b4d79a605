"""Which of the rows that can be handed out a plan takes.  Pure: same input, same output."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from math import floor


class RowOrder(StrEnum):
    """Which rows come first, and so stay when a limit cuts the others off."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RANDOM = "random"


def selected(
    row_ids: Sequence[str], *, seed: str, sample: Fraction | None, order: RowOrder, limit: int | None
) -> list[str]:
    """At most `limit` rows of a sample of `row_ids`, which come newest first, in the order asked for.

    `sample` is the part of the rows to choose from, between 0 and 1: that many rows, rounded half up, and at least one
    where there is any.  None takes them all.
    """
    return _ordered(_sampled(row_ids, sample, seed=seed), order, seed=seed)[:limit]


def number_selected(total: int, *, sample: Fraction | None, limit: int | None) -> int:
    """How many of `total` rows `selected` takes."""
    sampled = total if sample is None or total == 0 else max(1, floor(sample * total + Fraction(1, 2)))
    return sampled if limit is None else min(sampled, limit)


def grouped(row_ids: Sequence[str], group_of: Mapping[str, str]) -> list[list[str]]:
    """`row_ids` with those of the same value in `group_of` together; a row that has none there is alone.

    Groups stand where their first row stood, and keep the order of their rows.
    """
    groups: dict[tuple[bool, str], list[str]] = {}
    for row_id in row_ids:
        key = (row_id in group_of, group_of.get(row_id, row_id))  # a value may read like the id of a lonely row
        groups.setdefault(key, []).append(row_id)
    return list(groups.values())


def _sampled(row_ids: Sequence[str], sample: Fraction | None, *, seed: str) -> Sequence[str]:
    """The rows with the smallest digests, in the order given: which ones they are does not depend on that order."""
    if sample is None or not row_ids:
        return row_ids
    count = number_selected(len(row_ids), sample=sample, limit=None)
    kept = set(_by_hash(row_ids, seed=f"{seed}:sample")[:count])
    return [row_id for row_id in row_ids if row_id in kept]


def _ordered(row_ids: Sequence[str], order: RowOrder, *, seed: str) -> list[str]:
    if order is RowOrder.RANDOM:
        return _by_hash(row_ids, seed=f"{seed}:random")
    return list(row_ids if order is RowOrder.NEWEST else reversed(row_ids))


def _by_hash(row_ids: Sequence[str], *, seed: str) -> list[str]:
    """`row_ids` in an order that looks random and is fixed by `seed`.

    The salts behind the plan's own seed keep the choice of rows independent of who gets them.
    """
    return sorted(row_ids, key=lambda row_id: hashlib.sha256(f"{seed}:{row_id}".encode()).digest())
