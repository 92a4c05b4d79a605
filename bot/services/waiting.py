"""How a step waits for Braintrust: interruptibly, and so that people see why nothing moves."""

from collections.abc import Callable

from bot.errors import BraintrustUnavailableError
from bot.services.ports import Work

EXPLAIN_SECONDS = 2.0


class BoundedPatience:
    """The `Patience` port for somebody who waits for an answer, but not for ever."""

    def __init__(self, sleep: Callable[[float], object], *, seconds: float) -> None:
        self._sleep = sleep
        self._left = seconds

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises `BraintrustUnavailableError` when it takes too long altogether."""
        self._left -= seconds
        if self._left < 0:
            raise BraintrustUnavailableError(f"This takes too long just now. {reason} Try again later.")
        self._sleep(seconds)


class VisiblePatience:
    """The `Patience` port: waits by the worker's clock, and tells `explain` why (None: it goes on)."""

    def __init__(self, work: Work, explain: Callable[[str | None], None]) -> None:
        self._work = work
        self._explain = explain

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises `WorkInterruptedError` or `LeaseLostError` when the step has to end."""
        while seconds > 0:
            self._explain(reason)  # again and again: who watches is told when it is their turn to be told
            self._work.pause(min(seconds, EXPLAIN_SECONDS))
            seconds -= EXPLAIN_SECONDS
        self._explain(None)
