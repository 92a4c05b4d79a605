"""A random walk over the services: commands, decisions, people, faults and crashes in any order.

The store, the client and the stand-in are real; the clock jumps, so nobody waits.  Each seed is a walk of its own, and
its number stands in the test's name.  After every step the promises are checked on the rows themselves.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest

from bot.adapters.braintrust import BraintrustClient
from bot.domain.command import PlanCommand
from bot.domain.model import WRITING, Batch, BatchState, DropReason, Origin, Plan, PlanState
from bot.domain.report import outcome, report_of, written_pairs
from bot.errors import LeaseLostError, WorkInterruptedError
from bot.sandbox.braintrust import (
    AppliedThenReset,
    AppliedThenStatus,
    Asked,
    BraintrustStandIn,
    CutBody,
    Fault,
    Garbage,
    Reset,
    Row,
    Status,
    WrongCount,
)
from bot.sandbox.braintrust.row_writer import WriteRules
from bot.services.assigning import Assigning
from bot.services.notifying import Arranging
from bot.services.planning import Asker, Planning
from bot.services.ports import Lease, Work
from bot.services.rechecking import Rechecking
from bot.services.roster import RosterReader
from bot.services.staffing import Staffing
from bot.settings import BraintrustSettings, QueueSettings, Settings, WorkSettings
from tests.integration.stored import ANA, BO, Store, opened
from tests.integration.world import CREATED, PROJECT, SETTLE_SECONDS, FakeWork, Time, World

WALKS, STEPS = 12, 120
TAGS = ("alpha", "beta")
OTHER = "99999999-9999-4999-8999-999999999999"
LATE_SECONDS = SETTLE_SECONDS - 5.0  # a request takes effect within SETTLE_SECONDS of its end, or never
CHANCE_OF_A_FAULT = 0.15
CHANCE_OF_A_CHANGE = 0.1
S = PlanState
WORKED_ON = frozenset({S.READING}) | WRITING
BUTTONS = {
    S.READING: ["cancel"] + ["nothing"] * 9,
    S.PROPOSED: ["approve"] * 9 + ["cancel"],
    S.CHECKING: ["stop"] + ["nothing"] * 9,
    S.RUNNING: ["stop"] + ["nothing"] * 4,
    S.PARTIAL: ["retry"],
    S.STOPPED: ["retry"],
}
AT_REST = frozenset({S.DONE, S.PARTIAL, S.STOPPED, S.FAILED})
UNANSWERED: list[Fault] = [AppliedThenReset(), AppliedThenStatus(502), WrongCount(), CutBody()]
INSERT_FAULTS: list[Fault] = [
    *UNANSWERED,
    *UNANSWERED,
    Status(503),
    Garbage(),
    Status(429, headers={"Retry-After": "12"}),
    Status(429),
    Status(413),
    Status(403),
]
PASSING_FAULTS: list[Fault] = [Reset(), Status(503), Garbage(), CutBody(), Status(429, headers={"Retry-After": "12"})]
QUERY_FAULTS: list[Fault] = [*PASSING_FAULTS * 4, Status(403)]


class Unheard:
    """The `Announcer` port; what is shown has tests of its own."""

    def reading_progress(self, work: Work, plan: Plan) -> None: ...

    def writing_progress(self, work: Work, plan: Plan) -> None: ...

    def proposed_again(self, plan: Plan, approver: str) -> None: ...

    def draw(self, work: Work) -> None: ...


class Process:
    """What one process of the bot is made of, for one step after the other."""

    def __init__(self, store: Store, braintrust: BraintrustStandIn, time: Time, settings: Settings, ids: Any) -> None:
        self.store = store
        client = BraintrustClient(settings.braintrust, monotonic=time.monotonic)
        shared: dict[str, Any] = {"plans": store.plans, "braintrust": client, "announcer": Unheard(), "clock": time.now}
        roster = RosterReader(
            braintrust=client,
            people=None,
            preferences=store.preferences,
            matches=store.matches,
            settings=settings.people,
            clock=time.now,
        )
        staffing = Staffing(roster=roster, braintrust=client, settings=settings, clock=time.now)
        self.planning = Planning(
            **shared,
            staffing=staffing,
            entrance=None,
            settings=settings,
            new_id=lambda: f"plan-{next(ids)}",
            wake=lambda: None,
        )
        rechecking = Rechecking(**shared, roster=roster, batches=store.batches, settings=settings)
        assigning = Assigning(
            **shared,
            arranging=Arranging(notices=store.notices, batches=store.batches, undos=store.undos),
            batches=store.batches,
            rechecking=rechecking,
            settings=settings.work,
            monotonic=time.monotonic,
        )
        self.steps: dict[PlanState, Callable[[Work, Plan], None]] = {
            S.READING: self.planning.read,
            S.CHECKING: assigning.check,
            S.RUNNING: assigning.run,
            S.REPORTING: assigning.report,
        }

    def claim(self, plan_id: str) -> Lease:
        """The plan, whoever has it: as if the lease of a dead process had run out."""
        self.store.change(plan_id, lease_until=None, wake_at=None)
        return self.store.claim(plan_id)


@dataclass(frozen=True)
class Late:
    """A request that was given up, and may still take effect."""

    at: float
    body: str


class Walk:
    """Two processes, one project, and dice."""

    def __init__(self, stores: Sequence[Store], braintrust: BraintrustStandIn, *, seed: int) -> None:
        self.dice = random.Random(seed)
        self.time = Time()
        self.braintrust = braintrust
        self.said: list[str] = []
        self._lock = threading.RLock()
        self._late: list[Late] = []
        self._by_hand: set[str] = set()
        settings = Settings(
            braintrust=BraintrustSettings(api_key=braintrust.api_key, api_url=braintrust.url, project_id=PROJECT),
            queue=QueueSettings(tag=TAGS[0], days=30, reviewers=(ANA.id, BO.id)),
            work=WorkSettings(
                page_size=25,
                batch_size=self.dice.choice([3, 7]),
                parallel_requests=self.dice.choice([1, 2, 4]),
                settle_seconds=SETTLE_SECONDS,
            ),
        )
        ids = count(1)
        self.processes = [Process(store, braintrust, self.time, settings, ids) for store in stores]
        self.store = stores[0]
        people = (
            {"id": who.id, "given_name": who.name, "family_name": "", "email": f"{who.name}@example.com"}
            for who in (ANA, BO)
        )
        braintrust.users[:] = people
        self._names: list[str] = []
        self.log()
        braintrust.faults.on_request("insert", self._before_insert)
        braintrust.faults.on_request("query", self._before_query)

    # --- the steps ---

    def step(self) -> None:
        """One thing that happens."""
        acts = {self.log: 1, self.ask: 2, self.decide: 4, self.work: 8, self.change: 2, self.wait: 1}
        self.dice.choices([*acts], weights=[*acts.values()])[0]()

    def log(self) -> None:
        """New rows are logged."""
        numbers = range(len(self._names), len(self._names) + self.dice.randint(5, 25))
        names = [f"row-{number:03}" for number in numbers]
        tags = [[TAGS[0]], [TAGS[1]], [*TAGS]]
        self.braintrust.rows.add_many(
            PROJECT, [{"id": name, "created": CREATED, "tags": self.dice.choice(tags)} for name in names]
        )
        self._names.extend(names)

    def ask(self) -> None:
        command = PlanCommand(
            tag=self.dice.choice(TAGS), limit=self.dice.choice([None, None, 10]), dry_run=self.dice.random() < 0.1
        )
        process = self.dice.choice(self.processes)
        plan = process.planning.request(command, Asker(Origin.COMMAND, user="UASKER", channel="C0REVIEWS")).plan
        self._say(f"asked for {plan.id}: {command}")

    def decide(self) -> None:
        """Somebody presses a button of a plan; mostly one that it has."""
        plans, now = self.dice.choice(self.processes).store.plans, self.time.now()
        some = plans.recent()
        decidable = [plan for plan in some if plan.state in BUTTONS]
        if not some:
            return
        plan = self.dice.choice(decidable or some)
        names = BUTTONS.get(plan.state, ["approve"]) if self.dice.random() < 0.9 else ["approve", "stop", "retry"]
        by_name: dict[str, Callable[[], bool]] = {
            "approve": lambda: plans.approve(plan.id, version=plan.version, who="UADA", now=now),
            "cancel": lambda: plans.cancel(plan.id, who="UADA", now=now),
            "stop": lambda: plans.stop(plan.id, who="UADA", now=now),
            "retry": lambda: plans.retry(plan.id, who="UADA", now=now),
            "nothing": lambda: True,
        }
        name = self.dice.choice(names)
        self._say(f"{name} {plan.id} {plan.state}: {by_name[name]()}")

    def work(self) -> None:
        """One process makes one step of one plan, to its end, or until it is interrupted or loses the plan."""
        plans = [plan for plan in self.store.plans.recent() if plan.state in WORKED_ON]
        if plans:
            self.advance(self.dice.choice(plans), interrupted=self.dice.choice([None, None, self._end, self._rob]))

    def advance(self, plan: Plan, *, interrupted: "Callable[[str], None] | None" = None) -> None:
        process = self.dice.choice(self.processes)
        work = FakeWork(process.claim(plan.id), self.time)
        last_round = self.dice.randint(1, 12)

        def before_round(number: int) -> None:
            work.left = self.dice.choice([30.0, 30.0, 30.0, 5.0])
            if self.dice.random() < 0.05:
                self.time.jump(15.0)  # the process was held up
            if interrupted is not None and number == last_round:
                interrupted(plan.id)

        work.before_round = before_round
        self._say(f"{plan.id}: {plan.state}, interrupted: {interrupted and interrupted.__name__} in {last_round}")
        try:
            process.steps[plan.state](work, plan)
        except (WorkInterruptedError, LeaseLostError) as error:
            self._say(f"{plan.id}: {type(error).__name__}")

    def change(self) -> None:
        """Somebody works in Braintrust."""
        self._change_by_hand([row.id for row in self.rows])

    def wait(self) -> None:
        self.time.jump(self.dice.choice([1.0, 30.0, 1_000.0]))

    @staticmethod
    def _end(_plan_id: str) -> None:
        raise WorkInterruptedError

    def _rob(self, plan_id: str) -> None:
        """Another process takes the plan."""
        self.dice.choice(self.processes).claim(plan_id)

    def finish(self) -> None:
        """No more faults: every plan that is worked on comes to its rest."""
        self.braintrust.faults.clear()
        self._late.clear()
        for _ in range(100):
            busy = [plan for plan in self.store.plans.recent() if plan.state in WORKED_ON]
            if not busy:
                return
            for plan in busy:
                self.advance(plan)
        raise AssertionError("the plans do not come to rest")

    # --- what goes wrong ---

    def _before_insert(self, asked: Asked) -> None:
        with self._lock:
            if self.dice.random() >= CHANCE_OF_A_FAULT * 2:
                return
            fault = self.dice.choice([Reset(), Reset(), *INSERT_FAULTS])
            if isinstance(fault, Reset):
                self._late.append(Late(self.time.monotonic(), asked.text))
            self.braintrust.faults.next("insert", fault, when=lambda text: text == asked.text)
            self._say(f"  {fault} for {self._named(asked)}")

    def _before_query(self, asked: Asked) -> None:
        with self._lock:
            self._land()
            named = self._named(asked)
            if named and "cursor:" not in asked.text and self.dice.random() < CHANCE_OF_A_CHANGE:
                self._change_by_hand(named)  # a second page comes after the look at what stood on the first
            if self.dice.random() < CHANCE_OF_A_FAULT:
                self.braintrust.faults.next(
                    "query", self.dice.choice(QUERY_FAULTS), when=lambda text: text == asked.text
                )

    def _land(self) -> None:
        """A request that was given up takes effect after all, if it ever will."""
        now = self.time.monotonic()
        self._late = [late for late in self._late if now - late.at < LATE_SECONDS]
        if self._late and self.dice.random() < 0.4:
            late = self._late.pop()
            events = [event for event in json.loads(late.body)["events"] if event["id"] not in self._by_hand]
            self._say(f"  lands: {[event['id'] for event in events]}")
            self.braintrust.rows.write(PROJECT, events, WriteRules())

    def _change_by_hand(self, row_ids: Sequence[str]) -> None:
        with self._lock:
            rows = self.braintrust.rows
            present = [row_id for row_id in row_ids if rows.get(PROJECT, row_id) is not None]
            if not present:
                return
            row_id = self.dice.choice(present)
            acts: dict[str, Callable[[], object]] = {
                "assign": partial(rows.assign_by_hand, PROJECT, row_id, [OTHER]),
                "finish": partial(rows.finish_by_hand, PROJECT, row_id),
                "delete": partial(rows.delete, PROJECT, row_id),
                "untag": partial(rows.set_tags, PROJECT, row_id, ["else"]),
            }
            name = self.dice.choice([*acts])
            self._by_hand.add(row_id)
            acts[name]()
            self._say(f"  {name} {row_id} by hand")

    def _named(self, asked: Asked) -> list[str]:
        """The rows that a request names."""
        quote = "'" if asked.kind == "query" else '"'
        return [row for row in self._names if f"{quote}{row}{quote}" in asked.text]

    def _say(self, words: str) -> None:
        self.said.append(f"{self.time.monotonic():.1f} {words}")

    # --- what has to hold ---

    @property
    def rows(self) -> list[Row]:
        return self.braintrust.rows.all(PROJECT)

    def verify(self) -> None:
        """On the rows: each written once at most, to its one value, over nobody's; and as the store says."""
        plans = self.store.plans.recent()
        batches = {plan.id: self.store.batches.of(plan.id) for plan in plans}
        given = {(plan_id, row): who for plan_id, some in batches.items() for batch in some for row, who in batch.rows}
        for row in self.rows:
            self._verify_row(row, {who for (_, row_id), who in given.items() if row_id == row.id})
        claimed = Counter(row for some in batches.values() for row, _ in written_pairs(some))
        assert [row for row, times in claimed.items() if times > 1] == [], "two plans say that they wrote it"
        for plan in plans:
            if plan.state in AT_REST and plan.decided_at is not None:
                self._verify_plan(plan, batches[plan.id])
        self._verify_that_nothing_is_forgotten(batches)

    @staticmethod
    def _verify_row(row: Row, planned: set[str]) -> None:
        assert not row.phantom, f"{row.id} was made by a merge"
        assert sum(change.source == "api" for change in row.history) <= 1, f"{row.id} was written twice"
        before: tuple[str, ...] = ()
        status: str | None = None
        for change in row.history:
            if change.source == "api":
                assert (before, status) == ((), None), f"{row.id} was {before}, {status}"
                assert {change.assignments} <= {(who,) for who in planned}, f"{row.id} has a value of its own"
            before, status = change.assignments, change.status

    def _verify_plan(self, plan: Plan, batches: Sequence[Batch]) -> None:
        """The report of a plan at rest is what the rows say."""
        rows = {row.id: row for row in self.rows}
        pairs = dict(written_pairs(batches))
        wrong = [row for row, who in pairs.items() if row not in self._by_hand and rows[row].assignments != (who,)]
        assert wrong == [], f"{plan.id} says that it wrote them"
        report = report_of(plan, batches)
        assert outcome(plan, report) is plan.state
        assert sum(share.rows for share in report.assigned) + report.dropped_rows + report.missing == plan.planned_rows

    def _verify_that_nothing_is_forgotten(self, batches: dict[str, tuple[Batch, ...]]) -> None:
        """What the bot wrote stands in the store: as written, or as not known yet."""
        possible = {BatchState.WRITTEN, BatchState.CONFIRMED, BatchState.UNKNOWN, BatchState.SENDING}
        known = {
            (row, (who,))
            for some in batches.values()
            for batch in some
            if batch.state in possible
            for row, who in batch.kept
        }
        written = {
            (row.id, change.assignments) for row in self.rows for change in row.history if change.source == "api"
        }
        assert {pair for pair in written - known if pair[0] not in self._by_hand} == set()


@pytest.fixture
def stores(sqlite_url: str) -> Iterator[list[Store]]:
    with opened(sqlite_url, owner="one") as one, opened(sqlite_url, owner="two") as two:
        yield [one, two]


@pytest.mark.parametrize("seed", range(WALKS))
def test_whatever_happens_in_whatever_order_the_promises_hold(
    stores: list[Store], braintrust: BraintrustStandIn, seed: int
) -> None:
    walk = Walk(stores, braintrust, seed=seed)
    try:
        for _ in range(STEPS):
            walk.step()
            walk.verify()
        walk.finish()
        walk.verify()
    except BaseException as error:
        error.add_note("\n".join([f"seed {seed}", *walk.said]))
        raise
    assert walk.time.now() < stores[0].get("plan-1").created_at + timedelta(days=20)


def test_what_somebody_took_over_is_not_counted_although_nothing_else_of_its_batch_is_to_be_seen(
    stores: list[Store], braintrust: BraintrustStandIn
) -> None:
    """Acknowledged, then one row assigned to somebody else and the other one deleted."""
    world = World(stores[0], braintrust, rows=2, size=2)
    world.add_rows()

    def interfere() -> None:
        braintrust.rows.assign_by_hand(PROJECT, "row-00", [OTHER])
        braintrust.rows.delete(PROJECT, "row-01")

    world.once("query", interfere, nth=2)

    assert world.carry_out() is S.DONE
    assert world.dropped == {"row-00": DropReason.ASSIGNED}
    assert report_of(world.plan, world.batches).unconfirmed == 1


def test_what_another_plan_wrote_is_not_counted_twice_although_it_has_the_same_reviewer(
    stores: list[Store], braintrust: BraintrustStandIn
) -> None:
    """A plan left it unknown and unwritten; a later plan wrote it; then the first one's rest is tried again."""
    first = World(stores[0], braintrust, rows=2, size=2)
    first.add_rows()
    braintrust.faults.next("insert", Reset())
    first.once("insert", lambda: braintrust.faults.always("query", Status(401)))
    assert first.carry_out() is S.PARTIAL
    braintrust.faults.clear()
    second = World(stores[0], braintrust, rows=2, size=2, plan_id="second")
    second.time.jump(3_600)
    assert second.carry_out() is S.DONE

    first.time.jump(3_660)
    assert stores[0].plans.retry("plan", who="UADA", now=first.time.now())
    first.take_over()
    first.carry_out()

    assert second.written == first.ids
    assert [batch.kept for batch in second.batches] == [second.pairs]
    assert written_pairs(first.batches) == []
