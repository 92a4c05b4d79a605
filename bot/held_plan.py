"""One plan in the hands of a worker: its lease, its waiting, and its progress shown aside."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from bot.errors import BotError, LeaseLostError, WorkInterruptedError
from bot.services.ports import LEASE_SECONDS, Lease

log = logging.getLogger(__name__)

SHOW_SECONDS = 3.0  # Slack's advice: no more than one edit of a message in 3 s


class HeldPlan:
    """The `Work` port.  The worker renews or ends it from another thread."""

    def __init__(self, lease: Lease, *, claimed_at: float, aside: ThreadPoolExecutor) -> None:
        self._lease = lease
        self._until = claimed_at + LEASE_SECONDS
        self._aside = aside
        self._began = claimed_at
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._shown: Future[None] | None = None
        self._shown_at = float("-inf")
        self._shows = 0
        self._told: str | None = None

    @property
    def lease(self) -> Lease:
        """The lease under which the step runs."""
        return self._lease

    def renewed(self, at: float) -> None:
        """The lease was renewed by a request that began at `at` (monotonic)."""
        self._until = at + LEASE_SECONDS

    def end(self, error: LeaseLostError | WorkInterruptedError) -> None:
        """Make the step end with `error` as soon as it asks."""
        self._error = error
        self._ended.set()

    def proceed(self) -> None:
        """Go on; raises `WorkInterruptedError` when the process shuts down, `LeaseLostError` when the lease is gone."""
        if self._error is not None:
            raise self._error
        if self.seconds_left() <= 0:
            raise LeaseLostError("The lease ran out before it could be renewed.")

    def pause(self, seconds: float) -> None:
        """Wait without holding anything up; raises like `proceed`."""
        self._ended.wait(seconds)
        self.proceed()

    def seconds_left(self) -> float:
        """How long the lease certainly lasts."""
        return self._until - time.monotonic()

    def show(
        self, draw: Callable[[], None], *, at_seconds: Sequence[float] | None = None, at_once: str | None = None
    ) -> None:
        """Run `draw` aside, unless one is running or ran in the last 3 s; with `at_seconds`, only that often."""
        now = time.monotonic()
        due = now - self._shown_at >= SHOW_SECONDS
        if at_seconds is not None:
            news = at_once is not None and at_once != self._told
            due = self._shows < len(at_seconds) and (news or now - self._began >= at_seconds[self._shows])
        if due and (self._shown is None or self._shown.done()):
            self._shows += 1
            self._told = at_once
            self._shown_at = now
            self._shown = self._aside.submit(draw)
            self._shown.add_done_callback(_noted)

    def show_first(self, draw: Callable[[], None]) -> None:
        """Run `draw` aside, before anything else is shown."""
        self._shown = self._aside.submit(draw)
        self._shown.add_done_callback(_noted)

    def quiet(self) -> None:
        """Wait until nothing is shown aside any more, so that no late edit follows the last one.

        What was not begun yet is left to whoever shows the plan next.
        """
        if self._shown is not None and not self._shown.cancel():
            wait([self._shown])


def _noted(shown: Future[None]) -> None:
    """Log what went wrong: it changes nothing for the work itself."""
    error = None if shown.cancelled() else shown.exception()
    if isinstance(error, WorkInterruptedError):
        return
    if isinstance(error, BotError):
        log.info("progress could not be shown", extra={"cause": type(error).__name__})
    elif error is not None:
        log.error("progress could not be shown", exc_info=error)
