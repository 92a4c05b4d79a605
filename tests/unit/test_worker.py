"""The threads of the worker: each lane looks for work once at a time, and works on as many plans as it has threads."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from threading import Condition, Event
from typing import Any, cast

import pytest

from bot.domain.plan import PlanState
from bot.services.ports.store import Claim
from bot.services.ports.work import Lease
from bot.work.turn import HeldPlan, Turn
from bot.work.worker import LANES, Worker

READING, WRITING, SHOWING = LANES
PATIENCE_SECONDS = 20


@dataclass
class FakeLeases:
    """The `LeaseBook` port: counts who looks, and lets them wait; hands out `waiting` readings."""

    waiting: int = 0
    may_look: Event = field(default_factory=Event)
    looks: Counter[frozenset[PlanState]] = field(default_factory=Counter)
    changed: Condition = field(default_factory=Condition)

    def claim(self, states: Collection[PlanState], *, only: str | None = None) -> Claim | None:
        with self.changed:
            self.looks[frozenset(states)] += 1
            self.changed.notify_all()
        if states != READING.states:
            return None
        assert self.may_look.wait(PATIENCE_SECONDS)
        with self.changed:
            if not self.waiting:
                return None
            self.waiting -= 1
            return Claim(Lease(f"plan-{self.waiting}", 1))

    def renew(self, lease: Lease) -> bool:
        return True

    def release(self, lease: Lease, *, wake_in_seconds: float | None) -> None: ...

    def wait_for_looks(self, lane: frozenset[PlanState], number: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.looks[lane] >= number, PATIENCE_SECONDS)


@dataclass
class FakeTurn:
    """A turn that lasts until the test ends it."""

    begun: set[str] = field(default_factory=set)
    changed: Condition = field(default_factory=Condition)
    may_end: Event = field(default_factory=Event)

    def take(self, held: HeldPlan, claim: Claim, states: frozenset[PlanState]) -> float | None:
        with self.changed:
            self.begun.add(claim.lease.plan_id)
            self.changed.notify_all()
        assert self.may_end.wait(PATIENCE_SECONDS)
        return None


@pytest.fixture
def leases() -> FakeLeases:
    return FakeLeases()


@pytest.fixture
def turn() -> FakeTurn:
    return FakeTurn()


@pytest.fixture
def worker(leases: FakeLeases, turn: FakeTurn) -> Iterator[Worker]:
    worker = Worker(leases=leases, plans=cast("Any", None), turn=cast("Turn", turn))
    yield worker
    leases.may_look.set()
    turn.may_end.set()
    worker.stop(timeout_seconds=PATIENCE_SECONDS)


def test_one_thread_of_a_lane_looks_for_work_at_a_time(worker: Worker, leases: FakeLeases) -> None:
    worker.start()

    leases.wait_for_looks(WRITING.states, 3)

    assert leases.looks[READING.states] == 1


def test_a_lane_works_on_as_many_plans_as_it_has_threads(worker: Worker, leases: FakeLeases, turn: FakeTurn) -> None:
    leases.waiting = READING.threads + 1
    leases.may_look.set()
    worker.start()

    with turn.changed:
        assert turn.changed.wait_for(lambda: len(turn.begun) == READING.threads, PATIENCE_SECONDS)
    leases.wait_for_looks(SHOWING.states, 2)
    assert len(turn.begun) == READING.threads

    turn.may_end.set()
    with turn.changed:
        assert turn.changed.wait_for(lambda: len(turn.begun) == READING.threads + 1, PATIENCE_SECONDS)
