"""Number transactions as Braintrust does: `_xact_id` and `_pagination_key` hold seconds and a counter."""

_XACT_PREFIX = 0x0DE1 << 48
_PER_SECOND = 1 << 16


class Transactions:
    """A counter that only grows, and follows the clock where it can."""

    def __init__(self) -> None:
        self.last = 0

    def begin(self, seconds: float) -> int:
        """The next transaction, not before `seconds` since the epoch."""
        self.last = max(self.last + 1, int(seconds) * _PER_SECOND)
        return self.last


def xact_id(transaction: int) -> str:
    """The `_xact_id` of a transaction: 19 digits."""
    return str(_XACT_PREFIX | transaction)


def pagination_number(transaction: int, row_number: int = 0) -> int:
    """The number in the `_pagination_key` of a row first written by a transaction: seconds, counter, row."""
    return (transaction << 16) | row_number


def pagination_key(number: int) -> str:
    """A `_pagination_key`: `p` and 20 digits."""
    return f"p{number:020d}"
