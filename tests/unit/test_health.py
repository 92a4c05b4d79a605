"""Health: ready means that what people decide can be stored, and asking again and again costs nothing."""

from dataclasses import dataclass

import pytest

from bot.doors.health import TRIED_SECONDS, Health
from bot.errors import StoreUnavailableError, StoreUnusableError


@dataclass
class FakeWorker:
    alive: bool = True

    def is_alive(self) -> bool:
        return self.alive


class FakeDatabase:
    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.tries = 0

    def try_writing(self) -> None:
        self.tries += 1
        if self.fault:
            raise self.fault


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Asked:
    worker: FakeWorker
    database: FakeDatabase
    clock: Clock
    health: Health

    def codes(self) -> tuple[str, str]:
        return self.health.alive()[0][:3], self.health.ready()[0][:3]


@pytest.fixture
def asked() -> Asked:
    worker, database, clock = FakeWorker(), FakeDatabase(), Clock()
    return Asked(worker, database, clock, Health(worker.is_alive, database.try_writing, monotonic=clock))


def test_a_bot_that_works_is_alive_and_ready(asked: Asked) -> None:
    assert asked.codes() == ("200", "200")


@pytest.mark.parametrize("fault", [StoreUnavailableError("away"), StoreUnusableError("for reading only")])
def test_a_database_that_takes_no_changes_is_not_ready(asked: Asked, fault: Exception) -> None:
    """The process itself is fine: to start it again would help nobody."""
    asked.database.fault = fault

    assert asked.codes() == ("200", "503")
    assert asked.health.ready()[1] == {"status": "the database takes no changes"}


def test_it_is_ready_again_when_the_database_is(asked: Asked) -> None:
    asked.database.fault = StoreUnavailableError("away")
    asked.codes()
    asked.database.fault = None

    assert asked.codes() == ("200", "503")
    asked.clock.now += TRIED_SECONDS
    assert asked.codes() == ("200", "200")


def test_a_worker_that_does_not_run_is_neither(asked: Asked) -> None:
    asked.worker.alive = False

    assert asked.codes() == ("503", "503")


def test_a_thousand_questions_are_one_transaction(asked: Asked) -> None:
    """Anybody may ask, and each transaction keeps others waiting."""
    for _ in range(1_000):
        asked.health.ready()

    assert asked.database.tries == 1
