"""Connections: as many as the setting says; for one that is not free, people wait two seconds and then hear it."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import psycopg
import pytest

from bot.adapters.store.database import Database
from bot.errors import StoreUnavailableError
from tests.integration.stored import PATIENT_MS, opened, together
from tests.integration.test_sessions import life_of_a_plan
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.postgresql
NO_CONNECTION = "The bot's database has no connection free, so nothing was changed. Please try again in a minute."


@pytest.fixture
def limited_url(postgresql: PostgresServer) -> Iterator[str]:
    """A database with all tables, to which only one connection is let in at a time."""
    name = postgresql.create()
    with opened(postgresql.url(name)) as store:
        store.database.migrate()
    with psycopg.connect(postgresql.url(name), autocommit=True) as connection:
        connection.execute("create role limited login connection limit 1")
        connection.execute("grant all on all tables in schema public to limited")
        connection.execute("grant all on all sequences in schema public to limited")
    yield postgresql.url(name).replace("//postgres@", "//limited@")
    postgresql.drop(name)
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as connection:
        connection.execute("drop role limited")


@contextmanager
def timed() -> Iterator[list[float]]:
    began, took = time.monotonic(), [0.0]
    yield took
    took[0] = time.monotonic() - began


def test_a_full_server_is_waited_for_and_then_told(limited_url: str) -> None:
    with (
        psycopg.connect(limited_url),
        opened(limited_url) as store,
        timed() as took,
        pytest.raises(StoreUnavailableError) as refused,
    ):
        store.proposed()

    assert str(refused.value) == NO_CONNECTION
    assert 1.5 < took[0] < 20


def test_the_operator_is_told_what_to_set(limited_url: str) -> None:
    with psycopg.connect(limited_url), opened(limited_url) as store, pytest.raises(StoreUnavailableError) as refused:
        store.database.migrate()

    assert str(refused.value).startswith(NO_CONNECTION)
    assert 'too many connections for role "limited"' in str(refused.value)
    assert "DATABASE_POOL_SIZE" in str(refused.value)


def test_a_connection_that_becomes_free_in_time_is_taken(limited_url: str) -> None:
    occupant = psycopg.connect(limited_url)
    leaving = threading.Timer(0.7, occupant.close)
    with opened(limited_url, patience_ms=PATIENT_MS) as store:
        leaving.start()

        store.proposed()

        leaving.join()


def test_no_more_connections_are_made_than_the_setting_says(postgresql_url: str) -> None:
    database = Database(postgresql_url, pool_size=3)
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(database.read())
        with timed() as took, pytest.raises(StoreUnavailableError) as refused, database.read():
            pass

    database.close()
    assert str(refused.value) == NO_CONNECTION
    assert 1.5 < took[0] < 20


def test_one_connection_is_enough(limited_url: str) -> None:
    """Nobody holds one and waits for another; sixteen people wait for their turn."""
    with opened(limited_url, pool_size=1, patience_ms=PATIENT_MS) as store:
        together(*(partial(life_of_a_plan, store, number) for number in range(16)))

        assert len(store.plans.recent()) == 16
