"""What a filter says about ids and time without looking at a row: only its top-level `and` counts."""

from collections.abc import Iterator

from sandbox.braintrust.btql_syntax import And, Comparison, Expression, Literal, Membership, Path

_SEGMENT_COLUMNS = frozenset({"created", "_xact_id", "_pagination_key"})
_PIN_COLUMNS = frozenset({"id", "root_span_id"})


def pinned_ids(condition: Expression | None) -> tuple[str, ...] | None:
    """The only ids that can match; None when any can."""
    for part in _conjuncts(condition):
        match part:
            case Membership(Path(("id",)), values):
                return tuple(str(value) for value in values)
            case Comparison("=", Path(("id",)), Literal(str(value))):
                return (value,)
    return None


def eliminates_segments(condition: Expression | None) -> bool:
    """Whether the filter has a range on a time-like column, or is scoped to ids; if not, Braintrust warns."""
    return any(_eliminates(part) for part in _conjuncts(condition))


def _conjuncts(condition: Expression | None) -> Iterator[Expression]:
    if isinstance(condition, And):
        for part in condition.parts:
            yield from _conjuncts(part)
    elif condition is not None:
        yield condition


def _eliminates(part: Expression) -> bool:
    match part:
        case Comparison(sign, Path((name,)), _) | Comparison(sign, _, Path((name,))):
            return name in (_PIN_COLUMNS if sign == "=" else _SEGMENT_COLUMNS) or (
                sign == "=" and name in _SEGMENT_COLUMNS
            )
        case Membership(Path((name,)), _):
            return name in _PIN_COLUMNS
        case _:
            return False
