"""Stored schedules: the `Schedules` port on a database."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.tables import plans, schedules
from bot.adapters.store.transitions import BOT, add_plan
from bot.domain.plan import Plan


class ScheduleStore:
    """When weekly plans are due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sync(self, schedule_id: str, weekly: str, *, next_fire_at: datetime | None) -> None:
        mine = schedules.c.id == schedule_id
        with self._database.write() as connection:
            stored = connection.execute(select(schedules.c.weekly).where(mine).with_for_update()).scalar_one_or_none()
            if stored == weekly and next_fire_at is not None:
                return
            connection.execute(delete(schedules).where(mine))
            if next_fire_at is not None:
                values = {"id": schedule_id, "weekly": weekly, "next_fire_at": next_fire_at}
                with suppress(IntegrityError), connection.begin_nested():  # another process may store the same
                    connection.execute(insert(schedules).values(**values))

    def due(self, *, now: datetime) -> tuple[tuple[str, str, datetime], ...]:
        query = select(schedules).where(schedules.c.next_fire_at <= now)
        with self._database.read() as connection:
            return tuple((row.id, row.weekly, row.next_fire_at) for row in connection.execute(query))

    def fire(
        self, schedule_id: str, *, was_due: datetime, next_fire_at: datetime, plan: Plan | None, fire_key: str
    ) -> bool:
        mine = (schedules.c.id == schedule_id) & (schedules.c.next_fire_at == was_due)
        with self._database.write() as connection:
            if connection.execute(update(schedules).where(mine).values(next_fire_at=next_fire_at)).rowcount != 1:
                return False
            known = connection.execute(select(plans.c.id).where(plans.c.fire_key == fire_key)).first()
            if plan is not None and known is None:
                add_plan(connection, plan, who=BOT, fire_key=fire_key)
        return plan is not None and known is None
