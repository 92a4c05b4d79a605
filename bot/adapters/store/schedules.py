"""Stored schedules: the `ScheduleBook` and `FiringBook` ports on a database."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.tables import plans, schedules, surfaces
from bot.adapters.store.transitions import BOT, add_plan
from bot.domain.plan import Plan, PlanState
from bot.domain.schedule import BY_SETTINGS, Outcome, Schedule
from bot.domain.surfaces import Surface
from bot.domain.weekly import parsed_weekly

TELLING = timedelta(minutes=5)
"""How long one process has to tell somebody, before another one does."""


class ScheduleStore:
    """Schedules, each fired once for each of its times."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Schedule, ...]:
        return self._found(_query().order_by(schedules.c.queue, schedules.c.id))

    def get(self, schedule_id: str) -> Schedule | None:
        return next(iter(self._found(_query().where(schedules.c.id == schedule_id))), None)

    def add(self, schedule: Schedule) -> bool:
        with self._database.write() as connection:
            return _added(connection, schedule)

    def change(self, before: Schedule, after: Schedule, *, now: datetime) -> bool:
        values = {name: value for name, value in _record(after).items() if name in _CHANGING}
        values["tell_at"] = now if after.trouble else None
        with self._database.write() as connection:
            return connection.execute(update(schedules).where(_unchanged(before)).values(values)).rowcount == 1

    def remove(self, schedule_id: str) -> bool:
        with self._database.write() as connection:
            return connection.execute(delete(schedules).where(schedules.c.id == schedule_id)).rowcount == 1

    def sync(self, wanted: Schedule | None) -> None:
        mine = schedules.c.id == BY_SETTINGS
        query = select(schedules.c.weekly, schedules.c.channel).where(mine).with_for_update()
        with self._database.write() as connection:
            stored = connection.execute(query).one_or_none()
            if wanted is not None and stored is not None and stored.weekly == str(wanted.weekly):
                if stored.channel != wanted.channel:
                    connection.execute(update(schedules).where(mine).values(channel=wanted.channel))
                return
            connection.execute(delete(schedules).where(mine))
            if wanted is not None:
                _added(connection, wanted)  # or another process stores the same

    def due(self, *, now: datetime) -> tuple[Schedule, ...]:
        return self._found(_query().where(schedules.c.next_fire_at <= now).order_by(schedules.c.next_fire_at))

    def fire(self, schedule: Schedule, *, next_fire_at: datetime, plan: Plan | None, fire_key: str) -> bool:
        with self._database.write() as connection:
            moved = {"next_fire_at": next_fire_at, "paused_until": None}
            if connection.execute(update(schedules).where(_unchanged(schedule)).values(moved)).rowcount != 1:
                return False
            known = connection.execute(select(plans.c.id).where(plans.c.fire_key == fire_key)).scalar_one_or_none()
            if plan is not None and known is None:
                add_plan(connection, plan, who=BOT, fire_key=fire_key)
            made = known or (plan.id if plan else None)
            outcome = {"last_at": schedule.next_fire_at, "last_plan": made}
            connection.execute(update(schedules).where(schedules.c.id == schedule.id).values(outcome))
        return plan is not None and known is None

    def refused(self) -> tuple[tuple[Schedule, str], ...]:
        not_posted = (surfaces.c.surface == Surface.MESSAGE, surfaces.c.ts.is_(None), surfaces.c.problem.is_not(None))
        theirs = (schedules.c.owner.is_not(None), schedules.c.next_fire_at.is_not(None))
        joined = _query().add_columns(surfaces.c.problem).join(surfaces, surfaces.c.plan_id == schedules.c.last_plan)
        with self._database.read() as connection:
            rows = connection.execute(joined.where(*not_posted, *theirs)).all()
        return tuple((_schedule(row), row.problem) for row in rows)

    def claim_trouble(self, *, now: datetime) -> Schedule | None:
        waiting = select(schedules.c.id, schedules.c.tell_at).where(schedules.c.tell_at <= now).limit(1)
        with self._database.write() as connection:
            found = connection.execute(waiting).one_or_none()
            if found is None or not _put_off(connection, found, now + TELLING):
                return None
        return self.get(found.id)

    def told(self, schedule: Schedule) -> None:
        mine = (schedules.c.id == schedule.id) & (schedules.c.trouble == schedule.trouble)
        with self._database.write() as connection:
            connection.execute(update(schedules).where(mine).values(tell_at=None))

    def _found(self, query: Select[Any]) -> tuple[Schedule, ...]:
        with self._database.read() as connection:
            return tuple(_schedule(row) for row in connection.execute(query))


_CHANGING = ("next_fire_at", "paused_until", "trouble", "last_at", "last_plan")


def _added(connection: Connection, schedule: Schedule) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(schedules).values(_record(schedule)))
    except IntegrityError:
        return False
    return True


def _put_off(connection: Connection, found: Row[Any, Any], until: datetime) -> bool:
    mine = (schedules.c.id == found.id) & (schedules.c.tell_at == found.tell_at)
    return connection.execute(update(schedules).where(mine).values(tell_at=until)).rowcount == 1


def _query() -> Select[Any]:
    return select(schedules, plans.c.state).join(plans, plans.c.id == schedules.c.last_plan, isouter=True)


def _unchanged(schedule: Schedule) -> ColumnElement[bool]:
    """Whether the stored schedule neither fired nor was changed since it was read."""
    stands_at = schedules.c.next_fire_at.is_not_distinct_from(schedule.next_fire_at)
    return (schedules.c.id == schedule.id) & stands_at


def _record(schedule: Schedule) -> dict[str, Any]:
    return {
        "id": schedule.id,
        "weekly": str(schedule.weekly),
        "queue": schedule.queue,
        "channel": schedule.channel,
        "owner": schedule.owner,
        "next_fire_at": schedule.next_fire_at,
        "paused_until": schedule.paused_until,
        "trouble": schedule.trouble,
        "last_at": schedule.last.at if schedule.last else None,
        "last_plan": schedule.last.plan_id if schedule.last else None,
    }


def _schedule(row: Row[Any]) -> Schedule:
    state = PlanState(row.state) if row.state else None
    return Schedule(
        row.id,
        parsed_weekly(row.weekly),
        row.queue,
        row.channel,
        owner=row.owner,
        next_fire_at=row.next_fire_at,
        paused_until=row.paused_until,
        trouble=row.trouble,
        last=Outcome(row.last_at, row.last_plan, state) if row.last_at else None,
    )
