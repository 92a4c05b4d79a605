"""The connection to the database: its short transactions, what its errors become, and the clock that all share."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.adapters.store import journal
from bot.adapters.store.postgresql import PostgresqlServer, is_full
from bot.adapters.store.schema import bring_up_to_date, is_empty, refuse_unexpected
from bot.adapters.store.sqlite import SqliteFile, path_of
from bot.adapters.store.tables import database_clock
from bot.errors import OutcomeUnknownError, StoreUnavailableError, StoreUnusableError

NOTHING_CHANGED = "The bot's database does not answer, so nothing was changed. Please try again in a minute."
NO_CONNECTION = "The bot's database has no connection free, so nothing was changed. Please try again in a minute."
OUTCOME_UNKNOWN = (
    "The bot's database does not answer, so it is not known whether this was done. "
    "Please look at the plan's message in a minute, before you try again."
)
_NOTHING_NEW = text("UPDATE alembic_version SET version_num = version_num")
POOL_SIZE = 16  # unless DATABASE_POOL_SIZE says otherwise
BUSY_TIMEOUT_MS = 2_000  # below the 3 s in which Slack wants an answer


class Database:
    """An engine with short transactions: `read` and `write`; each waits for locks and connections for `patience_ms`."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE, patience_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._home = (
            SqliteFile(url, patience_ms=patience_ms)
            if url.startswith("sqlite")
            else PostgresqlServer(url, patience_ms=patience_ms, pool_size=pool_size)
        )
        self.engine = self._home.engine
        self._reading = self.engine.execution_options(reading=True)
        self._migrating = self.engine.execution_options(migrating=True)

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

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that writes; on SQLite it waits for other writers first.  The log hears what it changed.

        Raises `StoreUnavailableError` where certainly nothing was changed, else `OutcomeUnknownError`.
        """
        return _changing(self.engine)

    def try_writing(self) -> None:
        """Raise like `write` unless a transaction that writes works now: not on a full disk, nor on a stand-by."""
        with self.write() as connection:
            connection.execute(_NOTHING_NEW)

    def migrate(self) -> None:
        """Bring the tables to the newest version; two processes may do so at once.

        Raises `StoreUnusableError`, and changes nothing, where somebody has to mend something first.
        """
        with self._telling_why():
            with _changing(self._migrating) as connection:
                self._home.refuse_unfit(connection)
                bring_up_to_date(connection)
                connection.execute(_NOTHING_NEW)  # SQLite lets a transaction begin that may not write
            with self.read() as connection:
                refuse_unexpected(connection)

    def refuse_empty(self) -> None:
        """Raise `StoreUnusableError` where no bot has stored anything yet."""
        with self._telling_why(), self.read() as connection:
            if is_empty(connection):
                raise StoreUnusableError("DATABASE_URL: no bot has used this database yet. Name that of your bot.")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _telling_why(self) -> Iterator[None]:
        """Tell a fault to the operator, who can do something about it."""
        try:
            yield
        except StoreUnavailableError as error:
            cause = error.__cause__
            if not isinstance(cause, DBAPIError):
                raise
            if refusal := self._home.refusal(cause):
                raise StoreUnusableError(f"DATABASE_URL: {refusal}") from cause
            setting = "DATABASE_POOL_SIZE and the server's max_connections" if is_full(cause.orig) else "DATABASE_URL"
            sentence = f"{error} If it stays so, look after {setting}: {self._home.words(cause)}."
            raise StoreUnavailableError(sentence) from cause


def missing_file(url: str) -> Path | None:
    """Where the database would be, if it is a file that is not there yet."""
    path = path_of(url) if url.startswith("sqlite") else None
    return None if path is None or path.exists() else path


def refuse_missing(url: str) -> None:
    """Raise `StoreUnusableError` where there is no database of a bot.  None is made."""
    if path := missing_file(url):
        raise StoreUnusableError(
            f"DATABASE_URL: there is no database at {path}. Go to the folder that the bot starts in, or name its file."
        )
    database = Database(url, pool_size=1)
    try:
        database.refuse_empty()
    finally:
        database.close()


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    is_ending = False
    try:
        with engine.begin() as connection:
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


def _is_bug(error: SQLAlchemyError) -> bool:
    """Whether it is a value of ours that the database cannot take: nobody is away, and it will never be taken."""
    is_unsendable = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    return is_unsendable or isinstance(error, DataError)


def _fault(error: SQLAlchemyError) -> StoreUnavailableError:
    """What a fault before the COMMIT becomes: it ended the transaction."""
    if isinstance(error, PoolTimeoutError) or (isinstance(error, DBAPIError) and is_full(error.orig)):
        return StoreUnavailableError(NO_CONNECTION)
    is_away = isinstance(error, DBAPIError)
    return StoreUnavailableError(NOTHING_CHANGED if is_away else "The bot's database cannot be used. Its log says why.")


log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""After so long the database is asked again: its clock may be set, and another server may take over."""
MOST_SKEW_SECONDS = 5.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _since_boot() -> float:
    """Seconds that go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class DatabaseClock:
    """The `Clock` port: what the database said last, and what has passed since.  On SQLite that is the machine's clock.

    Nothing of this process's own time of day goes in, so setting it changes nothing.
    """

    def __init__(
        self,
        database: Database,
        *,
        passed: Callable[[], float] = _since_boot,
        time_of_day: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._passed = passed
        self._time_of_day = time_of_day
        self._looking = threading.Lock()
        self._began_at = 0.0
        self._looked_at = float("-inf")
        self._look()

    def __call__(self) -> datetime:
        """The time; raises nothing, for while the database does not answer, its last answer goes on."""
        if self._passed() - self._looked_at >= LOOK_SECONDS and self._looking.acquire(blocking=False):
            try:
                self._look()
            except StoreUnavailableError as error:
                log.warning("the database does not tell the time", extra={"error": str(error)})
            finally:
                self._looking.release()
        return _EPOCH + timedelta(seconds=self._began_at + self._passed())

    def skew(self) -> str | None:
        """How far this process's clock is from the database's, in a sentence; None where nobody has to mind."""
        seconds = self._time_of_day() - (self() - _EPOCH).total_seconds()
        if abs(seconds) <= MOST_SKEW_SECONDS:
            return None
        way = "ahead of" if seconds > 0 else "behind"
        return (
            f"This machine's clock is {abs(seconds):,.0f} s {way} the database's, which counts. "
            "Set both by a time server, or Slack's requests may be refused as too old."
        )

    def _look(self) -> None:
        self._looked_at = self._passed()
        with self._database.read() as connection:
            asked_at = self._passed()
            seconds = connection.execute(select(database_clock())).scalar_one()
            self._began_at = seconds - (asked_at + self._passed()) / 2
