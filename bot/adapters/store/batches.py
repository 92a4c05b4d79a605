"""Stored batches: the `BatchBook` port on a database."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.records import batch_of, batch_outcome, batch_record, plan_of
from bot.adapters.store.tables import batches, plans
from bot.adapters.store.transitions import owned
from bot.domain.plan import Batch, BatchState, Plan, PlanState, Progress
from bot.metrics import ROWS
from bot.services.ports.work import Lease

_POSSIBLY_WRITTEN = (
    BatchState.SENDING,
    BatchState.UNKNOWN,
    BatchState.WRITTEN,
    BatchState.CONFIRMED,
)


class BatchStore:
    """Batches, from planned to written: those of assignments in one table, those of undos in another."""

    def __init__(self, database: Database, table: Table = batches) -> None:
        self._database = database
        self._table = table

    def of(self, plan_id: str) -> tuple[Batch, ...]:
        query = select(self._table).where(self._table.c.plan_id == plan_id).order_by(self._table.c.seq)
        with self._database.read() as connection:
            return tuple(batch_of(row) for row in connection.execute(query))

    def add(self, lease: Lease, new: Sequence[Batch]) -> None:
        with owned(self._database, lease) as (connection, row):
            first = self._next_number(connection, row.id)
            records = [batch_record(row.id, replace(batch, seq=number)) for number, batch in enumerate(new, first)]
            if records:
                connection.execute(insert(self._table), records)

    def recover(self, lease: Lease, *, now: datetime) -> None:
        lost = (self._table.c.plan_id == lease.plan_id) & (self._table.c.state == BatchState.SENDING)
        values = {"state": BatchState.UNKNOWN, "attempt_ended_at": now}
        with owned(self._database, lease) as (connection, _row):
            connection.execute(update(self._table).where(lost).values(**values))

    def save(self, lease: Lease, changed: Iterable[Batch], *, progress: Progress | None = None) -> Plan:
        changed = list(changed)
        records = [{"at_seq": batch.seq, **batch_outcome(batch)} for batch in changed]
        with owned(self._database, lease) as (connection, row):
            if records:
                mine = (self._table.c.plan_id == lease.plan_id) & (self._table.c.seq == bindparam("at_seq"))
                connection.execute(update(self._table).where(mine), records)
            if progress is not None:
                connection.execute(update(plans).where(plans.c.id == row.id).values(progress=asdict(progress)))
        for batch in changed:
            self._count(batch)
        plan = plan_of(row)
        return plan if progress is None else replace(plan, progress=progress)

    def split(self, lease: Lease, halves: tuple[Batch, Batch]) -> tuple[Batch, Batch]:
        first, second = halves
        with owned(self._database, lease) as (connection, row):
            second = replace(second, seq=self._next_number(connection, row.id))
            mine = (self._table.c.plan_id == row.id) & (self._table.c.seq == first.seq)
            connection.execute(update(self._table).where(mine).values(rows=first.rows, **batch_outcome(first)))
            connection.execute(insert(self._table).values(batch_record(row.id, second)))
        return first, second

    def recently_written(self, plan: Plan, *, since: datetime) -> frozenset[str]:
        return frozenset(row_id for batch in self._of_others(plan, since=since) for row_id, _ in batch.kept)

    def written_later(self, plan: Plan) -> frozenset[str]:
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

    def _count(self, batch: Batch) -> None:
        """A batch that is settled, or failed, for the metrics."""
        written = "assigned" if self._table is batches else "taken back"
        if batch.state is BatchState.CONFIRMED:
            ROWS.labels(outcome=written).inc(len(batch.kept))
            ROWS.labels(outcome="left alone").inc(len(batch.dropped))
        elif batch.state is BatchState.FAILED:
            ROWS.labels(outcome="failed").inc(len(batch.kept))

    def _next_number(self, connection: Connection, plan_id: str) -> int:
        last = select(func.max(self._table.c.seq)).where(self._table.c.plan_id == plan_id)
        return int(connection.execute(last).scalar_one() or 0) + 1

    def _of_others(self, plan: Plan, *, since: datetime) -> list[Batch]:
        """The batches that other plans of the project wrote, or may have written, after `since`."""
        query = (
            select(batches)
            .join(plans)
            .where(
                plans.c.project_id == plan.request.project_id,
                plans.c.id != plan.id,
                plans.c.state != PlanState.UNDONE,
                batches.c.state.in_(_POSSIBLY_WRITTEN),
                batches.c.attempt_began_at >= since,
            )
        )
        with self._database.read() as connection:
            return [batch_of(row) for row in connection.execute(query)]
