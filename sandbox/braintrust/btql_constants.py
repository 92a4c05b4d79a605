"""Bring a constant of a query into the form in which its column is stored, so that rows need no conversion."""

from sandbox.braintrust.btql_syntax import Expression, Path
from sandbox.braintrust.btql_tokens import BtqlError
from sandbox.braintrust.instants import instant_of, instant_text

Constant = str | int | float | bool

_XACT_DIGITS = 19
_ABOVE_ALL_DIGITS = "~"


def constant_for(left: Expression, value: Constant | None, sign: str) -> Constant:
    """`value` as it has to be for `left sign value`; BtqlError where that can have no meaning."""
    if value is None:
        raise BtqlError(f"`{sign} null` is never true; write `is null` or `is not null`")
    names = left.names if isinstance(left, Path) else ()
    if names == ("created",):
        return _instant(value)
    if names == ("_xact_id",):
        return _xact(value)
    if names == ("_pagination_key",) and not isinstance(value, str):
        raise BtqlError("`_pagination_key` is compared with a text")
    return value


def _instant(value: Constant) -> str:
    if not isinstance(value, str):
        raise BtqlError("`created` is compared with a timestamp")
    try:
        return instant_text(instant_of(value))
    except (ValueError, OverflowError) as error:
        raise BtqlError(f"`{value}` is not a timestamp") from error


def _xact(value: Constant) -> str:
    digits = str(value)
    if not (digits.isascii() and digits.isdigit()):
        raise BtqlError("`_xact_id` is compared with digits")
    return digits.zfill(_XACT_DIGITS) if len(digits) <= _XACT_DIGITS else _ABOVE_ALL_DIGITS
