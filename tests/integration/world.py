"""An approved plan on a real store, a real client and a Braintrust that misbehaves.  The clock jumps, nobody waits."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.plan import Batch, BatchState, DropReason, Plan, PlanState, Share
from bot.domain.rhythm import USUAL
from bot.domain.undo import UndoCounts
from bot.domain.writing import batches
from bot.services.ports.work import Lease, Work
from bot.services.step import StepContext
from bot.services.writing.assignment import AssignmentSteps
from bot.services.writing.undo import UndoSteps
from bot.settings import BraintrustSettings, WorkSettings
from sandbox.braintrust.row import Row
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.http.request import Asked
from tests.integration.stored import ANA, BO, NOW, PROPOSAL, Store, new_plan

PROJECT = DEFAULT_PROJECT_ID
TAG = "needs-review"
CREATED = datetime(2026, 5, 18, 8, tzinfo=UTC)
SETTLE_SECONDS = 60
DONE = frozenset({BatchState.WRITTEN, BatchState.CONFIRMED})
ENDLESS = 10_000  # rounds after which a run that waits for nothing real will never end: an hour of waiting is fewer


class Time:
    """Two clocks that run as they should, and jump whenever somebody waits."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._jumped = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return time.monotonic() + self._jumped

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.monotonic() - self._began)

    def jump(self, seconds: float) -> None:
        with self._lock:
            self._jumped += seconds


@dataclass
class FakeWork:
    """The `Work` port without a worker; `before_round` may interfere, or end the step by raising."""

    lease: Lease
    time: Time
    left: float = 30.0
    rounds: int = 0
    pauses: list[float] = field(default_factory=list)
    before_round: Callable[[int], None] = lambda _: None

    def proceed(self) -> None:
        self.rounds += 1
        if self.rounds > ENDLESS:
            raise AssertionError("the run does not end")
        self.before_round(self.rounds)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time.jump(seconds)
        self.proceed()

    def has_time_to_write(self) -> bool:
        return self.left >= USUAL.write_seconds

    def show(
        self, draw: Callable[[], None], *, at_seconds: Sequence[float] | None = None, at_once: str | None = None
    ) -> None:
        draw()


@dataclass
class Progressing:
    """The `Announcer` port that remembers what people would have seen."""

    shown: list[Plan] = field(default_factory=list)

    def reading_progress(self, work: Work, plan: Plan) -> None:
        self.shown.append(plan)

    def writing_progress(self, work: Work, plan: Plan) -> None:
        self.shown.append(plan)

    def proposed_again(self, plan: Plan, approver: str) -> None:
        raise AssertionError("nothing drifted")

    def draw(self, work: Work) -> None:
        raise AssertionError("the worker draws, not a step")


class UncheckedSteps(AssignmentSteps):
    """The steps without the second look at a plan after its approval; that has tests of its own."""

    def still_approved(self, work: Work, plan: Plan) -> dict[int, float]:
        return {}


@dataclass(frozen=True)
class Insert:
    """One request to write: when it came, by the jumping clock, and for which rows."""

    at: float
    body: str
    row_ids: tuple[str, ...]


class World:
    """One plan of some rows in small batches, approved, and everything that is needed to carry it out."""

    def __init__(
        self, store: Store, braintrust: BraintrustStandIn, *, rows: int = 6, size: int = 2, plan_id: str = "plan"
    ) -> None:
        self.store = store
        self.braintrust = braintrust
        self.plan_id = plan_id
        self.time = Time()
        self.announcer = Progressing()
        self.settings = WorkSettings(parallel_requests=1, settle_seconds=SETTLE_SECONDS)
        self.inserts: list[Insert] = []
        self.ids = [f"row-{number:02}" for number in range(rows)]
        self.pairs = tuple((row, (ANA if number % 2 else BO).id) for number, row in enumerate(self.ids))
        self._store_plan(size)
        self.lease = store.claim(plan_id)
        self.work = FakeWork(self.lease, self.time)
        settings = BraintrustSettings(api_key=braintrust.api_key, api_url=braintrust.url)
        self.client = BraintrustClient(settings, monotonic=self.time.monotonic)
        braintrust.rows.clock = self.time.monotonic
        braintrust.faults.on_request("insert", self._note)

    def add_rows(self) -> None:
        self.braintrust.rows.add_many(PROJECT, [{"id": row, "created": CREATED, "tags": [TAG]} for row in self.ids])

    def carry_out(self) -> PlanState:
        """Check, write and report; the state in which the plan rests."""
        assigning = self.assigning()
        if self.plan.state is PlanState.CHECKING:
            assigning.check(self.work, self.plan)
        if self.plan.state is PlanState.RUNNING:
            assigning.run(self.work, self.plan)
        assigning.report(self.work, self.plan)
        return self.plan.state

    def begin(self) -> None:
        """Come as far as a process that was killed before its first batch."""
        assert self.store.plans.begin_running(self.lease, now=self.time.now())

    def assigning(self) -> AssignmentSteps:
        nobody: Any = None
        return UncheckedSteps(self.context, staffing=nobody, expires_hours=24)

    @property
    def context(self) -> StepContext:
        return StepContext(
            self.client, self.announcer, self.settings, self.time.now, self.store.books, self.time.monotonic
        )

    def undo(self) -> tuple[UndoCounts, PlanState]:
        """Take the plan back: what a person is told before, and the state in which it rests."""
        undoing = UndoSteps(self.context, hours=24)
        preview = undoing.preview(self.plan)
        assert undoing.begin(self.plan.id, edition=self.plan.edition, who="UADA", now=self.time.now())
        self.take_over()
        undoing.take_back(self.work, self.plan)
        return preview, self.plan.state

    def set(self, **settings: Any) -> None:
        self.settings = replace(self.settings, **settings)

    def take_over(self) -> None:
        """Another process goes on with the plan."""
        self.store.leases.release(self.lease, wake_in_seconds=None)
        self.lease = self.store.claim(self.plan_id)
        self.work = FakeWork(self.lease, self.time)

    def once(self, kind: str, act: Callable[[], object], *, nth: int = 1) -> None:
        """Let something happen right before the `nth` request of a kind is worked off."""
        seen: list[Asked] = []

        def hook(asked: Asked) -> None:
            seen.append(asked)
            if len(seen) == nth:
                act()

        self.braintrust.faults.on_request(kind, hook)

    @property
    def plan(self) -> Plan:
        return self.store.get(self.plan_id)

    @property
    def batches(self) -> tuple[Batch, ...]:
        return self.store.batches.of(self.plan_id)

    @property
    def states(self) -> list[str]:
        """Of each batch; whether what was written was also seen already, most tests do not ask."""
        return ["written" if batch.state in DONE else batch.state.value for batch in self.batches]

    @property
    def dropped(self) -> dict[str, DropReason]:
        return {row: reason for batch in self.batches for row, reason in batch.dropped}

    def row(self, row_id: str) -> Row:
        row = self.braintrust.rows.get(PROJECT, row_id)
        assert row is not None
        return row

    @property
    def written(self) -> list[str]:
        """The rows that were written through the API, each as often as it was."""
        rows = self.braintrust.rows.all(PROJECT)
        return [row.id for row in rows for change in row.history if change.source == "api"]

    def verify(self) -> None:
        """What holds whatever happens: at most one write for each row, the stored one, and never over somebody's."""
        reviewer_of = dict(self.pairs)
        assert sorted(pair for batch in self.batches for pair in batch.rows) == sorted(self.pairs)
        for row in self.braintrust.rows.all(PROJECT):
            assert not row.phantom, f"{row.id} was made by a merge"
            before: tuple[str, ...] = ()
            for number, change in enumerate(row.history):
                if change.source == "api":
                    assert before == (), f"{row.id} was overwritten"
                    assert number == 0 or row.history[number - 1].status in (None, "PENDING"), f"{row.id} was re-opened"
                    assert change.assignments == (reviewer_of[row.id],)
                before = change.assignments
            assert sum(change.source == "api" for change in row.history) <= 1, f"{row.id} was written twice"

    def _store_plan(self, size: int) -> None:
        request = new_plan(self.plan_id, project_id=PROJECT, tag=TAG)
        self.store.plans.add(request, who="UASKER")
        lease = self.store.claim(self.plan_id)
        shares = tuple(Share(who, sum(owner == who.id for _, owner in self.pairs)) for who in (ANA, BO))
        proposal = replace(PROPOSAL, shares=shares, batches=batches(self.pairs, size=size))
        assert self.store.plans.propose(lease, proposal, state=PlanState.PROPOSED, now=NOW)
        self.store.leases.release(lease, wake_in_seconds=None)
        assert self.store.plans.approve(self.plan_id, edition=1, who="UADA", now=NOW)

    def _note(self, asked: Asked) -> None:
        ids = tuple(row for row in self.ids if f'"{row}"' in asked.text)
        self.inserts.append(Insert(self.time.monotonic(), asked.text, ids))
