"""What became of rows that are taken back: the `Undos` port on a database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from sqlalchemy import delete, insert, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.records import plan_of
from bot.adapters.store.tables import plans, undos
from bot.adapters.store.transitions import owned
from bot.domain.model import Plan, Progress
from bot.domain.undo import Unassignment, UndoState
from bot.services.ports import Lease


class UndoStore:
    """Rows, in the parts in which they are taken back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, plan_id: str) -> dict[str, UndoState]:
        """What is known of each row; a row that is missing was not dealt with yet."""
        with self._database.read() as connection:
            parts = connection.execute(select(undos.c.states).where(undos.c.plan_id == plan_id)).scalars().all()
        return {row_id: UndoState(state) for part in parts for row_id, state in part.items()}

    def arrange(self, lease: Lease, parts: Sequence[Mapping[str, UndoState]]) -> None:
        """Replace what is stored by `parts`, numbered from 0; raises `LeaseLostError`."""
        with owned(self._database, lease) as (connection, row):
            connection.execute(delete(undos).where(undos.c.plan_id == row.id))
            for number, states in enumerate(parts):
                connection.execute(insert(undos).values(plan_id=row.id, part=number, states=_written(states)))

    def remember_form(self, lease: Lease, form: Unassignment) -> None:
        """Keep the form in which Braintrust takes the plan's assignments back; raises `LeaseLostError`."""
        with owned(self._database, lease) as (connection, row):
            connection.execute(update(plans).where(plans.c.id == row.id).values(unassignment=form.value))

    def save(self, lease: Lease, part: int, states: Mapping[str, UndoState], *, progress: Progress) -> Plan:
        """Store what is known of one part of the rows; the plan as it is now; raises `LeaseLostError`."""
        mine = (undos.c.plan_id == lease.plan_id) & (undos.c.part == part)
        values = {"plan_id": lease.plan_id, "part": part, "states": _written(states)}
        with owned(self._database, lease) as (connection, row):
            connection.execute(delete(undos).where(mine))
            connection.execute(insert(undos).values(**values))
            connection.execute(update(plans).where(plans.c.id == row.id).values(progress=asdict(progress)))
        return replace(plan_of(row), progress=progress)


def _written(states: Mapping[str, UndoState]) -> dict[str, str]:
    return {row_id: state.value for row_id, state in states.items()}
