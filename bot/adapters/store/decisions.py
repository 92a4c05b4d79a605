"""Decisions of people about plans, each carried out once and for certain.

A decision leaves a token.  By it, it is known again where the answer to its COMMIT is lost.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, select, text, update
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.adapters.store import journal
from bot.adapters.store.database import BUSY_TIMEOUT_MS, NOTHING_CHANGED, OUTCOME_UNKNOWN, Database
from bot.adapters.store.journal import Entry
from bot.adapters.store.tables import batches, events, plans, undo_batches
from bot.adapters.store.transitions import Act, Guard, change, in_state, move, note
from bot.domain.plan import RETRIABLE, UNDOABLE, BatchState, PlanState
from bot.errors import OutcomeUnknownError, StoreUnavailableError

T = TypeVar("T")
Look = Callable[[Connection], bool]

TRIES = 2  # of a change of which it was learned that it was not carried out
_LOCK_MS = 300  # a look that has to wait for the change itself is soon repeated instead


def certain(database: Database, change: Callable[[Connection], T], *, is_stored: Look) -> T:
    """What `change` returns, carried out once and for certain, whatever becomes of the answer to its COMMIT.

    `is_stored` first takes the lock under which `change` works, so that the change is over, and then looks for what it
    wrote.  Raises `StoreUnavailableError` where certainly nothing was changed, else `OutcomeUnknownError`.
    """
    unanswered: OutcomeUnknownError | None = None
    for _ in range(TRIES):
        try:
            with database.write() as connection:
                entries = journal.of(connection)
                result = change(connection)
        except OutcomeUnknownError as error:
            if _learned(database, is_stored):
                journal.tell(entries)
                return result
            unanswered = error
        else:
            return result
    raise StoreUnavailableError(NOTHING_CHANGED) from unanswered


def _learned(database: Database, is_stored: Look) -> bool:
    def look() -> bool:
        with database.read() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"set local lock_timeout = {_LOCK_MS}"))
            return is_stored(connection)

    patiently = Retrying(
        retry=retry_if_exception_type(StoreUnavailableError),
        stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
        wait=wait_fixed(0.1),
        reraise=True,
    )
    try:
        return patiently(look)
    except StoreUnavailableError as error:
        raise OutcomeUnknownError(OUTCOME_UNKNOWN) from error


_NEXT = {"edition": plans.c.edition + 1}


class DecisionStore:
    """Approve, Cancel, Stop, Retry and Undo, as the ports have them.

    Each is about one edition of a plan and makes the next one, so that what is sent twice decides once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def approve(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        guard = (*_undecided(plan_id, edition, PlanState.PROPOSED), plans.c.expires_at > now)
        values: dict[str, Any] = {"decided_by": who, "decided_at": now, **_NEXT}
        return self._decide(
            plan_id, Act(who, now), lambda on, act: move(on, guard, act, to=PlanState.CHECKING, **values)
        )

    def cancel(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        guard = _undecided(plan_id, edition, PlanState.READING, PlanState.PROPOSED)
        values: dict[str, Any] = {"decided_by": who, "decided_at": now, **_NEXT}
        return self._decide(
            plan_id, Act(who, now), lambda on, act: move(on, guard, act, to=PlanState.CANCELLED, **values)
        )

    def stop(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        guard = (*_undecided(plan_id, edition, PlanState.CHECKING, PlanState.RUNNING), plans.c.stopped_by.is_(None))

        def asked(connection: Connection, act: Act) -> bool:
            if not change(connection, guard, stopped_by=who, **_NEXT):
                return False
            note(connection, act, Entry(plan_id, who, None, "stop asked", {}, None))
            return True

        return self._decide(plan_id, Act(who, now), asked)

    def retry(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Batches that are still unknown are read back once more before anything of them is sent."""
        guard = _undecided(plan_id, edition, *RETRIABLE)
        fresh: dict[str, Any] = {"stopped_by": None, "reason": None, "undone_by": None, "undone_from": None, **_NEXT}

        def retried(connection: Connection, act: Act) -> bool:
            if not move(connection, guard, act, to=PlanState.CHECKING, **fresh):
                return False
            _reopen(connection, plan_id, batches)
            return True

        return self._decide(plan_id, Act(who, now), retried)

    def begin_undo(self, plan_id: str, *, edition: int, who: str, now: datetime, finished_after: datetime) -> bool:
        unseen = (undo_batches.c.plan_id == plan_id, undo_batches.c.state == BatchState.WRITTEN)
        guard = (*_undecided(plan_id, edition, *UNDOABLE), plans.c.finished_at > finished_after)
        values: dict[str, Any] = {"undone_by": who, "undone_from": plans.c.state, **_NEXT}

        def began(connection: Connection, act: Act) -> bool:
            if not move(connection, guard, act, to=PlanState.UNDOING, **values):
                return False
            _reopen(connection, plan_id, undo_batches)
            connection.execute(update(undo_batches).where(*unseen).values(state=BatchState.PLANNED))
            return True

        return self._decide(plan_id, Act(who, now), began)

    def _decide(self, plan_id: str, act: Act, decision: Callable[[Connection, Act], bool]) -> bool:
        """Whether the decision was let through, also where its COMMIT is not answered; raises like `certain`."""
        known_by = replace(act, token=secrets.token_hex(16))
        row = select(plans.c.id).where(plans.c.id == plan_id).with_for_update()
        line = select(events.c.id).where(events.c.plan_id == plan_id, events.c.token == known_by.token)

        def is_stored(connection: Connection) -> bool:
            connection.execute(row)
            return connection.execute(line).first() is not None

        return certain(self._database, lambda connection: decision(connection, known_by), is_stored=is_stored)


def _undecided(plan_id: str, edition: int, *states: PlanState) -> Guard:
    """The guard that lets a decision through only in these states, and only as long as nobody else decided."""
    return *in_state(plan_id, *states), plans.c.edition == edition


def _reopen(connection: Connection, plan_id: str, table: Table) -> None:
    """Plan failed batches anew; those that are still unknown are read back before anything of them is sent."""
    mine = update(table).where(table.c.plan_id == plan_id)
    failed = mine.where(table.c.state == BatchState.FAILED)
    connection.execute(failed.values(state=BatchState.PLANNED, attempts=0, error=None))
    connection.execute(mine.where(table.c.state == BatchState.UNKNOWN).values(attempts=1))
