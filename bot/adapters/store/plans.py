"""Stored plans: the ports of `services.ports.plans` on a database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.decisions import DecisionStore, certain
from bot.adapters.store.people import balances_of, keep_balances
from bot.adapters.store.records import batch_record, plan_of, proposal_record, shares_record
from bot.adapters.store.tables import batches, events, plans, reasons
from bot.adapters.store.transitions import (
    BOT,
    Act,
    add_plan,
    in_state,
    live_twin,
    locked,
    move,
    one_at_a_time,
    owned,
    supersede,
)
from bot.domain.plan import (
    NO_PROPOSAL,
    NOT_BEGUN,
    RESTING,
    WRITING,
    Event,
    Origin,
    Plan,
    PlanState,
    Progress,
    Proposal,
)
from bot.domain.row_changes import Revision
from bot.services.ports.work import Lease


class PlanStore(DecisionStore):
    """Plans, and every transition between their states."""

    def add(self, plan: Plan, *, who: str) -> Plan:
        def added(connection: Connection) -> Plan:
            one_at_a_time(connection, plan)
            twin = live_twin(connection, plan) if plan.request.origin is Origin.COMMAND else None
            if twin is None:
                add_plan(connection, plan, who=who)
            return twin or plan

        def is_stored(connection: Connection) -> bool:
            one_at_a_time(connection, plan)
            return connection.execute(select(plans.c.id).where(plans.c.id == plan.id)).first() is not None

        return certain(self._database, added, is_stored=is_stored)

    def get(self, plan_id: str) -> Plan | None:
        with self._database.read() as connection:
            row = connection.execute(select(plans).where(plans.c.id == plan_id)).one_or_none()
        return plan_of(row) if row else None

    def expire(self, *, now: datetime) -> int:
        overdue = select(plans.c.id).where(plans.c.state == PlanState.PROPOSED, plans.c.expires_at <= now)
        with self._database.write() as connection:
            found = connection.execute(overdue).scalars().all()
            return sum(
                move(connection, in_state(plan_id, PlanState.PROPOSED), Act(BOT, now), to=PlanState.EXPIRED)
                for plan_id in found
            )

    def forget(self, *, before: datetime) -> int:
        old = plans.c.state.in_(RESTING) & (plans.c.created_at < before)
        locked_ids = select(plans.c.id).where(old).order_by(plans.c.id).with_for_update()
        with self._database.write() as connection:
            doomed = plans.c.id.in_(connection.execute(locked_ids).scalars().all())
            keep_balances(connection, doomed)
            return connection.execute(delete(plans).where(doomed)).rowcount

    def unfinished(self, who: str) -> list[Plan]:
        """The plans that `who` began to write, or to take back, and that have not ended, oldest first."""
        is_written = plans.c.state.in_(WRITING) & (plans.c.decided_by == who)
        is_undone = (plans.c.state == PlanState.UNDOING) & (plans.c.undone_by == who)
        with self._database.read() as connection:
            rows = connection.execute(select(plans).where(is_written | is_undone).order_by(plans.c.created_at)).all()
        return [plan_of(row) for row in rows]

    def history(self, plan_id: str) -> list[Event]:
        """Every transition of a plan, oldest first."""
        query = select(events).where(events.c.plan_id == plan_id).order_by(events.c.id)
        with self._database.read() as connection:
            return [
                Event(row.at, row.who, row.from_state, row.to_state, dict(row.counts), row.reason)
                for row in connection.execute(query)
            ]

    def recent(self, *, most: int = 50) -> list[Plan]:
        """The newest plans, newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(plans).order_by(plans.c.created_at.desc()).limit(most)).all()
        return [plan_of(row) for row in rows]

    def balances(self, queue: str, tag: str) -> dict[str, Fraction]:
        with self._database.read() as connection:
            return balances_of(connection, queue, tag)

    def reasons(self, plan_id: str) -> dict[str, str]:
        query = select(reasons.c.by_row).where(reasons.c.plan_id == plan_id)
        with self._database.read() as connection:
            return dict(connection.execute(query).scalar_one_or_none() or {})

    def record_progress(self, lease: Lease, progress: Progress) -> Plan:
        with owned(self._database, lease) as (connection, row):
            connection.execute(update(plans).where(plans.c.id == row.id).values(progress=asdict(progress)))
        return replace(plan_of(row), progress=progress)

    def propose(self, lease: Lease, proposal: Proposal, *, state: PlanState, now: datetime) -> bool:
        with self._live_changes(lease) as (connection, row):
            if not _end_reading(connection, row.id, proposal, state=state, reason=None, now=now):
                return False
            if state is PlanState.PROPOSED:
                supersede(connection, plan_of(row), state, who=row.requested_by or BOT, now=now)
            connection.execute(insert(batches), [batch_record(row.id, batch) for batch in proposal.batches])
            if proposal.reasons:
                connection.execute(insert(reasons).values(plan_id=row.id, by_row=dict(proposal.reasons)))
        return True

    def end_reading(
        self,
        lease: Lease,
        *,
        state: PlanState,
        reason: str | None,
        now: datetime,
        proposal: Proposal = NO_PROPOSAL,
    ) -> bool:
        with owned(self._database, lease) as (connection, row):
            return _end_reading(connection, row.id, proposal, state=state, reason=reason, now=now)

    def another_is_written(self, plan: Plan) -> bool:
        busy = select(plans.c.id).where(plans.c.writing_project == plan.request.project_id, plans.c.id != plan.id)
        with self._database.read() as connection:
            return connection.execute(busy).first() is not None

    def propose_again(self, lease: Lease, revised: Revision, *, expires_at: datetime, now: datetime) -> None:
        with self._live_changes(lease) as (connection, row):
            values = {
                "version": row.version + 1,
                "edition": row.edition + 1,
                "shares": shares_record(revised.shares),
                "drift": revised.drift,
                "expires_at": expires_at,
                "decided_by": None,
                "decided_at": None,
                "stopped_by": None,
            }
            noted = {str(reason): count for reason, count in revised.drift}
            guard = in_state(row.id, PlanState.CHECKING)
            if move(connection, guard, Act(BOT, now), to=PlanState.PROPOSED, noted=noted, **values):
                supersede(connection, plan_of(row), PlanState.PROPOSED, who=row.requested_by or BOT, now=now)
                connection.execute(delete(batches).where(batches.c.plan_id == row.id))
                connection.execute(insert(batches), [batch_record(row.id, batch) for batch in revised.batches])

    def begin_running(self, lease: Lease, *, now: datetime) -> bool:
        with owned(self._database, lease) as (connection, row):
            busy = select(plans.c.id).where(plans.c.writing_project == row.project_id, plans.c.id != row.id)
            if connection.execute(busy).first():
                return False
            guard = in_state(row.id, PlanState.CHECKING)
            try:
                with connection.begin_nested():
                    values = {"writing_project": row.project_id}
                    return move(connection, guard, Act(BOT, now), to=PlanState.RUNNING, **values)
            except IntegrityError:
                return False  # another plan began at the same moment

    def begin_reporting(self, lease: Lease, *, reason: str | None, now: datetime) -> None:
        with owned(self._database, lease) as (connection, row):
            guard = in_state(row.id, PlanState.RUNNING)
            move(connection, guard, Act(BOT, now), to=PlanState.REPORTING, reason=reason)

    def finish(
        self, lease: Lease, *, state: PlanState, counts: Mapping[str, int], why: str | None = None, now: datetime
    ) -> None:
        with owned(self._database, lease) as (connection, row):
            guard = in_state(row.id, PlanState.REPORTING)
            ended: dict[str, Any] = {"writing_project": None, "finished_at": now}
            move(connection, guard, Act(BOT, now), to=state, noted=counts, why=why, **ended)

    def occupy(self, lease: Lease) -> bool:
        with owned(self._database, lease) as (connection, row):
            try:
                with connection.begin_nested():
                    mine = update(plans).where(plans.c.id == row.id)
                    connection.execute(mine.values(writing_project=row.project_id))
            except IntegrityError:
                return False
        return True

    def end_undo(
        self, lease: Lease, *, state: PlanState, reason: str | None, counts: Mapping[str, int], now: datetime
    ) -> None:
        with owned(self._database, lease) as (connection, row):
            guard = in_state(row.id, PlanState.UNDOING)
            move(connection, guard, Act(BOT, now), to=state, noted=counts, reason=reason, writing_project=None)

    @contextmanager
    def _live_changes(self, lease: Lease) -> Iterator[tuple[Connection, Row[Any]]]:
        """A transaction that may change which plan of a queue is the live one."""
        plan = self.get(lease.plan_id)
        with self._database.write() as connection:
            if plan is not None:
                one_at_a_time(connection, plan)
            yield connection, locked(connection, lease)


def _end_reading(
    connection: Connection, plan_id: str, proposal: Proposal, *, state: PlanState, reason: str | None, now: datetime
) -> bool:
    noted = asdict(replace(proposal.counts, statuses=()))
    del noted["statuses"]  # the audit trail has them one by one
    noted |= {f"status {status}": count for status, count in proposal.counts.statuses}
    return move(
        connection,
        in_state(plan_id, PlanState.READING),
        Act(BOT, now),
        to=state,
        noted=noted,
        expires_at=proposal.expires_at,
        reason=reason,
        progress=asdict(NOT_BEGUN),
        **proposal_record(proposal),
    )
