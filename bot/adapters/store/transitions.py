"""Changes of plans in the database: under the row's lock, guarded, with one line in `events`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.adapters.store.database import Database
from bot.adapters.store.journal import Entry, enter
from bot.adapters.store.records import plan_of, plan_record
from bot.adapters.store.tables import events, plans
from bot.domain.plan import Plan, PlanState
from bot.errors import LeaseLostError, StoreUnavailableError
from bot.services.ports.work import Lease

BOT = "bot"  # who made a change that no person made
Guard = tuple[ColumnElement[bool], ...]

# Keeps a record of what Slack has, for a while if need be: what is not recorded is posted again.
recorded_patiently = Retrying(
    retry=retry_if_exception_type(StoreUnavailableError),
    stop=stop_after_delay(15.0),
    wait=wait_fixed(0.5),
    reraise=True,
)


def in_state(plan_id: str, *states: PlanState) -> Guard:
    """The guard that lets a change of one plan through only from these states."""
    return plans.c.id == plan_id, plans.c.state.in_(states)


@contextmanager
def owned(database: Database, lease: Lease) -> Iterator[tuple[Connection, Row[Any]]]:
    """A transaction that first locks the plan's row and checks the fence; raises `LeaseLostError`."""
    with database.write() as connection:
        yield connection, locked(connection, lease)


def locked(connection: Connection, lease: Lease) -> Row[Any]:
    """The plan's row, locked, under a lease that still counts; raises `LeaseLostError`."""
    row = connection.execute(select(plans).where(plans.c.id == lease.plan_id).with_for_update()).one_or_none()
    if row is None or row.fence != lease.fence:
        raise LeaseLostError("Another process took over this plan.")
    return row


def one_at_a_time(connection: Connection, plan: Plan) -> None:
    """Let only one transaction at a time decide which plan of a queue is the live one.

    SQLite has one writer anyway.  On PostgreSQL this comes before any row is locked, or two transactions could wait
    for each other.
    """
    if connection.dialect.name == "postgresql":
        key = f"{plan.request.queue} {plan.request.tag}"
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))


@dataclass(frozen=True, slots=True)
class Act:
    """An act of somebody, or of the bot; `token` is by which it is known again if its COMMIT is not answered."""

    who: str
    at: datetime
    token: str | None = None


def move(
    connection: Connection,
    guard: Guard,
    act: Act,
    *,
    to: PlanState,
    noted: Mapping[str, int] | None = None,
    why: str | None = None,
    **values: Any,
) -> bool:
    """One transition, with the counts `noted` and the reason beside it; False when the guard held it off.

    The reason in the audit trail is `why`, else the one that the plan gets.
    """
    columns = (plans.c.id, plans.c.state, plans.c.reason)
    row = connection.execute(select(*columns).where(*guard).with_for_update()).one_or_none()
    if row is None or not change(connection, guard, state=to, faults=None, **values):
        return False
    reason = why or values.get("reason", row.reason if to is PlanState.FAILED else None)
    note(connection, act, Entry(row.id, act.who, row.state, to, noted or {}, reason))
    return True


def change(connection: Connection, guard: Guard, **values: Any) -> bool:
    """One guarded UPDATE that people will see: it bumps the revision and wakes the worker."""
    news = {"revision": plans.c.revision + 1, "wake_at": None, "draw_at": None}
    return connection.execute(update(plans).where(*guard).values(**news, **values)).rowcount == 1


def note(connection: Connection, act: Act, entry: Entry) -> None:
    """One line of the audit trail, and of the log."""
    states = {"from_state": entry.before, "to_state": entry.after}
    values = {"plan_id": entry.plan_id, "at": act.at, "who": act.who, **states, "reason": entry.reason}
    connection.execute(insert(events).values(**values, counts=dict(entry.counts), token=act.token))
    enter(connection, entry)


def add_plan(connection: Connection, plan: Plan, *, who: str, fire_key: str | None = None) -> None:
    """Insert a plan and supersede earlier readings of its queue: a newer question makes their answer useless."""
    one_at_a_time(connection, plan)
    connection.execute(insert(plans).values(**plan_record(plan), fire_key=fire_key))
    act = Act(who, plan.created_at)
    note(connection, act, Entry(plan.id, who, None, plan.state, {}, None))
    if not plan.request.dry_run:
        supersede(connection, plan, PlanState.READING, who=who, now=plan.created_at)


def live_twin(connection: Connection, plan: Plan) -> Plan | None:
    """A plan that is being read or waits for approval, and answers exactly what `plan` asks; None without one."""
    live = [PlanState.READING, PlanState.PROPOSED]
    asked = plan.request
    query = select(plans).where(
        plans.c.project_id == asked.project_id,
        plans.c.tag == asked.tag,
        plans.c.channel == asked.channel,
        plans.c.state.in_(live),
        plans.c.expires_at.is_(None) | (plans.c.expires_at > plan.created_at),
    )
    candidates = [plan_of(row) for row in connection.execute(query.order_by(plans.c.created_at.desc()))]
    return next((twin for twin in candidates if twin.request.subject == asked.subject), None)


def supersede(connection: Connection, newer: Plan, state: PlanState, *, who: str, now: datetime) -> None:
    """Replace the other plans of the same queue and tag that are in `state`; dry runs are left alone.

    A plan in direct messages, which one person sees, replaces only others that stand there.
    """
    asked = newer.request
    replaced = [plans.c.queue == asked.queue, plans.c.tag == asked.tag, plans.c.dry_run.is_(False)]
    if asked.is_direct:
        replaced.append(plans.c.channel == asked.channel)
    older = select(plans.c.id).where(*replaced, plans.c.id != newer.id, plans.c.state == state)
    for plan_id in connection.execute(older.order_by(plans.c.id)).scalars().all():
        guard = in_state(plan_id, state)
        move(connection, guard, Act(who, now), to=PlanState.SUPERSEDED, superseded_by=newer.id)
