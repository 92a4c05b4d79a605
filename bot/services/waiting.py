"""How a step waits for Braintrust: interruptibly, and so that people see why nothing moves."""

from collections.abc import Callable

from bot.services.ports import Work


class VisiblePatience:
    """The `Patience` port: waits by the worker's clock, and tells `explain` why (None: it goes on)."""

    def __init__(self, work: Work, explain: Callable[[str | None], None]) -> None:
        self._work = work
        self._explain = explain
        self.waited = False

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises `WorkInterruptedError` or `LeaseLostError` when the step has to end."""
        self.waited = True
        self._explain(reason)
        self._work.pause(seconds)
        self._explain(None)
