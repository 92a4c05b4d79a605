"""SQLite: one file on this machine, with one writer at a time and any number of readers."""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from bot.adapters.private_files import close_to_others, make_private_file, make_private_folder
from bot.errors import StoreUnusableError

CACHE_KB = 100  # for each connection, where SQLite takes 2 MB: the system has the file in its memory anyway
_OLDEST = (3, 35)  # DROP COLUMN <https://sqlite.org/releaselog/3_35_0.html>


class SqliteFile:
    """The file behind an address, in a folder that is made; other writers are waited for as long as `patience_ms`."""

    def __init__(self, url: str, *, patience_ms: int) -> None:
        self._path = path_of(url)
        self._patience_ms = patience_ms
        try:
            make_private_folder(self._path.parent)
        except OSError as error:
            sentence = f"DATABASE_URL: the folder {self._path.parent} cannot be made: {error.strerror}."
            raise StoreUnusableError(sentence) from error
        _close_to_others(self._path)
        self.engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=24,
            pool_timeout=patience_ms / 1000,
            hide_parameters=True,
            connect_args={"timeout": patience_ms / 1000, "check_same_thread": False},
        )
        event.listen(self.engine, "connect", self._prepare)
        event.listen(self.engine, "begin", _begin)

    def refuse_unfit(self, _connection: Connection) -> None:
        """Raise `StoreUnusableError` where the library is older than what the migrations ask of it."""
        if sqlite3.sqlite_version_info < _OLDEST:
            needed = ".".join(map(str, _OLDEST))
            raise StoreUnusableError(
                f"DATABASE_URL: Python has SQLite {sqlite3.sqlite_version} here, and {needed} or newer is needed. "
                "Use another Python, or PostgreSQL."
            )

    def refusal(self, error: DBAPIError) -> str | None:
        """The sentence for the operator about a fault that does not pass; None where it may."""
        if self._path.is_dir():
            return f"{self._path} is a folder. Name a file in it: sqlite:///{self._path}/assign-reviews.db"
        match getattr(error.orig, "sqlite_errorcode", 0) & 0xFF:  # the rest is detail <https://sqlite.org/rescode.html>
            case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
                return f"the bot may not write {self._path}. Let its user read and write the file and its folder."
            case sqlite3.SQLITE_NOTADB:
                return f"{self._path} is no SQLite database. Name another file."
            case sqlite3.SQLITE_CORRUPT:
                return f"the database in {self._path} is damaged. Restore a copy of it."
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return f"{self._path} cannot be written: {error.orig}. See whether its disk is full or broken."
        return None

    def words(self, error: DBAPIError) -> str:
        """What SQLite said."""
        return f"{self._path}: {error.orig}"

    def _prepare(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # `_begin` starts transactions, not the driver
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")
        # Switching to WAL fails at once while another process writes: SQLite does not apply its busy timeout there.
        patiently = Retrying(
            retry=retry_if_exception_type(sqlite3.OperationalError),
            stop=stop_after_delay(self._patience_ms / 1000),
            wait=wait_random(0.01, 0.05),
            reraise=True,
        )
        patiently(connection.execute, "PRAGMA journal_mode=WAL")


def path_of(url: str) -> Path:
    """The file that an address names."""
    return Path(url.removeprefix("sqlite:///")).absolute()


def _close_to_others(path: Path) -> None:
    """SQLite gives the files beside it (-wal, -shm) the mode of the database: <https://sqlite.org/wal.html>."""
    with suppress(OSError):  # the first connection tells what is wrong
        make_private_file(path)
    for suffix in ("-wal", "-shm", "-journal"):
        with suppress(OSError):
            close_to_others(path.with_name(path.name + suffix))


def _begin(connection: Connection) -> None:
    """Begin to read, to write, or to migrate: there a table is dropped when its copy takes its place, not its rows."""
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA foreign_keys={'OFF' if options.get('migrating') else 'ON'}")
    connection.exec_driver_sql("BEGIN" if options.get("reading") else "BEGIN IMMEDIATE")
