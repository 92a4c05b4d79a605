"""Stored surfaces: the `SurfaceBook` port on a database."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.tables import database_clock, plans, surfaces
from bot.adapters.store.transitions import change, in_state, owned, recorded_patiently
from bot.domain.plan import PlanState
from bot.domain.surfaces import Shown, Surface
from bot.services.ports.work import Lease

REMINDED_BEFORE = timedelta(hours=1)


class SurfaceStore:
    """One row for each surface of a plan that was tried to be shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, plan_id: str) -> dict[Surface, Shown]:
        query = select(surfaces).where(surfaces.c.plan_id == plan_id)
        with self._database.read() as connection:
            return {
                Surface(row.surface): Shown(row.ts, row.drawn, row.drawn_at, row.problem, row.tries, row.retry_at)
                for row in connection.execute(query)
            }

    def note_copy(self, plan_id: str, *, channel: str, ts: str) -> bool:
        mine = (plans.c.id == plan_id) & (plans.c.channel == channel)
        place = select(plans.c.message_ts).where(mine).with_for_update()
        places = select(surfaces.c.ts).where(surfaces.c.plan_id == plan_id)
        with self._database.write() as connection:
            plan = connection.execute(place).one_or_none()
            if plan is None or ts == plan.message_ts or ts in connection.execute(places).scalars().all():
                return False
            _put(connection, plan_id, Surface.COPY, Shown(ts))
            return change(connection, (mine,))

    def record(self, lease: Lease, surface: Surface, shown: Shown) -> None:
        recorded_patiently(self._record, lease, surface, shown)

    def link(self, lease: Lease, url: str | None) -> None:
        with owned(self._database, lease) as (connection, row):
            connection.execute(update(plans).where(plans.c.id == row.id).values(message_url=url))
            replaced = update(plans).where(plans.c.superseded_by == row.id)
            connection.execute(replaced.values(revision=plans.c.revision + 1))

    def rest(self, lease: Lease, seconds: float) -> None:
        with owned(self._database, lease) as (connection, row):
            this = update(plans).where(plans.c.id == row.id)
            connection.execute(this.values(draw_at=database_clock() + seconds))

    def remind(self, *, now: datetime) -> int:
        is_reminded = surfaces.c.plan_id == plans.c.id, surfaces.c.surface == Surface.REMINDER
        expiring = plans.c.expires_at.between(now, now + REMINDED_BEFORE)
        due = select(plans.c.id, plans.c.created_at, plans.c.expires_at).where(
            plans.c.state == PlanState.PROPOSED, expiring, ~exists().where(*is_reminded)
        )
        with self._database.write() as connection:
            found = connection.execute(due).all()
            return sum(
                _ask_for_reminder(connection, plan.id)
                for plan in found
                if plan.expires_at - plan.created_at >= 2 * REMINDED_BEFORE  # it was not posted a moment ago
            )

    def drawn(self, lease: Lease, revision: int) -> None:
        with owned(self._database, lease) as (connection, row):
            connection.execute(update(plans).where(plans.c.id == row.id).values(drawn=revision))

    def _record(self, lease: Lease, surface: Surface, shown: Shown) -> None:
        with owned(self._database, lease) as (connection, plan):
            _put(connection, plan.id, surface, shown)
            this = update(plans).where(plans.c.id == plan.id)
            if surface is Surface.MESSAGE and shown.ts is not None and plan.message_ts is None:
                connection.execute(this.values(message_ts=shown.ts))
            if surface is Surface.NOTE and shown.drawn_at is not None:  # a capability, and not needed any more
                connection.execute(this.values(response_url=None))


def _put(connection: Connection, plan_id: str, surface: Surface, shown: Shown) -> None:
    mine = (surfaces.c.plan_id == plan_id) & (surfaces.c.surface == surface)
    connection.execute(delete(surfaces).where(mine))
    connection.execute(insert(surfaces).values(plan_id=plan_id, surface=surface, **asdict(shown)))


def _ask_for_reminder(connection: Connection, plan_id: str) -> bool:
    """Note that a plan owes a reminder, and have it drawn; False when another process was first."""
    try:
        with connection.begin_nested():
            connection.execute(insert(surfaces).values(plan_id=plan_id, surface=Surface.REMINDER, tries=0))
            return change(connection, in_state(plan_id, PlanState.PROPOSED))
    except IntegrityError:
        return False
