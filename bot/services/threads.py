"""Threads for work that nobody waits for: the end of the process does not wait for them either."""

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_Item = TypeVar("_Item")
Errand = Callable[[], object]


def in_background(task: Callable[[], _T], *, name: str) -> "Future[_T]":
    """Begin `task` at once; what it returns or raises is the future's.

    A reading may hang for two minutes.  The threads of `ThreadPoolExecutor` would keep the process alive for as long.
    """
    future: Future[_T] = Future()
    threading.Thread(target=carry_out, args=(task, future), name=name, daemon=True).start()
    return future


def for_each(items: Sequence[_Item], task: Callable[[_Item], _T], *, at_once: int, name: str) -> list[_T]:
    """What `task` returns for each item, in any order, with up to `at_once` of them under way.

    Raises what the first failing one raises; then no further one is begun.
    """
    if len(items) == 1:
        return [task(items[0])]
    left = iter(items)  # shared by the threads: taking the next item of a sequence is one step of the interpreter

    def take_turns() -> list[_T]:
        try:
            return [task(item) for item in left]
        except BaseException:
            deque(left, maxlen=0)
            raise

    threads = [in_background(take_turns, name=name) for _ in range(min(at_once, len(items)))]
    return [result for thread in threads for result in thread.result()]


def carry_out(task: Callable[[], _T], future: "Future[_T]") -> None:
    """Do `task` now; what it returns or raises is the future's."""
    try:
        future.set_result(task())
    except BaseException as error:  # noqa: BLE001 - not handled here, only handed to whoever asks for the result
        future.set_exception(error)


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

        def task() -> None:
            future: Future[object] = Future()
            carry_out(errand, future)
            if (error := future.exception()) is not None:
                on_fault(error)

        due_at = time.monotonic() + in_seconds
        with self._changed:
            if self._closed or len(self._waiting) >= self._most:
                return False
            heapq.heappush(self._waiting, (due_at, next(self._numbers), task))
            if self._idle < len(self._waiting) and len(self._threads) < self._most_threads:
                thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._threads.add(thread)
                thread.start()
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
