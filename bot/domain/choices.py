"""The choices of a plan: which of the free rows it takes, how it deals them out, and the words people say that with."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import partial
from math import floor
from typing import TypeVar

from bot.domain.allocation import Strategy
from bot.errors import CommandError

TRACE = "trace"
MAX_FIELD_LENGTH = 120
_PERCENTAGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%")
_FIELD = re.compile(r"metadata(?:\.[A-Za-z_][A-Za-z0-9_-]*)+")
_Word = TypeVar("_Word", bound=StrEnum)


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
    if sample is not None:  # which ones it takes does not depend on the order in which they come
        count = number_selected(len(row_ids), sample=sample, limit=None)
        kept = set(_by_hash(row_ids, seed=f"{seed}:sample")[:count])
        row_ids = [row_id for row_id in row_ids if row_id in kept]
    match order:
        case RowOrder.NEWEST:
            return list(row_ids[:limit])
        case RowOrder.OLDEST:
            return list(reversed(row_ids))[:limit]
        case RowOrder.RANDOM:
            return _by_hash(row_ids, seed=f"{seed}:random")[:limit]


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


@dataclass(frozen=True, slots=True)
class Choices:
    """How a plan picks its rows and deals them out."""

    strategy: Strategy = Strategy.EVEN
    order: RowOrder = RowOrder.NEWEST
    sample: Fraction | None = None
    """The part of the rows to take, chosen by chance; None: all."""
    group_by: str | None = None
    """What rows have in common that go to one reviewer: `trace`, or a field such as `metadata.session`."""
    filter: str | None = None
    """A BTQL expression that rows have to meet besides the tag."""
    max_open_rows: int | None = None
    """How many open rows a reviewer may have in all."""
    max_new_rows: int | None = None
    """How many rows the plan gives a reviewer at most."""


AS_ALWAYS = Choices()
"""What a plan does unless somebody chose otherwise."""


def _word(value: str, *, words: type[_Word], name: str) -> _Word:
    try:
        return words(value.strip().lower())
    except ValueError:
        known = list(words)
        listed = ", ".join(f"`{word.value}`" for word in known[:-1])
        raise CommandError(f"`{name}` is {listed} or `{known[-1].value}`: `{name}={known[-1].value}`.") from None


valid_strategy = partial(_word, words=Strategy, name="strategy")
"""A text as a strategy; raises `CommandError`."""
valid_order = partial(_word, words=RowOrder, name="order")
"""A text as an order of rows; raises `CommandError`."""


def valid_sample(value: str) -> Fraction:
    """A percentage above 0 and up to 100 as a fraction; raises `CommandError`."""
    match = _PERCENTAGE.fullmatch(value.strip())
    share = Fraction(match[1]) / 100 if match else Fraction(0)
    if not 0 < share <= 1:
        raise CommandError("`sample` is a percentage up to 100: `sample=10%`.")
    return share


def valid_group_by(value: str) -> str:
    """What keeps rows together: `trace`, or a field of the metadata; raises `CommandError`."""
    field = value.strip()
    if field.lower() == TRACE:
        return TRACE
    if not _FIELD.fullmatch(field) or len(field) > MAX_FIELD_LENGTH:
        raise CommandError("`group_by` is `trace` or a field of the metadata: `group_by=metadata.session`.")
    return field


def _by_hash(row_ids: Sequence[str], *, seed: str) -> list[str]:
    """`row_ids` in an order that looks random and is fixed by `seed`.

    The salts behind the plan's own seed keep the choice of rows independent of who gets them.
    """
    return sorted(row_ids, key=lambda row_id: hashlib.sha256(f"{seed}:{row_id}".encode()).digest())
