"""PostgreSQL as other people set it up: each default is worked with, or refused at the start by its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.adapters.store.database import Database
from bot.domain.plan import PlanState
from bot.errors import StoreUnavailableError, StoreUnusableError
from tests.integration.stored import NOW, Store, opened
from tests.integration.test_sessions import life_of_a_plan
from tests.postgresql import COPIED, PostgresServer, StandBy, is_available

pytestmark = pytest.mark.postgresql

DEFAULTS = [
    {"default_transaction_isolation": "repeatable read"},
    {"default_transaction_isolation": "serializable", "default_transaction_deferrable": "on"},
    {"default_transaction_read_only": "on"},
    {"statement_timeout": "20", "lock_timeout": "1", "idle_in_transaction_session_timeout": "1"},
    {"DateStyle": "German, DMY", "TimeZone": "Asia/Tokyo", "IntervalStyle": "sql_standard"},
    {"client_encoding": "LATIN1", "standard_conforming_strings": "off", "backslash_quote": "on"},
    {"extra_float_digits": "-15", "bytea_output": "escape"},
    {"enable_seqscan": "off", "enable_indexscan": "off", "enable_bitmapscan": "off"},
]
TAG = "prüfen 👍 'quoted' \\ back"


@contextmanager
def database_with(server: PostgresServer, defaults: dict[str, str]) -> Iterator[str]:
    """The address of a database without tables, and with defaults of its own."""
    name = server.create()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        for setting, value in defaults.items():
            statement = sql.SQL("alter database {} set {} = {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)))
    yield server.url(name)
    server.drop(name)


@pytest.mark.parametrize("defaults", DEFAULTS, ids=[" ".join(defaults) for defaults in DEFAULTS])
def test_plans_live_with_other_defaults(defaults: dict[str, str], postgresql: PostgresServer) -> None:
    with database_with(postgresql, defaults) as url, opened(url) as store, opened(url, owner="another") as another:
        store.database.migrate()
        life_of_a_plan(store, 1)
        waiting = store.proposed("waiting", tag=TAG)

        assert another.get("waiting") == waiting
        assert waiting.request.tag == TAG
        assert waiting.created_at == NOW
        assert store.get("plan-1").state is PlanState.DONE
        assert two_approve_and_one_counts(store, another)


def two_approve_and_one_counts(store: Store, another: Store) -> bool:
    """A guarded UPDATE sees what was committed while it waited, instead of failing."""
    first = store.plans.approve("waiting", edition=1, who="UADA", now=NOW)
    second = another.plans.approve("waiting", edition=1, who="UBEN", now=NOW)
    return (first, second) == (True, False)


def test_commits_are_kept_where_the_server_would_forget_them(postgresql: PostgresServer) -> None:
    """What goes to whom is stored before it is sent: also a crash of the database must not undo that."""
    with database_with(postgresql, {"synchronous_commit": "off"}) as url, opened(url) as store:
        store.database.migrate()

        with store.database.write() as connection:
            assert connection.exec_driver_sql("show synchronous_commit").scalar_one() == "on"


def test_the_address_may_say_otherwise(postgresql: PostgresServer) -> None:
    with (
        database_with(postgresql, {}) as url,
        opened(f"{url}&options=-csynchronous_commit%3Dremote_write") as store,
    ):
        store.database.migrate()

        with store.database.write() as connection:
            assert connection.exec_driver_sql("show synchronous_commit").scalar_one() == "remote_write"


def test_a_database_without_an_encoding_is_worked_with(postgresql: PostgresServer) -> None:
    """SQL_ASCII keeps bytes as they come; the bot always sends UTF-8."""
    name = postgresql.create("encoding 'SQL_ASCII' template template0")
    with opened(postgresql.url(name)) as store:
        store.database.migrate()

        assert store.proposed("waiting", tag=TAG).request.tag == TAG
        assert store.get("waiting").shares[0].reviewer.name == "Ana"
    postgresql.drop(name)


def test_a_database_that_cannot_hold_every_letter_is_refused(postgresql: PostgresServer) -> None:
    name = postgresql.create("encoding 'LATIN1' template template0")
    database = Database(postgresql.url(name))

    with pytest.raises(StoreUnusableError, match=r"^DATABASE_URL: the database's encoding is LATIN1, .* 'UTF8'"):
        database.migrate()

    database.close()
    postgresql.drop(name)


# --- fail-over ---


@pytest.fixture
def pair() -> Iterator[tuple[PostgresServer, StandBy]]:
    """A server and its stand-by; a test may stop the first."""
    if not is_available():
        pytest.skip("the wheel with PostgreSQL is not installed")
    primary = PostgresServer(COPIED)
    primary.start()
    stand_by = StandBy(primary)
    stand_by.start()
    yield primary, stand_by
    stand_by.stop()
    if primary.place.exists():
        primary.stop()


def test_a_stand_by_is_refused_by_name(pair: tuple[PostgresServer, StandBy]) -> None:
    _, stand_by = pair
    database = Database(stand_by.url("postgres"))

    with pytest.raises(
        StoreUnusableError, match=r"^DATABASE_URL: .* This server is for reading only, as a stand-by is"
    ):
        database.migrate()

    database.close()


def test_the_stand_by_takes_over(pair: tuple[PostgresServer, StandBy]) -> None:
    """With both named in the address, whichever can be written is found, before and after."""
    primary, stand_by = pair
    with opened(f"postgresql://postgres@/postgres?host={stand_by.place},{primary.place}") as store:
        store.database.migrate()
        store.proposed("before")
        _wait_until_there(stand_by, "before")
        primary.stop()
        with pytest.raises(StoreUnavailableError, match="does not answer"):
            store.proposed("lost")

        stand_by.promote()

        assert store.plans.approve("before", edition=1, who="UADA", now=NOW)
        life_of_a_plan(store, 2)


def test_an_address_that_leads_to_the_stand_by_for_a_while_is_only_an_outage(
    pair: tuple[PostgresServer, StandBy], tmp_path: Path
) -> None:
    """Connections that were made meanwhile are not used again: they would lead to the stand-by for ever."""
    primary, stand_by = pair
    door = Path(tmp_path / ".s.PGSQL.5432")
    with opened(f"postgresql://postgres@/postgres?host={tmp_path}") as store:
        _lead(door, primary)
        store.database.migrate()
        store.proposed("before")
        _wait_until_there(stand_by, "before")
        store.database.close()
        _lead(door, stand_by)
        with pytest.raises(StoreUnavailableError, match="does not answer, so nothing was changed"):
            store.plans.approve("before", edition=1, who="UADA", now=NOW)

        _lead(door, primary)

        assert store.plans.approve("before", edition=1, who="UADA", now=NOW)


def _lead(door: Path, server: PostgresServer) -> None:
    door.unlink(missing_ok=True)
    door.symlink_to(server.place / door.name)


def _wait_until_there(stand_by: StandBy, plan_id: str) -> None:
    with psycopg.connect(stand_by.url("postgres"), autocommit=True) as connection:
        for _ in range(200):
            try:
                if connection.execute("select 1 from plans where id = %s", [plan_id]).fetchone():
                    return
            except psycopg.errors.UndefinedTable:
                pass
            connection.execute("select pg_sleep(0.05)")
    raise AssertionError("the stand-by does not follow")
