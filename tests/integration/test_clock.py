"""The database's clock: whatever the clocks of the processes show, they agree on the time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.adapters.store.database import LOOK_SECONDS, Database, DatabaseClock
from bot.domain.plan import BatchState, PlanState
from bot.errors import StoreUnavailableError
from bot.services.ports.work import Lease
from bot.services.step import StepContext
from bot.services.writing.ledger import Ledger
from bot.settings import WorkSettings
from tests.integration.stored import BATCHES, Store


class Leaving(Database):
    """A database that can go away."""

    is_away = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self.is_away:
            raise StoreUnavailableError("away")
        with super().read() as connection:
            yield connection


AHEAD = [0.0, 90.0, 86_400.0, -86_400.0]


class Process:
    """A process whose time of day is wrong, and whose uptime is its own."""

    def __init__(self, *, ahead_seconds: float = 0.0) -> None:
        self.ahead_seconds = ahead_seconds
        self.moved_seconds = 0.0

    def passed(self) -> float:
        return 12_345.0 + time.monotonic() + self.moved_seconds

    def time_of_day(self) -> float:
        return time.time() + self.ahead_seconds

    def clock(self, store: Store) -> DatabaseClock:
        return DatabaseClock(store.database, passed=self.passed, time_of_day=self.time_of_day)


@pytest.mark.parametrize("ahead_seconds", AHEAD)
def test_processes_agree_on_the_time_whatever_their_own_clocks_show(
    store: Store, rival: Store, ahead_seconds: float
) -> None:
    right, wrong = Process().clock(store), Process(ahead_seconds=ahead_seconds).clock(rival)

    assert abs(right() - wrong()) < timedelta(seconds=1)
    assert abs(wrong() - datetime.now(UTC)) < timedelta(seconds=2)  # the database is on this machine


@pytest.mark.parametrize("ahead_seconds", AHEAD)
def test_a_process_whose_clock_is_wrong_expires_no_fresh_plan(store: Store, rival: Store, ahead_seconds: float) -> None:
    expires_at = Process().clock(store)() + timedelta(hours=1)
    plan = store.add(state=PlanState.PROPOSED, expires_at=expires_at)
    clock = Process(ahead_seconds=ahead_seconds).clock(rival)

    assert rival.plans.expire(now=clock()) == 0
    assert rival.plans.approve(plan.id, edition=plan.edition, who="U0ADA", now=clock())


@pytest.mark.parametrize("ahead_seconds", AHEAD)
def test_time_goes_on_between_two_looks_and_a_look_puts_it_right(store: Store, ahead_seconds: float) -> None:
    process = Process(ahead_seconds=ahead_seconds)
    clock = process.clock(store)
    before = clock()

    process.moved_seconds = LOOK_SECONDS - 1
    between = clock()
    process.moved_seconds = LOOK_SECONDS + 60
    after = clock()

    assert timedelta(seconds=LOOK_SECONDS - 1) <= between - before < timedelta(seconds=LOOK_SECONDS)
    assert abs(after - before) < timedelta(seconds=2)


def test_while_the_database_is_away_its_last_answer_goes_on(store: Store) -> None:
    process, database = Process(ahead_seconds=90), Leaving(store.url)
    clock = DatabaseClock(database, passed=process.passed, time_of_day=process.time_of_day)
    before = clock()

    database.is_away = True
    process.moved_seconds = LOOK_SECONDS + 60
    after = clock()
    database.close()

    assert timedelta(0) <= after - before - timedelta(seconds=LOOK_SECONDS + 60) < timedelta(seconds=1)


@pytest.mark.parametrize("ahead_seconds", AHEAD)
def test_an_unknown_batch_settles_for_everybody_at_the_same_time(
    store: Store, rival: Store, ahead_seconds: float
) -> None:
    ended_at = Process().clock(store)()
    batch = replace(BATCHES[0], state=BatchState.UNKNOWN, attempts=1, attempt_ended_at=ended_at)
    nothing: Any = None
    clock = Process(ahead_seconds=ahead_seconds).clock(rival)
    context = StepContext(nothing, nothing, WorkSettings(), clock, rival.books)
    ledger = Ledger(context, [batch], store=rival.batches, lease=Lease("plan", 1))

    assert -0.5 <= ledger.age(batch) < 2


@pytest.mark.parametrize(
    ("ahead_seconds", "words"),
    [(0.0, None), (4.0, None), (-4.0, None), (90.0, "90 s ahead of"), (-86_400.0, "86,400 s behind")],
)
def test_a_clock_that_is_wrong_is_told(store: Store, ahead_seconds: float, words: str | None) -> None:
    told = Process(ahead_seconds=ahead_seconds).clock(store).skew()

    assert (told is None) if words is None else (told is not None and words in told)
