"""The closures that a compiled BTQL expression is made of, each as plain as it can be: rows go by in hundreds of
thousands.
"""

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from sandbox.braintrust.row import Columns

Value: TypeAlias = Callable[[Columns], Any]
Test: TypeAlias = Callable[[Columns], bool]

_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def all_of(parts: tuple[Test, ...]) -> Test:
    """Every part holds."""

    def test(columns: Columns) -> bool:
        for part in parts:  # noqa: SIM110 - a generator for all() costs twice as much, for each row
            if not part(columns):
                return False
        return True

    return test


def any_of(parts: tuple[Test, ...]) -> Test:
    """At least one part holds."""
    return lambda columns: any(part(columns) for part in parts)


def nested(name: str, deeper: tuple[str, ...]) -> Value:
    """The value inside a JSON column; None where the way ends early."""
    if len(deeper) == 1:
        return _nested_once(name, deeper[0])

    def value(columns: Columns) -> Any:
        found = columns.get(name)
        for key in deeper:
            if not isinstance(found, dict):
                return None
            found = found.get(key)
        return found

    return value


def _nested_once(name: str, key: str) -> Value:
    def value(columns: Columns) -> Any:
        outer = columns.get(name)
        return outer.get(key) if isinstance(outer, dict) else None

    return value


def length(array: Value) -> Value:
    """The number of items of an array; None for anything else."""

    def value(columns: Columns) -> int | None:
        found = array(columns)
        return len(found) if isinstance(found, list) else None

    return value


def choice(condition: Test, then: Value, otherwise: Value) -> Value:
    """`condition ? then : otherwise`."""
    return lambda columns: then(columns) if condition(columns) else otherwise(columns)


def three_valued(truth: Test, falsehood: Test) -> Value:
    """A test as a value: True, False or None."""
    return lambda columns: True if truth(columns) else False if falsehood(columns) else None


def includes(array: Value, item: object) -> Test:
    """The array holds the item; a missing array holds nothing."""

    def test(columns: Columns) -> bool:
        found = array(columns)
        return isinstance(found, list) and item in found

    return test


def member(value: Value, values: frozenset[Any]) -> Test:
    """The value is one of `values`."""

    def test(columns: Columns) -> bool:
        found = value(columns)
        return isinstance(found, str | int | float) and found in values

    return test


def not_member(value: Value, values: frozenset[Any]) -> Test:
    """The value is there and none of `values`."""

    def test(columns: Columns) -> bool:
        found = value(columns)
        return found is not None and not (isinstance(found, str | int | float) and found in values)

    return test


def compare_constant(sign: str, value: Value, constant: object) -> Test:
    """`value sign constant`; false for null, and for an order between different kinds."""
    if sign == "=":
        return lambda columns: value(columns) == constant
    if sign == "!=":
        return lambda columns: (found := value(columns)) is not None and found != constant
    compare, kinds = _ORDERINGS[sign], _comparable_with(constant)

    def test(columns: Columns) -> bool:
        found = value(columns)
        return isinstance(found, kinds) and compare(found, constant)

    return test


def compare_values(sign: str, left: Value, right: Value) -> Test:
    """`left sign right`, both from the row; false when one is null or their kinds differ."""

    def test(columns: Columns) -> bool:
        constant = right(columns)
        return constant is not None and compare_constant(sign, left, constant)(columns)

    return test


def _comparable_with(constant: object) -> tuple[type, ...]:
    if isinstance(constant, str):
        return (str,)
    return (int, float) if isinstance(constant, int | float) else ()
