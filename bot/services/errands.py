"""Errands: short pieces of work that nobody waits for, in a few threads of their own.  How many may wait is bounded."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from bot.services.background import carry_out

log = logging.getLogger(__name__)

Errand = Callable[[], object]


def log_fault(error: BaseException) -> None:
    """What becomes of an error that nobody wants to hear of."""
    log.error("an errand failed", exc_info=error)


class Errands:
    """Carries errands out in the order in which they are due.  Its threads begin when they are needed."""

    def __init__(self, name: str, *, threads: int, most: int) -> None:
        self._name = name
        self._most_threads = threads
        self._most = most
        self._waiting: list[tuple[float, int, Errand]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._idle = 0
        self._closed = False

    def take(
        self, errand: Errand, *, in_seconds: float = 0.0, on_fault: Callable[[BaseException], None] = log_fault
    ) -> bool:
        """Carry `errand` out, soon or later; False when too many wait, or the process is ending.

        What it raises is handed to `on_fault`.
        """
        task: Errand = partial(_carried_out, errand, on_fault)
        due_at = time.monotonic() + in_seconds
        with self._changed:
            if self._closed or len(self._waiting) >= self._most:
                return False
            heapq.heappush(self._waiting, (due_at, next(self._numbers), task))
            self._hire()
            self._changed.notify()
        return True

    def close(self, *, timeout_seconds: float) -> None:
        """Carry out what is due, as far as the time allows, and nothing else any more."""
        with self._changed:
            self._closed = True
            threads = list(self._threads)
            self._changed.notify_all()
        deadline = time.monotonic() + timeout_seconds
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _hire(self) -> None:
        is_needed = self._idle < len(self._waiting) and not self._closed
        if is_needed and len(self._threads) < self._most_threads:
            thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
            self._threads.add(thread)
            thread.start()

    def _serve(self) -> None:
        while (errand := self._next()) is not None:
            errand()

    def _next(self) -> Errand | None:
        """The next errand, once it is due; None when there will be none."""
        with self._changed:
            self._idle += 1
            try:
                while True:
                    seconds = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    if seconds is not None and seconds <= 0:
                        return heapq.heappop(self._waiting)[-1]
                    if self._closed:
                        return None
                    self._changed.wait(seconds)
            finally:
                self._idle -= 1


def _carried_out(errand: Errand, on_fault: Callable[[BaseException], None]) -> None:
    future: Future[object] = Future()
    carry_out(errand, future)
    error = future.exception()
    if error is not None:
        on_fault(error)
