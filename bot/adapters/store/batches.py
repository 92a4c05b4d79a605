"""Stored batches: the `Batches` port on a database."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.records import batch_of, batch_outcome, batch_record, plan_of
from bot.adapters.store.tables import batches, plans
from bot.adapters.store.transitions import owned
from bot.domain.model import Batch, BatchState, Plan, PlanState, Progress
from bot.services.ports import Lease

_POSSIBLY_WRITTEN = (
    BatchState.SENDING.value,
    BatchState.UNKNOWN.value,
    BatchState.WRITTEN.value,
    BatchState.CONFIRMED.value,
)


class BatchStore:
    """Batches, from planned to written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, plan_id: str) -> tuple[Batch, ...]:
        """All batches of a plan, in order."""
        query = select(batches).where(batches.c.plan_id == plan_id).order_by(batches.c.seq)
        with self._database.read() as connection:
            return tuple(batch_of(row) for row in connection.execute(query))

    def recover(self, lease: Lease, *, now: datetime) -> None:
        """Mark batches whose request was on its way when its process died as unknown."""
        lost = (batches.c.plan_id == lease.plan_id) & (batches.c.state == BatchState.SENDING.value)
        values = {"state": BatchState.UNKNOWN.value, "attempt_ended_at": now}
        with owned(self._database, lease) as (connection, _row):
            connection.execute(update(batches).where(lost).values(**values))

    def save(self, lease: Lease, changed: Iterable[Batch], *, progress: Progress | None = None) -> Plan:
        """Store what became of some batches, in one transaction; the plan as it is now."""
        records = [{"at_seq": batch.seq, **batch_outcome(batch)} for batch in changed]
        with owned(self._database, lease) as (connection, row):
            if records:
                mine = (batches.c.plan_id == lease.plan_id) & (batches.c.seq == bindparam("at_seq"))
                connection.execute(update(batches).where(mine), records)
            if progress is not None:
                connection.execute(update(plans).where(plans.c.id == row.id).values(progress=asdict(progress)))
        plan = plan_of(row)
        return plan if progress is None else replace(plan, progress=progress)

    def split(self, lease: Lease, halves: tuple[Batch, Batch]) -> tuple[Batch, Batch]:
        """Replace a batch that is too large for one request by its halves: the first keeps its number."""
        first, second = halves
        with owned(self._database, lease) as (connection, row):
            last = select(func.max(batches.c.seq)).where(batches.c.plan_id == row.id)
            second = second.renumbered(connection.execute(last).scalar_one() + 1)
            mine = (batches.c.plan_id == row.id) & (batches.c.seq == first.seq)
            connection.execute(update(batches).where(mine).values(rows=first.rows, **batch_outcome(first)))
            connection.execute(insert(batches).values(batch_record(row.id, second)))
        return first, second

    def recently_written(self, plan: Plan, *, since: datetime) -> frozenset[str]:
        """The ids of rows of the plan's project that another plan wrote, or may have written, after `since`."""
        return frozenset(row_id for batch in self._of_others(plan, since=since) for row_id, _ in batch.kept)

    def written_later(self, plan: Plan) -> frozenset[str]:
        """The ids of the plan's rows that another plan wrote, or may have written, after it did."""
        began = {
            row_id: batch.attempt_began_at
            for batch in self.of(plan.id)
            if batch.attempt_began_at is not None
            for row_id, _ in batch.kept
        }
        others = self._of_others(plan, since=min(began.values())) if began else []
        return frozenset(
            row_id
            for batch in others
            if batch.attempt_began_at is not None
            for row_id, _ in batch.kept
            if row_id in began and batch.attempt_began_at > began[row_id]
        )

    def _of_others(self, plan: Plan, *, since: datetime) -> list[Batch]:
        """The batches that other plans of the project wrote, or may have written, after `since`."""
        query = (
            select(batches)
            .join(plans)
            .where(
                plans.c.project_id == plan.request.project_id,
                plans.c.id != plan.id,
                plans.c.state != PlanState.UNDONE.value,
                batches.c.state.in_(_POSSIBLY_WRITTEN),
                batches.c.attempt_began_at >= since,
            )
        )
        with self._database.read() as connection:
            return [batch_of(row) for row in connection.execute(query)]
