"""The surroundings of a worker's step: what it works with, and its patience with Braintrust and Slack."""

import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from typing import TypeVar

from bot.domain.faults import pause_seconds
from bot.domain.plan import Progress
from bot.errors import BotError, BraintrustUnavailableError, SlackUnavailableError
from bot.services.ports.braintrust import Braintrust, Patience
from bot.services.ports.plans import PlanBooks
from bot.services.ports.work import Announcer, Clock, Work
from bot.services.threads import in_background
from bot.settings import WorkSettings

EXPLAIN_SECONDS = 2.0
GLANCE_SECONDS = 0.5
SLACK_TRIES = 4
SLACK_LIMIT = "Waiting for Slack's rate limit."
ANOTHER_FIRST = "Another plan of this project is written first."
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StepContext:
    """Peers, settings and clocks."""

    braintrust: Braintrust
    announcer: Announcer
    settings: WorkSettings
    clock: Clock
    books: PlanBooks
    monotonic: Callable[[], float] = time.monotonic

    def explain(self, work: Work, reason: str | None) -> None:
        """Tell people why a step waits; None: it goes on."""
        self.announcer.writing_progress(work, self.books.plans.record_progress(work.lease, Progress(waiting=reason)))


class BoundedPatience:
    """The `Patience` port for somebody who waits, but not for ever: then it raises `error`.

    It raises `BraintrustUnavailableError` when `sleep` returns something true, as `threading.Event.wait` does when the
    process ends.
    """

    def __init__(
        self,
        sleep: Callable[[float], object],
        *,
        seconds: float,
        error: BotError | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._until = monotonic() + seconds
        self._error = error or BraintrustUnavailableError("Braintrust takes too long just now. Try again later.")
        self._monotonic = monotonic

    def wait(self, seconds: float, reason: str) -> None:
        if self._monotonic() + seconds > self._until:
            raise self._error
        if self._sleep(seconds):
            raise BraintrustUnavailableError("The bot is just being stopped. Try again later.")

    def proceed(self) -> None:
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
        self.proceed()
        while seconds > 0:
            self._explain(reason)  # again and again: who watches is told when it is their turn to be told
            self._work.pause(min(seconds, EXPLAIN_SECONDS))
            seconds -= EXPLAIN_SECONDS
            if seconds <= 0:
                self._explain(None)

    def proceed(self) -> None:
        self._work.proceed()
        self._look_up()


def ask_slack(call: Callable[[], _T], patience: Patience) -> _T:
    """What `call` returns, asked again where Slack wants to be asked later; raises `SlackError`, or as `patience` does.

    `patience` is asked every half second whether the answer is still wanted; where it is not, the call is left alone:
    it only reads, and has a timeout of its own.
    """
    tries = 1
    while True:
        under_way = in_background(call, name="slack")
        while not wait([under_way], timeout=GLANCE_SECONDS).done:
            patience.proceed()
        try:
            return under_way.result()
        except SlackUnavailableError as error:
            if error.retry_after_seconds is None or tries == SLACK_TRIES:
                raise
            patience.wait(pause_seconds(tries, asked=error.retry_after_seconds), SLACK_LIMIT)
            tries += 1
