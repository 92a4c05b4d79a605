"""What became of a change whose COMMIT was not answered: something that only this change can have written tells."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, text
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.adapters.store import journal
from bot.adapters.store.database import BUSY_TIMEOUT_MS, NOTHING_CHANGED, OUTCOME_UNKNOWN, Database
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
    try:
        return _patiently(_look, database, is_stored)
    except StoreUnavailableError as error:
        raise OutcomeUnknownError(OUTCOME_UNKNOWN) from error


def _look(database: Database, is_stored: Look) -> bool:
    with database.read() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"set local lock_timeout = {_LOCK_MS}"))
        return is_stored(connection)


_patiently = Retrying(
    retry=retry_if_exception_type(StoreUnavailableError),
    stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
    wait=wait_fixed(0.1),
    reraise=True,
)
