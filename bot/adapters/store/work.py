"""The work on plans in the database: leases and fences by its own clock, and the faults that were met."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.journal import Entry
from bot.adapters.store.tables import database_clock, plans
from bot.adapters.store.transitions import BOT, Act, in_state, move, note, owned
from bot.domain.faults import FaultKind, FaultTally
from bot.domain.plan import NOT_BEGUN, WORKED_ON, PlanState
from bot.domain.rhythm import USUAL, Rhythm
from bot.services.ports.store import Claim
from bot.services.ports.work import Lease


class LeaseStore:
    """Claims plans for one worker."""

    def __init__(self, database: Database, *, owner: str, rhythm: Rhythm = USUAL) -> None:
        self._database = database
        self._seconds = rhythm.lease_seconds
        self._owner = owner

    def claim(self, states: Collection[PlanState], *, only: str | None = None) -> Claim | None:
        """The plan that has waited longest for work in `states`, or (without any) only for being shown.

        Two workers never get the same one: PostgreSQL skips rows that another claim has locked, SQLite has one writer.
        `only` names a single plan.
        """
        waits = plans.c.state.in_(states) if states else _is_only_stale()
        conditions = [_is_free(), waits, *([plans.c.id == only] if only else [])]
        found = select(plans.c.id, plans.c.fence, plans.c.lease_owner, _may_be_drawn().label("may_be_drawn"))
        oldest = found.where(*conditions).order_by(plans.c.created_at).limit(1)
        with self._database.write() as connection:
            row = connection.execute(oldest.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            lease = Lease(row.id, row.fence + 1)
            values = {"lease_owner": self._owner, "lease_until": database_clock() + self._seconds, "fence": lease.fence}
            connection.execute(update(plans).where(plans.c.id == row.id).values(**values))
        return Claim(
            lease, was_abandoned=row.lease_owner not in (None, self._owner), may_be_drawn=bool(row.may_be_drawn)
        )

    def renew(self, lease: Lease) -> bool:
        return self._update(lease, lease_until=database_clock() + self._seconds)

    def release(self, lease: Lease, *, wake_in_seconds: float | None) -> None:
        wake_at = None if wake_in_seconds is None else database_clock() + wake_in_seconds
        self._update(lease, lease_owner=None, lease_until=None, wake_at=wake_at)

    def _update(self, lease: Lease, **values: object) -> bool:
        mine = (
            (plans.c.id == lease.plan_id) & (plans.c.fence == lease.fence) & (plans.c.lease_owner == self._owner)
        )  # the owner is gone once the lease was given back: a late renewal must not revive it
        with self._database.write() as connection:
            return connection.execute(update(plans).where(mine).values(**values)).rowcount == 1


def _is_free() -> ColumnElement[bool]:
    clock = database_clock()
    is_unowned = or_(plans.c.lease_until.is_(None), plans.c.lease_until < clock)
    return is_unowned & or_(plans.c.wake_at.is_(None), plans.c.wake_at <= clock)


def _is_only_stale() -> ColumnElement[bool]:
    """Whether a plan has to be shown, and nothing else is done with it: whoever does shows it, too."""
    is_worked_on = plans.c.state.in_(WORKED_ON | {PlanState.READING})
    return (plans.c.drawn < plans.c.revision) & ~is_worked_on & _may_be_drawn()


def _may_be_drawn() -> ColumnElement[bool]:
    return or_(plans.c.draw_at.is_(None), plans.c.draw_at <= database_clock())


NOT_SHOWN = "not shown"


class FaultStore:
    """Counts faults, and ends what has met too many."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def met(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        with owned(self._database, lease) as (connection, row):
            # How far the plan is: a reading always begins anew, so it gets further only by its end.
            reached = 0 if row.state == PlanState.READING else int(row.progress["rows"])
            faults = FaultTally(**row.faults or {}).and_another(fault, reached=reached)
            if faults.are_too_many(row.state):
                _put_to_rest(connection, row, reason=reason, now=now)
                return None
            _set(connection, row, faults=asdict(faults))
        return faults.pause_seconds

    def met_drawing(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        with owned(self._database, lease) as (connection, row):
            faults = FaultTally(**row.draw_faults or {}).and_another(fault, reached=row.revision)
            if faults.are_too_many(PlanState.REPORTING):
                _give_up_drawing(connection, row, reason=reason, now=now)
                return None
            rested = database_clock() + faults.pause_seconds
            _set(connection, row, draw_faults=asdict(faults), draw_at=rested)
        return faults.pause_seconds


def _put_to_rest(connection: Connection, row: Row[Any], *, reason: str, now: datetime) -> None:
    """End what goes on, as far as possible: what may have been written is counted, and never sent again."""
    reported = PlanState.STOPPED if row.stopped_by else PlanState.PARTIAL
    ends: dict[str, dict[str, Any]] = {
        PlanState.READING: {"to": PlanState.FAILED, "progress": asdict(NOT_BEGUN)},
        PlanState.CHECKING: {"to": PlanState.REPORTING},
        PlanState.RUNNING: {"to": PlanState.REPORTING},
        PlanState.REPORTING: {"to": reported, "writing_project": None, "finished_at": now},
        PlanState.UNDOING: {"to": PlanState(row.undone_from or PlanState.DONE), "writing_project": None},
    }
    if row.state in ends:
        guard = in_state(row.id, PlanState(row.state))
        move(connection, guard, Act(BOT, now), reason=reason, **ends[row.state])
    else:
        _give_up_drawing(connection, row, reason=reason, now=now)


def _give_up_drawing(connection: Connection, row: Row[Any], *, reason: str, now: datetime) -> None:
    _set(connection, row, drawn=row.revision, draw_faults=None, draw_at=None)
    note(connection, Act(BOT, now), Entry(row.id, BOT, None, NOT_SHOWN, {}, reason))


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(plans).where(plans.c.id == row.id).values(**values))
