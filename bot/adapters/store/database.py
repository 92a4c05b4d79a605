"""The connection to the database, and what its errors become."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from bot.adapters.store.schema import bring_up_to_date
from bot.errors import OutcomeUnknownError, StoreUnavailableError

NOTHING_CHANGED = "The bot's database does not answer, so nothing was changed. Please try again in a minute."
OUTCOME_UNKNOWN = (
    "The bot's database does not answer, so it is not known whether this was done. "
    "Please look at the plan's message in a minute, before you try again."
)
BUSY_TIMEOUT_MS = 2_000  # below the 3 s in which Slack wants an answer
_PATIENCE_MS = {
    "lock_timeout": BUSY_TIMEOUT_MS,
    "statement_timeout": 60_000,
    "idle_in_transaction_session_timeout": 10_000,  # a process that froze must not hold its plan's row for ever
}
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
        """A transaction that writes; on SQLite it waits for other writers first.

        Raises `StoreUnavailableError` where certainly nothing was changed, else `OutcomeUnknownError`.
        """
        is_ending = False
        try:
            with self.engine.begin() as connection:
                yield connection
                is_ending = True  # from here on the COMMIT may have reached the database, whatever is heard of it
        except SQLAlchemyError as error:
            if is_ending:
                raise OutcomeUnknownError(OUTCOME_UNKNOWN) from error
            if _is_bug(error):
                raise
            raise _fault(error) from error

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
                connection.execute(text("set local lock_timeout = '60s'"))  # another process may migrate just now
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
    if url.startswith("sqlite"):
        return _sqlite_engine(url)
    address = make_url(url).set(drivername="postgresql+psycopg")  # SQLAlchemy refuses postgres://
    return create_engine(
        address,
        pool_size=8,
        max_overflow=8,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
        pool_pre_ping=True,
        hide_parameters=True,  # faults reach the log: with their statements, but not with addresses and answer links
        connect_args={
            "connect_timeout": 2,
            "options": " ".join(f"-c {name}={ms}" for name, ms in _PATIENCE_MS.items()),
        },
    )


def _sqlite_engine(url: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=24,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event starts transactions, not the driver
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _patient_with_writers(connection.execute, "PRAGMA journal_mode=WAL")


# Switching to WAL fails at once while another process writes: SQLite does not apply its busy timeout there.
_patient_with_writers = Retrying(
    retry=retry_if_exception_type(sqlite3.OperationalError),
    stop=stop_after_delay(BUSY_TIMEOUT_MS / 1000),
    wait=wait_random(0.01, 0.05),
    reraise=True,
)


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
