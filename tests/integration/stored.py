"""A store with plans in it, in whatever state a test needs them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select, update

from bot.adapters.store.batches import BatchStore
from bot.adapters.store.database import BUSY_TIMEOUT_MS, POOL_SIZE, Database
from bot.adapters.store.notices import NoticeStore
from bot.adapters.store.people import MatchStore, PreferenceStore
from bot.adapters.store.plans import PlanStore
from bot.adapters.store.queues import QueueStore
from bot.adapters.store.records import batch_record, plan_record, proposal_record
from bot.adapters.store.schedules import ScheduleStore
from bot.adapters.store.surfaces import SurfaceStore
from bot.adapters.store.tables import batches as batch_table
from bot.adapters.store.tables import metadata, plans, undo_batches
from bot.adapters.store.work import FaultStore, LeaseStore
from bot.domain.plan import (
    WRITING,
    Batch,
    DropReason,
    LeftOut,
    Origin,
    Plan,
    PlanRequest,
    PlanState,
    Proposal,
    Reviewer,
    Share,
    Window,
)
from bot.domain.reading import ReadingCounts
from bot.domain.row_changes import Revision
from bot.services.ports.plans import PlanBooks
from bot.services.ports.work import Lease

T = TypeVar("T")

NOW = datetime(2026, 5, 18, 9, 0, 0, 123456, tzinfo=UTC)
EXPIRES = NOW + timedelta(hours=24)
PROJECT = "5f0c7a52-8f6e-4e0b-9a53-2f4c1d9b7e10"
ANA = Reviewer("11111111-1111-4111-8111-111111111111", "Ana", "U0ANA")
BO = Reviewer("22222222-2222-4222-8222-222222222222", "Bo")
BATCHES = (Batch(1, (("row-1", ANA.id), ("row-2", BO.id))), Batch(2, (("row-3", ANA.id),)))
PROPOSAL = Proposal(
    counts=ReadingCounts(5, 1, 1, 3),
    shares=(
        Share(ANA, 2, open_rows=7, weight=2, carried=Fraction(1, 2)),
        Share(BO, 1, is_full=True, carried=Fraction(-1, 2)),
    ),
    left_out=(LeftOut("zoe@example.com", "Braintrust does not know them"),),
    notes=("a note",),
    without_room=1,
    reasons={"row-3": "your turn for the remainder"},
    batches=BATCHES,
    expires_at=EXPIRES,
)
REVISION = Revision(BATCHES[1:], (Share(ANA, 1), Share(BO, 0)), ((DropReason.GONE, 2),))
ALL_STATES = list(PlanState)
_closed: deque[tuple[tuple[str, int, int], Database]] = deque(maxlen=8)
"""Databases that can be opened again: to compile their statements anew takes longer than most tests."""
PATIENT_MS = 60_000  # on a busy machine the turn of everybody may take longer than people are let wait


class Store:
    """One process's view of a database."""

    def __init__(self, database: Database, *, url: str, owner: str) -> None:
        self.url = url
        self.database = database
        self.plans = PlanStore(self.database)
        self.matches = MatchStore(self.database)
        self.batches = BatchStore(self.database)
        self.undone = BatchStore(self.database, undo_batches)
        self.notices = NoticeStore(self.database)
        self.books = PlanBooks(self.plans, self.batches, self.undone, self.notices)
        self.surfaces = SurfaceStore(self.database)
        self.preferences = PreferenceStore(self.database)
        self.queues = QueueStore(self.database)
        self.schedules = ScheduleStore(self.database)
        self.faults = FaultStore(self.database)
        self.leases = LeaseStore(self.database, owner=owner)

    def add(self, plan_id: str = "plan", state: PlanState = PlanState.READING, **changes: Any) -> Plan:
        """A stored plan in `state`, however it got there; `changes` are columns."""
        request = {name: changes.pop(name) for name in PlanRequest.__slots__ if name in changes}
        created_at = changes.pop("created_at", NOW)
        self.plans.add(new_plan(plan_id, created_at=created_at, **request), who="UASKER")
        if state in WRITING - {PlanState.CHECKING}:
            changes.setdefault("writing_project", request.get("project_id", PROJECT))
        self.change(plan_id, state=state.value, **{"expires_at": EXPIRES, **changes})
        return self.get(plan_id)

    def put(self, plan: Plan, *batches: Batch, undone: Iterable[Batch] = ()) -> None:
        """Have exactly this plan, in whatever state, with its batches; in place of one with the same id."""
        writes = plan.state in WRITING - {PlanState.CHECKING}
        with self.database.write() as connection:
            connection.execute(delete(plans).where(plans.c.id == plan.id))
            connection.execute(insert(plans).values(plan_record(plan) | _decided(plan)))
            if writes:
                mine = update(plans).where(plans.c.id == plan.id)
                connection.execute(mine.values(writing_project=plan.request.project_id))
            for table, stored in ((batch_table, batches), (undo_batches, undone)):
                for batch in stored:
                    connection.execute(insert(table).values(batch_record(plan.id, batch)))

    def get(self, plan_id: str = "plan") -> Plan:
        plan = self.plans.get(plan_id)
        assert plan is not None
        return plan

    def claim(self, plan_id: str = "plan") -> Lease:
        """A lease on the plan, whatever its state."""
        claimed = self.leases.claim(ALL_STATES, only=plan_id)
        assert claimed is not None
        return claimed.lease

    def proposed(self, plan_id: str = "plan", **request: Any) -> Plan:
        """A plan that went the regular way to its proposal."""
        self.plans.add(new_plan(plan_id, **request), who="UASKER")
        lease = self.claim(plan_id)
        assert self.plans.propose(lease, PROPOSAL, state=PlanState.PROPOSED, now=NOW)
        self.leases.release(lease, wake_in_seconds=None)
        return self.get(plan_id)

    def change(self, plan_id: str = "plan", **columns: Any) -> None:
        """Set columns behind the store's back."""
        with self.database.write() as connection:
            assert connection.execute(update(plans).where(plans.c.id == plan_id).values(**columns)).rowcount == 1

    def column(self, name: str, plan_id: str = "plan") -> Any:
        with self.database.read() as connection:
            return connection.execute(select(plans.c[name]).where(plans.c.id == plan_id)).scalar_one()

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        with self.database.read() as connection:
            return {
                table.name: [
                    dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
                ]
                for table in metadata.sorted_tables
            }

    def steps(self, plan_id: str = "plan") -> list[tuple[str, str | None, str]]:
        """(who, from, to) of every event of a plan."""
        return [(event["who"], event["from_state"], event["to_state"]) for event in self.events(plan_id)]

    def events(self, plan_id: str = "plan") -> list[dict[str, Any]]:
        """Every line of a plan's audit trail, oldest first."""
        return [event for event in self.everything()["events"] if event["plan_id"] == plan_id]


def _decided(plan: Plan) -> dict[str, Any]:
    """The columns that a new plan has not yet."""
    proposal = Proposal(
        counts=plan.counts,
        shares=plan.shares,
        left_out=plan.left_out,
        notes=plan.notes,
        without_room=plan.without_room,
    )
    later = ("expires_at", "reason", "decided_by", "decided_at", "stopped_by", "superseded_by", "finished_at")
    shown = ("message_ts", "message_url", "undone_by", "undone_from")
    columns: dict[str, Any] = {name: getattr(plan, name) for name in (*later, *shown)}
    return proposal_record(proposal) | columns | {"drift": [[reason.value, count] for reason, count in plan.drift]}


@contextmanager
def opened(
    url: str, *, owner: str = "worker", pool_size: int = POOL_SIZE, patience_ms: int = BUSY_TIMEOUT_MS
) -> Iterator[Store]:
    """A store on a database of its own, or on one that an earlier test has closed."""
    key = url, pool_size, patience_ms
    known = next((one for one in _closed if one[0] == key), None)
    if known is None:
        known = key, Database(url, pool_size=pool_size, patience_ms=patience_ms)
    else:
        _closed.remove(known)
    try:
        yield Store(known[1], url=url, owner=owner)
    finally:
        known[1].close()
        _closed.append(known)


def new_plan(plan_id: str = "plan", *, created_at: datetime = NOW, **request: Any) -> Plan:
    """A plan as it is asked for."""
    asked = PlanRequest(
        queue="default",
        project_id=PROJECT,
        tag="needs-review",
        days=7,
        reviewers=("ana@example.com", BO.id),
        limit=None,
        dry_run=False,
        origin=Origin.SCHEDULE,
        requested_by="UASKER",
        channel="C0REVIEWS",
        response_url="https://hooks.example.com/1",
    )
    window = Window(created_at - timedelta(days=7), created_at)
    return Plan(plan_id, replace(asked, **request), window, PlanState.READING, created_at=created_at)


def together(*acts: Callable[[], T]) -> list[T]:
    """The results of `acts`, each begun by a thread of its own at the same moment; their errors are raised."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], T]) -> T:
        barrier.wait(timeout=60)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))
