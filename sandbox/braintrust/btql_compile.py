"""Turn BTQL expressions into closures over a row's columns, prepared once and called for each row.

A filter is three-valued in SQL (a comparison with null is neither true nor false).  Here `truth` is compiled to "it is
certainly true" and `falsehood` to "it is certainly false", and `not` swaps the two, so that two values are enough.
"""

import operator
from dataclasses import dataclass
from datetime import datetime

from sandbox.braintrust.btql_closures import (
    Test,
    Value,
    all_of,
    any_of,
    choice,
    compare_constant,
    compare_values,
    includes,
    length,
    member,
    nested,
    not_member,
    three_valued,
)
from sandbox.braintrust.btql_constants import constant_for
from sandbox.braintrust.btql_syntax import (
    And,
    Choice,
    Comparison,
    Expression,
    Includes,
    IsNull,
    Length,
    Literal,
    Membership,
    Moment,
    Not,
    Or,
    Path,
)
from sandbox.braintrust.btql_tokens import BtqlError
from sandbox.braintrust.instants import instant_text
from sandbox.braintrust.row import COLUMN_NAMES


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the expressions of one query: `now` is its time, `extra_names` are columns that it makes itself."""

    now: datetime
    extra_names: frozenset[str] = frozenset()

    def truth(self, expression: Expression) -> Test:
        """Whether the expression is certainly true for a row."""
        match expression:
            case And(parts):
                return all_of(tuple(self.truth(part) for part in parts))
            case Or(parts):
                return any_of(tuple(self.truth(part) for part in parts))
            case Not(operand):
                return self.falsehood(operand)
            case _:
                return self._leaf(expression)

    def falsehood(self, expression: Expression) -> Test:
        """Whether the expression is certainly false for a row."""
        match expression:
            case And(parts):
                return any_of(tuple(self.falsehood(part) for part in parts))
            case Or(parts):
                return all_of(tuple(self.falsehood(part) for part in parts))
            case Not(operand):
                return self.truth(operand)
            case _:
                return self._false_leaf(expression)

    def value(self, expression: Expression) -> Value:
        """The expression's value for a row; null is None."""
        match expression:
            case Literal(constant):
                return lambda _columns: constant
            case Moment():
                text = self._moment(expression)
                return lambda _columns: text
            case Path():
                return self.path(expression)
            case Length(path):
                return length(self.path(path))
            case Choice(condition, then, otherwise):
                return choice(self.truth(condition), self.value(then), self.value(otherwise))
            case _:
                return three_valued(self.truth(expression), self.falsehood(expression))

    def path(self, path: Path) -> Value:
        """The value at a path; BtqlError when its first name is no column."""
        name, *deeper = path.names
        if name not in _COLUMNS and name not in self.extra_names:
            raise BtqlError(f"Unknown column `{name}` in `{path.text}`")
        if not deeper:
            return operator.itemgetter(name) if name in _ALWAYS_THERE else lambda columns: columns.get(name)
        return nested(name, tuple(deeper))

    def root_and(self, test: Test) -> Test:
        """`test`, for root spans only."""
        return all_of((lambda columns: columns["is_root"] is True, test))

    def _leaf(self, expression: Expression) -> Test:
        match expression:
            case Comparison(sign, left, right):
                return self._comparison(sign, left, right)
            case Membership(left, values):
                return member(self.value(left), frozenset(constant_for(left, value, "=") for value in values))
            case Includes(array, item):
                return includes(self.value(array), item.value)
            case IsNull(operand):
                value = self.value(operand)
                return lambda columns: value(columns) is None
            case _:
                boolean = self.value(expression)
                return lambda columns: boolean(columns) is True

    def _false_leaf(self, expression: Expression) -> Test:
        match expression:
            case Comparison(sign, left, right):
                return self._comparison(_OPPOSITE[sign], left, right)
            case Membership(left, values):
                return not_member(self.value(left), frozenset(constant_for(left, value, "=") for value in values))
            case Includes() | IsNull():
                holds = self._leaf(expression)
                return lambda columns: not holds(columns)
            case _:
                boolean = self.value(expression)
                return lambda columns: boolean(columns) is False

    def _moment(self, moment: Moment) -> str:
        try:
            return instant_text(self.now + moment.offset)
        except OverflowError as error:
            raise BtqlError("the interval leads out of the calendar") from error

    def _comparison(self, sign: str, left: Expression, right: Expression) -> Test:
        if isinstance(left, Literal | Moment) and not isinstance(right, Literal | Moment):
            return self._comparison(_MIRRORED[sign], right, left)
        if isinstance(right, Moment):
            right = Literal(self._moment(right))
        if isinstance(right, Literal):
            return compare_constant(sign, self.value(left), constant_for(left, right.value, sign))
        return compare_values(sign, self.value(left), self.value(right))


_COLUMNS = frozenset(COLUMN_NAMES)
_ALWAYS_THERE = frozenset(
    {"id", "created", "tags", "metadata", "is_root", "_xact_id", "_pagination_key", "span_id", "root_span_id"}
)
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
