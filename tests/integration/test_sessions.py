"""Sessions of PostgreSQL: nothing is assumed of one between two transactions, so a pooler may hand out others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from sqlalchemy import text

from bot.adapters.store.database import BUSY_TIMEOUT_MS, Database
from bot.domain.plan import PlanState
from tests.integration.stored import NOW, PATIENT_MS, Store, opened, together
from tests.pgbouncer import PgBouncer, is_installed
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.postgresql
pooled = pytest.mark.skipif(not is_installed(), reason="PgBouncer is not installed (Debian's package: pgbouncer)")

PATIENCE = {"lock_timeout": "2s", "statement_timeout": "1min", "idle_in_transaction_session_timeout": "10s"}
MODES = pytest.mark.parametrize("pool_mode", ["session", "transaction"])


@pytest.fixture
def server_url(postgresql: PostgresServer) -> Iterator[str]:
    """The address of a database without any table."""
    name = postgresql.create()
    yield postgresql.url(name)
    postgresql.drop(name)


@contextmanager
def store_behind(server_url: str, pool_mode: str, *, patience_ms: int = BUSY_TIMEOUT_MS) -> Iterator[Store]:
    """A store whose transactions share fewer sessions than there are threads."""
    size = 3 if pool_mode == "transaction" else 20
    with (
        PgBouncer(server_url, pool_mode=pool_mode, pool_size=size) as bouncer,
        opened(bouncer.url, patience_ms=patience_ms) as store,
    ):
        store.database.migrate()
        yield store


def life_of_a_plan(store: Store, number: int) -> None:
    """Asked for, proposed, approved and cancelled again; each of its statements many times in all."""
    plan = store.proposed(f"plan-{number}", tag=f"tag-{number}", project_id=f"project-{number}")
    assert store.plans.approve(plan.id, edition=1, who="UADA", now=NOW)
    lease = store.claim(plan.id)
    assert store.plans.begin_running(lease, now=NOW)
    batch, *_ = store.batches.of(plan.id)
    store.batches.save(lease, [replace(batch, attempts=1)])
    store.plans.begin_reporting(lease, reason=None, now=NOW)
    store.plans.finish(lease, state=PlanState.DONE, counts={"assigned": 1}, now=NOW)


@pooled
@MODES
def test_many_plans_at_once_live_behind_a_pooler(server_url: str, pool_mode: str) -> None:
    """No statement that was prepared in one session is looked for in another one."""
    with store_behind(server_url, pool_mode, patience_ms=PATIENT_MS) as store:
        for first in range(0, 48, 6):
            together(*(partial(life_of_a_plan, store, number) for number in range(first, first + 6)))

        assert [plan.state for plan in store.plans.recent()] == [PlanState.DONE] * 48


@pooled
@MODES
def test_every_transaction_has_its_own_patience(server_url: str, pool_mode: str) -> None:
    with store_behind(server_url, pool_mode) as store:
        for _ in range(3):
            assert patience(store.database) == PATIENCE


@pooled
def test_several_processes_migrate_at_once_behind_a_pooler(server_url: str) -> None:
    with PgBouncer(server_url, pool_mode="transaction", pool_size=3) as bouncer:
        databases = [Database(bouncer.url, patience_ms=PATIENT_MS) for _ in range(3)]

        together(*(database.migrate for database in databases))

        for database in databases:
            database.close()


def test_what_a_session_was_told_before_does_not_matter(postgresql_url: str) -> None:
    """A pooler may hand out a session in which another client changed settings, and servers have defaults."""
    with opened(postgresql_url) as store:
        with store.database.engine.connect() as connection:
            session = connection.connection.driver_connection
            assert isinstance(session, psycopg.Connection)
            session.execute("set lock_timeout = 0; set statement_timeout = 0")
            session.execute("set default_transaction_isolation = serializable; set default_transaction_read_only = on")

        assert patience(store.database) == PATIENCE
        with store.database.write() as connection:
            assert connection.execute(text("show default_transaction_read_only")).scalar_one() == "on"  # the very same
            assert connection.execute(text("show transaction_isolation")).scalar_one() == "read committed"
            assert connection.execute(text("show transaction_read_only")).scalar_one() == "off"


def test_what_the_address_says_counts(postgresql_url: str) -> None:
    with opened(f"{postgresql_url}&options=-clock_timeout%3D7s%20-cTimeZone%3DAsia/Tokyo") as store:
        assert patience(store.database) == {**PATIENCE, "lock_timeout": "7s"}
        with store.database.read() as connection:
            assert connection.execute(text("show timezone")).scalar_one() == "Asia/Tokyo"


def patience(database: Database) -> dict[str, str]:
    with database.write() as connection:
        return {name: connection.execute(text(f"show {name}")).scalar_one() for name in PATIENCE}
