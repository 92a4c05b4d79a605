"""Databases for tests: each test finds an empty one, on SQLite and on PostgreSQL.  And laws without a stopwatch."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.adapters.store.database import Database
from bot.adapters.store.tables import metadata
from tests.postgresql import WHEEL, PostgresServer, is_available

settings.register_profile("patient", deadline=None)  # a busy machine is no counterexample
settings.load_profile("patient")

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 4 * 1024**3


def pytest_configure() -> None:
    """Keep the files of tests in memory where there is room: a disk is waited for at every commit."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and "PYTEST_XDIST_WORKER" not in os.environ:
        memory = os.statvfs(MEMORY)
        if memory.f_bavail * memory.f_frsize >= ENOUGH_BYTES and not memory.f_flag & os.ST_NOEXEC:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A running server.  One for each xdist worker: it takes half a second, and workers need not know each other."""
    if not is_available():
        pytest.skip(f"the wheel {WHEEL} is not installed")
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgresServer) -> str:
    """The name of a database with all tables, to be copied: nobody stays connected to it."""
    name = postgresql.create()
    _migrate(postgresql.url(name))
    return name


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgresServer, postgresql_template: str) -> str:
    """The name of a database with all tables, which is emptied after each test: that is quicker than a new copy."""
    return postgresql.copy(postgresql_template)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgresql_url(postgresql: PostgresServer, migrated_postgresql: str) -> Iterator[str]:
    """A fresh PostgreSQL database with all tables and no rows."""
    yield postgresql.url(migrated_postgresql)
    postgresql.empty(migrated_postgresql, [table.name for table in reversed(metadata.sorted_tables)])


@pytest.fixture(scope="session")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the one SQLite database is that tests have after each other: its address is always the same."""
    return tmp_path_factory.mktemp("sqlite")


@pytest.fixture(scope="session")
def sqlite_copy(sqlite_folder: Path, migrated_sqlite: Path) -> Callable[[], str]:
    """The address of a fresh SQLite database with all tables and no rows, in place of the one before."""

    def copied() -> str:
        for left in sqlite_folder.iterdir():
            left.unlink()
        return f"sqlite:///{shutil.copy(migrated_sqlite, sqlite_folder / 'bot.db')}"

    return copied


@pytest.fixture
def sqlite_url(sqlite_copy: Callable[[], str]) -> str:
    """A fresh SQLite database with all tables and no rows."""
    return sqlite_copy()


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with all tables and no rows, on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new' / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.url(name)
    server.drop(name)


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        database.migrate()
    finally:
        database.close()
