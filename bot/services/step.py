"""The surroundings of a worker's step: what it works with, and its patience with Braintrust."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import BraintrustUnavailableError
from bot.services.ports.braintrust import Braintrust
from bot.services.ports.work import Announcer, Clock, Work
from bot.settings import WorkSettings

EXPLAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class StepContext:
    """Peers, settings and clocks."""

    braintrust: Braintrust
    announcer: Announcer
    settings: WorkSettings
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    confirm_seconds: float = 60.0
    """How long acknowledged rows may take to be visible."""


class BoundedPatience:
    """The `Patience` port for somebody who waits for an answer, but not for ever."""

    def __init__(
        self, sleep: Callable[[float], object], *, seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._until = monotonic() + seconds
        self._monotonic = monotonic

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises `BraintrustUnavailableError` when it takes too long altogether."""
        if self._monotonic() + seconds > self._until:
            raise BraintrustUnavailableError("Braintrust takes too long just now. Try again later.")
        self._sleep(seconds)

    def proceed(self) -> None:
        """Go on; raises like `wait`."""
        self.wait(0.0, "Braintrust does not answer.")


class VisiblePatience:
    """The `Patience` port: waits by the worker's clock, and tells `explain` why (None: it goes on).

    `look_up` raises `WorkInterruptedError` when nobody wants the answer any more.
    """

    def __init__(
        self, work: Work, explain: Callable[[str | None], None], *, look_up: Callable[[], None] = lambda: None
    ) -> None:
        self._work = work
        self._explain = explain
        self._look_up = look_up

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises `WorkInterruptedError` or `LeaseLostError` when the step has to end."""
        while seconds > 0:
            self._explain(reason)  # again and again: who watches is told when it is their turn to be told
            self._work.pause(min(seconds, EXPLAIN_SECONDS))
            seconds -= EXPLAIN_SECONDS
        self._explain(None)

    def proceed(self) -> None:
        """Go on waiting for an answer; raises like `wait`."""
        self._work.proceed()
        self._look_up()
