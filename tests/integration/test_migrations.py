"""The migrations, run on real databases."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from bot.adapters.store.database import Database
from bot.adapters.store.tables import metadata
from bot.errors import StoreUnavailableError
from tests.integration.stored import NOW, PATIENT_MS, new_plan, opened, together
from tests.postgresql import PostgresServer, is_available

MIGRATE = """
import sys
from bot.adapters.store.database import Database
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
database.migrate()
database.close()
"""
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def doomed() -> Iterator[PostgresServer]:
    """A server of its own, which the test may stop."""
    if not is_available():
        pytest.skip("the wheel with PostgreSQL is not installed")
    server = PostgresServer()
    server.start()
    stop = server.stop
    stopped: list[bool] = []

    def stop_once() -> None:
        if not stopped:
            stopped.append(True)
            stop()

    server.stop = stop_once  # type: ignore[method-assign]  # the end of the test stops it, if the test did not
    yield server
    server.stop()


def test_the_migrations_make_exactly_the_tables_of_the_code(empty_database_url: str) -> None:
    """What `tables.py` says and what the migrations do are one thing."""
    database = Database(empty_database_url)
    database.migrate()

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
        tables = set(inspect(connection).get_table_names())
    database.close()

    assert differences == []
    assert tables == {*metadata.tables, "alembic_version"}


def test_migrating_again_keeps_what_is_stored(database_url: str) -> None:
    with opened(database_url) as store:
        store.plans.add(new_plan(), who="UASKER")
        before = store.everything()

        store.database.migrate()

        assert store.everything() == before


def test_two_processes_may_migrate_at_once(empty_database_url: str) -> None:
    """Whichever is first migrates, the other one waits and finds it done."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_database_url],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0], said
    with opened(empty_database_url) as store:
        assert store.everything() == {name: [] for name in metadata.tables}


def test_a_new_sqlite_file_that_another_process_writes_is_waited_for(tmp_path: Path) -> None:
    """Also the switch to the write-ahead log waits: SQLite itself gives up at once there, without its busy timeout."""
    other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    began = time.monotonic()

    with pytest.raises(StoreUnavailableError):
        database.migrate()

    waited = time.monotonic() - began
    database.close()
    other.execute("ROLLBACK")
    other.close()
    assert 1.5 < waited < 20


def test_many_first_starts_at_once_all_succeed(tmp_path: Path) -> None:
    """A new SQLite file is switched to its write-ahead log once; nobody who comes at that moment is turned away."""
    for number in range(6):
        databases = [Database(f"sqlite:///{tmp_path / f'{number}.db'}", patience_ms=PATIENT_MS) for _ in range(6)]

        try:
            together(*(database.migrate for database in databases))
        finally:
            for database in databases:
                database.close()


def test_a_locked_sqlite_database_is_an_error_of_ours_within_slack_s_patience(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A person waits 3 s at most for an answer, so the database is waited for less."""
    with opened(sqlite_url) as store:
        store.database.try_writing()
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()

        with pytest.raises(StoreUnavailableError, match="does not answer, so nothing was changed"):
            store.plans.add(new_plan(), who="UASKER")

        waited = time.monotonic() - began
        other.execute("ROLLBACK")
        other.close()
        assert 1.5 < waited < 20
        assert store.plans.get("plan") is None
        assert caplog.records == []


def test_a_locked_sqlite_database_can_be_read(sqlite_url: str) -> None:
    """Readers and one writer do not hinder each other (write-ahead log)."""
    with opened(sqlite_url) as store:
        store.add()
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE plans SET state = 'failed'")

        found = store.get()

        other.execute("ROLLBACK")
        other.close()
        assert found.state.value == "reading"


def test_sqlite_keeps_what_it_was_told_and_its_references(sqlite_url: str) -> None:
    with opened(sqlite_url) as store, store.database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 2000}


@pytest.mark.postgresql
def test_a_locked_row_on_postgresql_is_an_error_of_ours_within_slack_s_patience(postgresql_url: str) -> None:
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        store.proposed()
        with rival.database.write() as connection:
            connection.exec_driver_sql("SELECT 1 FROM plans FOR UPDATE")
            began = time.monotonic()

            with pytest.raises(StoreUnavailableError):
                store.plans.approve("plan", edition=1, who="UADA", now=NOW)

            waited = time.monotonic() - began
        assert 1.5 < waited < 20
        assert store.get().decided_by is None


@pytest.mark.postgresql
def test_a_postgresql_that_goes_away_is_an_error_of_ours(doomed: PostgresServer) -> None:
    """Open connections break, and new ones are refused: both say the same."""
    with opened(doomed.url(doomed.create())) as store:
        store.database.migrate()
        store.proposed()
        doomed.stop()

        for _ in range(2):
            with pytest.raises(StoreUnavailableError, match="does not answer"):
                store.plans.approve("plan", edition=1, who="UADA", now=NOW)
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            store.database.try_writing()


def test_a_postgresql_that_was_never_there_is_an_error_of_ours(tmp_path: Path) -> None:
    with opened(f"postgres://postgres@/bot?host={tmp_path}") as store, pytest.raises(StoreUnavailableError):
        store.database.migrate()


@pytest.mark.postgresql
def test_a_connection_that_was_cut_is_replaced_without_anybody_noticing(postgresql_url: str) -> None:
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        store.add()
        with rival.database.write() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        assert store.get().id == "plan"
