"""Work in a thread of its own, which the end of the process does not wait for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_T = TypeVar("_T")


def in_background(task: Callable[[], _T], *, name: str) -> "Future[_T]":
    """Begin `task` at once; what it returns or raises is the future's.

    A reading may hang for two minutes.  The threads of `ThreadPoolExecutor` would keep the process alive for as long.
    """
    future: Future[_T] = Future()
    threading.Thread(target=_carry_out, args=(task, future), name=name, daemon=True).start()
    return future


def _carry_out(task: Callable[[], _T], future: "Future[_T]") -> None:
    try:
        future.set_result(task())
    except BaseException as error:  # noqa: BLE001 - not handled here, only handed to whoever asks for the result
        future.set_exception(error)
