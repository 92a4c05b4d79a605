"""How a plan picks its rows and deals them out, and the words people say it with."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from bot.domain.allocation import Strategy
from bot.domain.selection import RowOrder
from bot.errors import CommandError

TRACE = "trace"
MAX_FIELD_LENGTH = 120

_PERCENTAGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)\s*%")
_FIELD = re.compile(r"metadata(?:\.[A-Za-z_][A-Za-z0-9_-]*)+")
_Word = TypeVar("_Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Choices:
    """How a plan picks its rows and deals them out."""

    strategy: Strategy = Strategy.EVEN
    order: RowOrder = RowOrder.NEWEST
    sample: Fraction | None = None
    """The part of the rows to take, chosen by chance; None: all."""
    group_by: str | None = None
    """What rows have in common that go to one reviewer: `trace`, or a field such as `metadata.session`."""


AS_ALWAYS = Choices()
"""What a plan does unless somebody chose otherwise."""


def valid_strategy(value: str) -> Strategy:
    """`value` as a strategy; raises `CommandError`."""
    return _word(value, Strategy, name="strategy")


def valid_order(value: str) -> RowOrder:
    """`value` as an order of rows; raises `CommandError`."""
    return _word(value, RowOrder, name="order")


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


def _word(value: str, words: type[_Word], *, name: str) -> _Word:
    try:
        return words(value.strip().lower())
    except ValueError:
        known = list(words)
        listed = ", ".join(f"`{word.value}`" for word in known[:-1])
        raise CommandError(f"`{name}` is {listed} or `{known[-1].value}`: `{name}={known[-1].value}`.") from None
