"""Two processes, one project, and dice: everything that may happen to plans, in any order.

The store, the client and the stand-in are real; the clock jumps, so nobody waits.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.command import PlanCommand
from bot.domain.plan import WORKED_ON, Origin, Plan, PlanState
from bot.domain.undo import UndoCounts
from bot.errors import LeaseLostError, WorkInterruptedError
from bot.services.planning import Asker, Planner, ProposalStep
from bot.services.ports.work import Lease, Work
from bot.services.reviewers import StaffReader
from bot.services.step import StepContext
from bot.services.writing.assignment import AssignmentSteps
from bot.services.writing.undo import UndoSteps
from bot.settings import BraintrustSettings, QueueSettings, Settings, WorkSettings
from sandbox.braintrust.row import Columns, Row
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.faults import CutBody, Fault, Garbage, Reset, Status, WrongCount
from sandbox.http.request import Asked
from tests.integration.stored import ANA, BO, Store
from tests.integration.world import CREATED, PROJECT, SETTLE_SECONDS, FakeWork, Time

TAGS = ("alpha", "beta")
OTHER = "99999999-9999-4999-8999-999999999999"
LATE_SECONDS = SETTLE_SECONDS - 5.0  # a request takes effect within SETTLE_SECONDS of its end, or never
CHANCE_OF_A_FAULT = 0.15
CHANCE_OF_A_CHANGE = 0.1
S = PlanState
MOVING = frozenset({S.READING}) | WORKED_ON
BUTTONS = {
    S.READING: ["cancel"] + ["nothing"] * 9,
    S.PROPOSED: ["approve"] * 9 + ["cancel"],
    S.CHECKING: ["stop"] + ["nothing"] * 9,
    S.RUNNING: ["stop"] + ["nothing"] * 4,
    S.DONE: ["undo"] + ["nothing"] * 2,
    S.PARTIAL: ["retry", "undo"],
    S.STOPPED: ["retry", "undo"],
}
FORMS = ["any", "array_delete", "empty_list", "null"]
UNANSWERED: list[Fault] = [Reset(applied=True), Status(502, applied=True), WrongCount(), CutBody()]
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
        staffing = StaffReader(
            braintrust=client,
            people=None,
            preferences=store.preferences,
            matches=store.matches,
            settings=settings,
            clock=time.now,
        )
        self.planner = Planner(
            store.plans,
            queues=store.queues,
            settings=settings,
            clock=time.now,
            new_id=lambda: f"plan-{next(ids)}",
            wake=lambda: None,
        )
        context = StepContext(client, Unheard(), settings.work, time.now, store.books, time.monotonic)
        hours = settings.policy.plan_expires_hours
        reading = ProposalStep(context, staffing=staffing, enter=lambda _: None, expires_hours=hours)
        assigning = AssignmentSteps(context, staffing=staffing, expires_hours=hours)
        self.undoing = UndoSteps(context, hours=settings.policy.undo_hours)
        self.steps: dict[PlanState, Callable[[Work, Plan], None]] = {
            S.READING: reading.carry_out,
            S.CHECKING: assigning.check,
            S.RUNNING: assigning.run,
            S.REPORTING: assigning.report,
            S.UNDOING: self.undoing.take_back,
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
        self._is_calm = False
        self.by_hand: set[str] = set()
        self.logged: dict[str, Row] = {}
        self.previews: list[tuple[Plan, UndoCounts]] = []
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
        braintrust.directory.users[:] = people
        self._form = self.dice.choice(FORMS)
        braintrust.faults.unassign = self._form
        self.log()
        braintrust.faults.on_request("insert", self._before_insert)
        braintrust.faults.on_request("query", self._before_query)

    # --- the steps ---

    def step(self) -> None:
        """One thing that happens."""
        acts = {self.log: 1, self.ask: 2, self.decide: 6, self.work: 8, self.change: 2, self.wait: 1}
        self.dice.choices([*acts], weights=[*acts.values()])[0]()

    def log(self) -> None:
        """New rows are logged."""
        numbers = range(len(self.logged), len(self.logged) + self.dice.randint(5, 25))
        tags = [[TAGS[0]], [TAGS[1]], [*TAGS]]
        new: list[Columns] = [
            {
                "id": f"row-{number:03}",
                "created": CREATED,
                "tags": self.dice.choice(tags),
                "input": {"question": number},
                "metadata": {"session": f"s{number}"} if number % 3 else None,
            }
            for number in numbers
        ]
        self.braintrust.rows.add_many(PROJECT, new)
        self.logged |= {row.id: row for row in self.rows if row.id not in self.logged}

    def ask(self) -> None:
        command = PlanCommand(
            tag=self.dice.choice(TAGS), limit=self.dice.choice([None, None, 10]), dry_run=self.dice.random() < 0.1
        )
        process = self.dice.choice(self.processes)
        plan = process.planner.request(command, Asker(Origin.COMMAND, user="UASKER", channel="C0REVIEWS")).plan
        self._say(f"asked for {plan.id}: {command}")

    def decide(self) -> None:
        """Somebody presses a button of a plan; mostly one that it has."""
        process, now = self.dice.choice(self.processes), self.time.now()
        plans = process.store.plans
        some = plans.recent()
        decidable = [plan for plan in some if plan.state in BUTTONS]
        if not some:
            return
        plan = self.dice.choice(decidable or some)
        names = (
            BUTTONS.get(plan.state, ["approve"]) if self.dice.random() < 0.9 else ["approve", "stop", "retry", "undo"]
        )
        by_name: dict[str, Callable[[], bool]] = {
            "approve": lambda: plans.approve(plan.id, edition=plan.edition, who="UADA", now=now),
            "cancel": lambda: plans.cancel(plan.id, edition=plan.edition, who="UADA", now=now),
            "stop": lambda: plans.stop(plan.id, edition=plan.edition, who="UADA", now=now),
            "retry": lambda: plans.retry(plan.id, edition=plan.edition, who="UADA", now=now),
            "undo": lambda: self._taken_back(process, plan),
            "nothing": lambda: True,
        }
        name = self.dice.choice(names)
        self._say(f"{name} {plan.id} {plan.state}: {by_name[name]()}")

    def _taken_back(self, process: Process, plan: Plan) -> bool:
        """Look at the numbers, mostly, and confirm."""
        if self.dice.random() < 0.8:
            with self._calm():
                self.previews.append((plan, process.undoing.preview(plan)))
        return process.undoing.begin(plan.id, edition=plan.edition, who="UADA", now=self.time.now())

    def work(self) -> None:
        """One process makes one step of one plan, to its end, or until it is interrupted or loses the plan."""
        plans = [plan for plan in self.store.plans.recent() if plan.state in MOVING]
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
        self.braintrust.faults.unassign = self._form
        self._late.clear()
        for _ in range(100):
            busy = [plan for plan in self.store.plans.recent() if plan.state in MOVING]
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
            if fault == Reset():
                self._late.append(Late(self.time.monotonic(), asked.text))
            self.braintrust.faults.next("insert", fault, when=lambda text: text == asked.text)
            self._say(f"  {fault} for {self._named(asked)}")

    @contextmanager
    def _calm(self) -> Iterator[None]:
        """Nothing happens while somebody looks."""
        self._is_calm = True
        yield
        self._is_calm = False

    def _before_query(self, asked: Asked) -> None:
        if self._is_calm:
            return
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
            events = [event for event in json.loads(late.body)["events"] if event["id"] not in self.by_hand]
            self._say(f"  lands: {[event['id'] for event in events]}")
            self.braintrust.rows.write(PROJECT, events, unassign=self._form)

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
            self.by_hand.add(row_id)
            acts[name]()
            self._say(f"  {name} {row_id} by hand")

    def _named(self, asked: Asked) -> list[str]:
        """The rows that a request names."""
        quote = "'" if asked.kind == "query" else '"'
        return [row for row in self.logged if f"{quote}{row}{quote}" in asked.text]

    def _say(self, words: str) -> None:
        self.said.append(f"{self.time.monotonic():.1f} {words}")

    # --- what is looked at afterwards ---

    @property
    def rows(self) -> list[Row]:
        """Every row that is there."""
        return self.braintrust.rows.all(PROJECT)
