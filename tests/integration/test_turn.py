"""The worker on a real database: whatever a step or the showing of a plan meets, it ends, and people see how."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import select

from bot.adapters.store.tables import database_clock
from bot.domain.faults import MOST, FaultKind, FaultTally
from bot.domain.plan import WORKED_ON, BatchState, Plan, PlanState, Progress
from bot.domain.report import outcome, report_of
from bot.errors import (
    BotError,
    BraintrustUnavailableError,
    LeaseLostError,
    SlackUnavailableError,
    StoreUnavailableError,
    WorkInterruptedError,
)
from bot.services.ports.work import Work
from bot.work.turn import Turn
from bot.work.worker import LANES, Worker
from tests.integration.stored import BATCHES, NOW, Store
from tests.unit.fakes import FakeAnnouncer

S = PlanState
FORESEEN = (BraintrustUnavailableError("Braintrust is away."), SlackUnavailableError("Slack is away."))


@dataclass
class Announcer(FakeAnnouncer):
    """Shows what is stored, unless it is to raise something."""

    store: Store
    error: Exception | None = None
    shown: list[PlanState] = field(default_factory=list)

    def draw(self, work: Work) -> None:
        plan = self.store.get(work.lease.plan_id)
        if plan.drawn == plan.revision:
            return
        if self.error is not None:
            raise self.error
        self.shown.append(plan.state)
        self.store.surfaces.drawn(work.lease, plan.revision)


class Process:
    """A worker without threads, its steps, and the database."""

    def __init__(self, store: Store, **steps: Callable[[Work, Plan], None]) -> None:
        self.store = store
        self.announcer = Announcer(store)
        self.steps: dict[PlanState, Callable[[Work, Plan], None]] = {S.REPORTING: self.report}
        self.steps |= {S(name): step for name, step in steps.items()}
        self.begun: list[PlanState] = []

    def turn(self) -> bool:
        """One turn at whatever waits, in each lane; whether anything did."""
        steps = {state: self._noted(state, step) for state, step in self.steps.items()}
        turn = Turn(
            plans=self.store.plans,
            fault_book=self.store.faults,
            steps=steps,
            announcer=self.announcer,
            clock=lambda: NOW,
        )
        worker = Worker(leases=self.store.leases, plans=self.store.plans, turn=turn)
        return sum(worker._claim_and_advance(lane) for lane in LANES) > 0  # noqa: SLF001 - not in threads

    def turns(self, most: int = 100) -> int:
        """Turns without their pauses, until nothing is left to do; how many."""
        for number in range(most):
            self.store.change(wake_at=None, draw_at=None)
            if not self.turn():
                return number
        raise AssertionError(f"it goes on for more than {most} turns")

    def report(self, work: Work, plan: Plan) -> None:
        state = outcome(plan, report_of(plan, self.store.batches.of(plan.id)))
        self.store.plans.finish(work.lease, state=state, counts={}, now=NOW)

    def _noted(self, state: PlanState, step: Callable[[Work, Plan], None]) -> Callable[[Work, Plan], None]:
        def run(work: Work, plan: Plan) -> None:
            self.begun.append(state)
            step(work, plan)

        return run


def failing(error: Exception) -> Callable[[Work, Plan], None]:
    def step(work: Work, plan: Plan) -> None:
        raise error

    return step


def half_written(store: Store, state: PlanState) -> None:
    """A plan in `state` whose first batch was written, its second being sent."""
    store.proposed()
    lease = store.claim()
    written, sending = replace(BATCHES[0], state=BatchState.CONFIRMED), replace(BATCHES[1], state=BatchState.SENDING)
    store.batches.save(lease, [written, replace(sending, attempts=1)], progress=Progress(rows=2))
    store.leases.release(lease, wake_in_seconds=None)
    store.change(state=state.value, decided_by="UADA", undone_from="done" if state is S.UNDOING else None)
    if state in WORKED_ON - {S.CHECKING}:
        store.change(writing_project=store.get().request.project_id)


def met_before(store: Store, error: Exception, *, column: str) -> int:
    """How often a plan may meet `error` now: of the many outages that are waited for, most are behind it."""
    if not isinstance(error, BotError):
        return MOST[FaultKind.BUG]
    behind: dict[str, Any] = {column: asdict(FaultTally(outage=MOST[FaultKind.OUTAGE] - 3, reached=99))}
    store.change(**behind)
    return 3


@pytest.mark.parametrize(
    ("state", "rests"),
    [
        (S.READING, S.FAILED),
        (S.CHECKING, S.PARTIAL),
        (S.RUNNING, S.PARTIAL),
        (S.REPORTING, S.PARTIAL),
        (S.UNDOING, S.DONE),
    ],
)
@pytest.mark.parametrize("error", [RuntimeError("a bug"), *FORESEEN], ids=lambda error: type(error).__name__)
def test_a_step_that_always_fails_is_given_up_and_blocks_nobody(
    store: Store, state: PlanState, rests: PlanState, error: Exception
) -> None:
    half_written(store, state)
    limit = met_before(store, error, column="faults")
    process = Process(store, **{state.value: failing(error)})

    turns = process.turns(20)

    plan = store.get()
    assert plan.state is rests
    assert plan.reason is not None
    assert process.announcer.shown[-1] is rests
    assert store.column("writing_project") is None
    assert [event["reason"] for event in store.events()].count(plan.reason) >= 1
    assert process.begun.count(state) == (1 if state is S.READING and isinstance(error, RuntimeError) else limit)
    assert turns < 2 * limit


@pytest.mark.parametrize("state", sorted(WORKED_ON))
def test_what_may_have_been_written_is_not_forgotten_and_not_sent_again(store: Store, state: PlanState) -> None:
    half_written(store, state)

    Process(store, **{state.value: failing(RuntimeError("a bug"))}).turns()

    states = [batch.state for batch in store.batches.of("plan")]
    assert states == [BatchState.CONFIRMED, BatchState.SENDING]


def test_a_bug_has_a_reference_that_stands_in_the_log_and_in_the_history(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.add()

    Process(store, reading=failing(RuntimeError("a bug"))).turns()

    [failed] = [record for record in caplog.records if record.message == "a step met a fault"]
    reference = vars(failed)["reference"]
    assert f"the log as {reference}" in (store.get().reason or "")
    assert store.events()[-1]["reason"] == store.get().reason
    assert "a bug" not in str(store.get().reason)


def test_each_pause_is_longer_and_a_restart_does_not_end_it(store: Store, rival: Store) -> None:
    half_written(store, S.RUNNING)
    pauses = []
    for process in (Process(store, running=failing(RuntimeError())), Process(rival, running=failing(RuntimeError()))):
        for _ in range(2):
            process.turn()
            assert not process.turn()
            pauses.append(store.column("wake_at") - _clock(store))
            store.change(wake_at=None)

    assert [round(pause / 5) for pause in pauses] == [1, 2, 4, 8]


def test_rows_that_were_written_meanwhile_begin_the_count_anew(store: Store) -> None:
    half_written(store, S.RUNNING)
    written = [0]

    def step(work: Work, plan: Plan) -> None:
        written[0] += 1
        if written[0] % 4 == 0:
            store.plans.record_progress(work.lease, Progress(rows=written[0]))
        raise RuntimeError

    process = Process(store, running=step)
    for _ in range(40):
        process.turn()
        store.change(wake_at=None)

    assert store.get().state is S.RUNNING


def test_a_process_that_dies_each_time_is_not_let_die_for_ever(store: Store) -> None:
    half_written(store, S.RUNNING)
    for _ in range(MOST[FaultKind.DEATH]):
        store.claim()
        store.change(lease_owner="a process that is gone", lease_until=0.0)
    process = Process(store, running=lambda work, plan: None)
    for _ in range(MOST[FaultKind.DEATH]):
        process.turn()
        store.change(wake_at=None, lease_owner="a process that is gone", lease_until=0.0)

    assert store.get().state is S.PARTIAL
    assert "ended again and again" in (store.get().reason or "")


def test_an_own_lease_that_ran_out_while_the_database_was_away_is_no_death(store: Store) -> None:
    half_written(store, S.RUNNING)
    store.claim()
    store.change(lease_until=0.0)

    Process(store, running=lambda work, plan: None).turn()

    assert store.column("faults") is None


@pytest.mark.parametrize("error", [WorkInterruptedError(), LeaseLostError("taken")], ids=["interrupted", "taken over"])
def test_ends_that_are_no_faults_are_not_counted(store: Store, error: Exception) -> None:
    half_written(store, S.RUNNING)

    Process(store, running=failing(error)).turn()

    assert store.column("faults") is None


def test_a_database_that_is_away_for_a_while_is_waited_for(store: Store) -> None:
    half_written(store, S.RUNNING)
    errors = [StoreUnavailableError("away")] * 20

    def step(work: Work, plan: Plan) -> None:
        if errors:
            raise errors.pop()
        store.plans.begin_reporting(work.lease, reason=None, now=NOW)

    Process(store, running=step).turns()

    assert store.get().state is S.PARTIAL
    assert store.get().reason is None


@pytest.mark.parametrize("error", [RuntimeError("a bug"), *FORESEEN], ids=lambda error: type(error).__name__)
def test_what_cannot_be_shown_holds_up_nothing_and_is_given_up_in_the_end(store: Store, error: Exception) -> None:
    half_written(store, S.RUNNING)
    store.change(revision=9)
    limit = met_before(store, error, column="draw_faults")
    process = Process(store, running=lambda work, plan: store.plans.begin_reporting(work.lease, reason=None, now=NOW))
    process.announcer.error = error

    process.turn()
    done = store.get()
    turns = process.turns(20)

    assert done.state is S.PARTIAL  # in the first turn
    assert store.get() == replace(done, drawn=done.revision)
    last = store.events()[-1]
    assert (last["to_state"], last["from_state"]) == ("not shown", None)
    assert last["reason"] is not None
    assert turns <= limit


def test_a_plan_that_changes_is_shown_at_once_also_while_it_rests_from_a_fault(store: Store) -> None:
    half_written(store, S.RUNNING)
    process = Process(store, running=lambda work, plan: None)
    store.change(revision=9)
    process.announcer.error = SlackUnavailableError("Slack is away.")
    process.turn()
    store.change(wake_at=None)
    process.announcer.error = None

    process.turn()
    before = list(process.announcer.shown)
    store.plans.stop("plan", edition=1, who="UADA", now=NOW)
    process.turn()

    assert (before, process.announcer.shown) == ([], [S.RUNNING])


def test_a_plan_that_cannot_even_be_read_holds_up_no_other(store: Store) -> None:
    """Such as one that a newer version has left behind."""
    half_written(store, S.RUNNING)
    store.change(counts={"unheard": "of"})
    store.add("other", S.REPORTING, tag="other", project_id="other", created_at=NOW)

    Process(store).turn()
    Process(store).turn()

    assert store.get("other").state is not S.REPORTING


def test_a_step_that_waits_is_looked_at_again_soon(store: Store) -> None:
    store.add(state=S.CHECKING)

    Process(store, checking=lambda work, plan: None).turn()

    assert 1 < store.column("wake_at") - _clock(store) <= 2
    assert store.column("faults") is None


def _clock(store: Store) -> float:
    with store.database.read() as connection:
        return float(connection.execute(select(database_clock())).scalar_one())
