"""Stored faults: the `FaultBook` port on a database.

It looks at columns, never at a whole plan: a plan that cannot be read is put to rest like any other.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, update

from bot.adapters.store.database import Database
from bot.adapters.store.journal import Entry
from bot.adapters.store.tables import database_clock, plans
from bot.adapters.store.transitions import BOT, Act, in_state, move, note, owned
from bot.domain.faults import FaultKind, FaultTally
from bot.domain.model import NOT_BEGUN, PlanState
from bot.services.ports.work import Lease

NOT_SHOWN = "not shown"


class FaultStore:
    """Counts faults, and ends what has met too many."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def met(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        """Count a fault of a plan's step; for how many seconds it rests, None when it was put to rest for good."""
        with owned(self._database, lease) as (connection, row):
            faults = FaultTally(**row.faults or {}).and_another(fault, reached=_reached(row))
            if faults.are_too_many(row.state):
                _put_to_rest(connection, row, reason=reason, now=now)
                return None
            _set(connection, row, faults=asdict(faults))
        return faults.pause_seconds

    def met_drawing(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        """The same for showing a plan; None when it is given up until the plan changes again."""
        with owned(self._database, lease) as (connection, row):
            faults = FaultTally(**row.draw_faults or {}).and_another(fault, reached=row.revision)
            if faults.are_too_many(PlanState.REPORTING):
                _give_up_drawing(connection, row, reason=reason, now=now)
                return None
            rested = database_clock() + faults.pause_seconds
            _set(connection, row, draw_faults=asdict(faults), draw_at=rested)
        return faults.pause_seconds


def _reached(row: Row[Any]) -> int:
    """How far a plan is.  A reading always begins anew, so it gets further only by its end."""
    return 0 if row.state == PlanState.READING else int(row.progress["rows"])


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
