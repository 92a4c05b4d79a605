"""Work in threads of its own, which the end of the process does not wait for."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")
_Item = TypeVar("_Item")


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
