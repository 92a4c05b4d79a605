"""The connection to the database, and what its errors become."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.adapters.store import journal
from bot.adapters.store.postgresql import postgresql_engine
from bot.adapters.store.schema import bring_up_to_date
from bot.adapters.store.sqlite import sqlite_engine
from bot.errors import OutcomeUnknownError, StoreUnavailableError

NOTHING_CHANGED = "The bot's database does not answer, so nothing was changed. Please try again in a minute."
OUTCOME_UNKNOWN = (
    "The bot's database does not answer, so it is not known whether this was done. "
    "Please look at the plan's message in a minute, before you try again."
)
BUSY_TIMEOUT_MS = 2_000  # below the 3 s in which Slack wants an answer
_MIGRATION_LOCK = 0x61737369  # any fixed number: the key of a PostgreSQL advisory lock


class Database:
    """An engine with short transactions: `read` and `write`."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self._reading = self.engine.execution_options(reading=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads.  Raises `StoreUnavailableError`."""
        try:
            with self._reading.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            if _is_bug(error):
                raise
            raise _fault(error) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it waits for other writers first.  The log hears what it changed.

        Raises `StoreUnavailableError` where certainly nothing was changed, else `OutcomeUnknownError`.
        """
        is_ending = False
        try:
            with self.engine.begin() as connection:
                entries = journal.begun(connection)
                yield connection
                is_ending = True  # from here on the COMMIT may have reached the database, whatever is heard of it
        except SQLAlchemyError as error:
            if is_ending:
                journal.tell(entries, is_certain=False)
                raise OutcomeUnknownError(OUTCOME_UNKNOWN) from error
            if _is_bug(error):
                raise
            raise _fault(error) from error
        journal.tell(entries)

    def ping(self) -> None:
        """Raise `StoreUnavailableError` unless the database answers."""
        with self.read() as connection:
            connection.execute(text("select 1"))

    def migrate(self) -> None:
        """Bring the tables to the newest version; two processes may do so at once.

        Raises `StoreUnusableError`, and changes nothing, where they cannot be brought there.
        """
        with self.write() as connection:
            if connection.dialect.name == "postgresql":
                # Another process may migrate just now; and what carries much along takes its time.
                connection.execute(text("set local lock_timeout = '60s'"))
                connection.execute(text("set local statement_timeout = 0"))
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            bring_up_to_date(connection)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _is_bug(error: SQLAlchemyError) -> bool:
    """Whether it is a value of ours that the database cannot take: nobody is away, and it will never be taken."""
    is_unsendable = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    return is_unsendable or isinstance(error, DataError)


def _fault(error: SQLAlchemyError) -> StoreUnavailableError:
    """What a fault before the COMMIT becomes: it ended the transaction."""
    is_away = isinstance(error, DBAPIError | PoolTimeoutError)
    return StoreUnavailableError(NOTHING_CHANGED if is_away else "The bot's database cannot be used. Its log says why.")


def _engine(url: str) -> Engine:
    make = sqlite_engine if url.startswith("sqlite") else postgresql_engine
    return make(url, patience_ms=BUSY_TIMEOUT_MS)
