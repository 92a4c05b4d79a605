"""Parse BTQL expressions by recursive descent: filters, and the arguments of measures."""

from datetime import timedelta

from sandbox.braintrust.btql_stream import TokenStream
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
)
from sandbox.braintrust.btql_tokens import TokenKind, texts_in

MAX_LIST = 4096  # exact-match values in one IN list
MAX_DEPTH = 50


def expression(stream: TokenStream, depth: int = 0) -> Expression:
    """A whole expression, `condition ? then : otherwise` included."""
    if depth > MAX_DEPTH:
        stream.fail("nested too deeply")
    condition = _disjunction(stream, depth)
    if not stream.accept_mark("?"):
        return condition
    then = expression(stream, depth + 1)
    stream.expect_mark(":")
    return Choice(condition, then, expression(stream, depth + 1))


_COMPARISONS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_WORD_LITERALS = {"true": True, "false": False, "null": None}


def _disjunction(stream: TokenStream, depth: int) -> Expression:
    parts = [_conjunction(stream, depth)]
    while stream.accept_word("or"):
        parts.append(_conjunction(stream, depth))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _conjunction(stream: TokenStream, depth: int) -> Expression:
    parts = [_negation(stream, depth)]
    while stream.accept_word("and"):
        parts.append(_negation(stream, depth))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _negation(stream: TokenStream, depth: int) -> Expression:
    negations = 0
    while stream.accept_word("not"):
        negations += 1
    inner = _predicate(stream, depth)
    return Not(inner) if negations % 2 else inner


def _predicate(stream: TokenStream, depth: int) -> Expression:
    left = _operand(stream, depth)
    if stream.next.kind is TokenKind.MARK and stream.next.value in _COMPARISONS:
        operator = _COMPARISONS[stream.take().value]
        return Comparison(operator, left, _operand(stream, depth))
    if stream.accept_word("is"):
        negated = stream.accept_word("not")
        stream.expect_word("null")
        return Not(IsNull(left)) if negated else IsNull(left)
    negated = stream.sees_word("not") and (stream.sees_word("in", ahead=1) or stream.sees_word("includes", ahead=1))
    if negated:
        stream.take()
    found = _membership(stream, left)
    return Not(found) if negated else found


def _membership(stream: TokenStream, left: Expression) -> Expression:
    if stream.accept_word("in"):
        return Membership(left, _list(stream))
    if stream.accept_word("includes"):
        return Includes(left, Literal(_list_value(stream)))
    return left


def _list(stream: TokenStream) -> tuple[str | int | float | bool, ...]:
    values = texts_in(stream.take().value) if stream.next.kind is TokenKind.TEXTS else _mixed_list(stream)
    if len(values) > MAX_LIST:
        stream.fail(f"a list of {len(values)} values, the maximum is {MAX_LIST}")
    return values


def _mixed_list(stream: TokenStream) -> tuple[str | int | float | bool, ...]:
    stream.expect_mark("[")
    values = [_list_value(stream)]
    while stream.accept_mark(","):
        values.append(_list_value(stream))
    stream.expect_mark("]")
    return tuple(values)


def _list_value(stream: TokenStream) -> str | int | float | bool:
    if stream.next.kind is TokenKind.TEXT:
        return stream.take().value
    literal = _literal(stream)
    if literal is None or literal.value is None:
        stream.fail("expected a text in single quotes or a number")
    return literal.value


def _operand(stream: TokenStream, depth: int) -> Expression:
    if stream.accept_mark("("):
        inner = expression(stream, depth + 1)
        stream.expect_mark(")")
        return inner
    if stream.sees_call("now") or stream.sees_call("current_timestamp"):
        return _moment(stream)
    if stream.sees_call("len"):
        return _length(stream)
    return _literal(stream) or stream.expect_path()


def _literal(stream: TokenStream) -> Literal | None:
    token = stream.next
    if token.kind is TokenKind.TEXT:
        return Literal(stream.take().value)
    if token.kind is TokenKind.NUMBER:
        return Literal(_number(stream))
    if stream.accept_mark("-"):
        return Literal(-_number(stream))
    if token.kind is TokenKind.WORD and token.value.lower() in _WORD_LITERALS:
        return Literal(_WORD_LITERALS[stream.take().value.lower()])
    return None


def _number(stream: TokenStream) -> int | float:
    digits = stream.expect(TokenKind.NUMBER)
    return float(digits) if "." in digits else int(digits)


def _moment(stream: TokenStream) -> Moment:
    stream.take()
    stream.expect_mark("(")
    stream.expect_mark(")")
    sign = -1 if stream.accept_mark("-") else 1 if stream.accept_mark("+") else 0
    return Moment(sign * _interval(stream)) if sign else Moment()


def _interval(stream: TokenStream) -> timedelta:
    stream.expect_word("interval")
    amount = _number(stream)
    if stream.next.value.lower() not in _UNITS:
        stream.fail("expected a unit: day, hour, minute or second")
    try:
        return amount * _UNITS[stream.take().value.lower()]
    except OverflowError:
        stream.fail("the interval is too long")


def _length(stream: TokenStream) -> Length:
    stream.take()
    stream.expect_mark("(")
    path = stream.expect_path()
    stream.expect_mark(")")
    return Length(path)
