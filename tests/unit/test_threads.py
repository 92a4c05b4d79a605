"""Errands are carried out aside, in bounded numbers, soon or later, whatever one of them raises."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from bot.services.threads import Errands

SECONDS = 5.0


@pytest.fixture
def errands() -> Iterator[Errands]:
    made = Errands("test", threads=2, most=3)
    yield made
    made.close(timeout_seconds=SECONDS)


def test_more_wait_than_there_are_threads_for_and_no_more_than_may(errands: Errands) -> None:
    go, begun = threading.Event(), threading.Barrier(3)

    def hold() -> None:
        begun.wait(SECONDS)
        go.wait(SECONDS)

    busy = [errands.take(hold) for _ in range(2)]
    begun.wait(SECONDS)
    taken = [errands.take(lambda: None) for _ in range(4)]
    go.set()

    assert (busy, taken) == ([True] * 2, [True] * 3 + [False])


def test_what_is_due_comes_before_what_is_later() -> None:
    errands, order, begun, go = Errands("test", threads=1, most=9), list[str](), threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go.wait(SECONDS)

    errands.take(hold)
    begun.wait(SECONDS)
    for name, in_seconds in (("late", 0.2), ("first", 0.0), ("second", 0.0)):
        errands.take(partial(order.append, name), in_seconds=in_seconds)
    ended = threading.Event()
    errands.take(ended.set, in_seconds=0.3)
    go.set()

    assert ended.wait(SECONDS)
    assert order == ["first", "second", "late"]
    errands.close(timeout_seconds=SECONDS)


def test_an_error_is_handed_over_and_stops_nothing(errands: Errands) -> None:
    faults, ended = list[BaseException](), threading.Event()

    for _ in range(3):
        errands.take(partial(int, "x"), on_fault=faults.append)
    while not errands.take(ended.set):
        ended.wait(0.01)

    assert ended.wait(SECONDS)
    errands.close(timeout_seconds=SECONDS)
    assert [type(error) for error in faults] == [ValueError] * 3


def test_the_end_carries_out_what_is_due_and_nothing_else(errands: Errands) -> None:
    done: list[str] = []
    errands.take(partial(done.append, "later"), in_seconds=60)
    errands.take(partial(done.append, "due"))

    errands.close(timeout_seconds=SECONDS)

    assert done == ["due"]
    assert not errands.take(partial(done.append, "too late"))
