"""A backup that was taken while rows were written is restored elsewhere, and the bot goes on from there."""

import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

from sandbox.slack.records import Message
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import BEN, World
from tests.postgresql import PostgresServer, programs

SMALL = {"BATCH_SIZE": "20", "PARALLEL_REQUESTS": "1"}


def written_in_part(world: World, back_up: Callable[[], None]) -> Message:
    """A plan of which a few batches are written when `back_up` is called and the machine is lost."""
    plan = world.proposed()
    before = world.braintrust.requests.count("insert")
    later = lambda _: world.braintrust.requests.count("insert") > before + 2  # noqa: E731 - a condition, not a function
    with world.braintrust.faults.hold("insert", when=later) as gate:
        world.press(plan, "approve", user=BEN)
        gate.wait_for_arrivals(1)
        back_up()
        world.kill_bot()
    return plan


def assert_goes_on(world: World, plan: Message) -> None:
    world.start_bot()
    assert world.report(plan, seconds=90).text.startswith(f"Done. Assigned {world.seeded.open} ")
    assert [len(row.assignments) for row in world.written_rows()] == [1] * world.seeded.open


def test_on_sqlite(start_world: StartWorld) -> None:
    world = start_world(**SMALL)
    restored = world.folder / "elsewhere" / "restored.db"
    restored.parent.mkdir()

    def back_up() -> None:
        with closing(sqlite3.connect(world.folder / "bot.db")) as live, closing(sqlite3.connect(restored)) as copy:
            live.backup(copy)  # as `.backup` of the program sqlite3 does

    plan = written_in_part(world, back_up)
    world.database_url = f"sqlite:///{restored}"

    assert_goes_on(world, plan)


@pytest.mark.postgresql
def test_on_postgresql(start_world: StartWorld, postgresql: PostgresServer) -> None:
    world = start_world(database="postgresql", **SMALL)
    dump = world.folder / "reviews.dump"
    plan = written_in_part(world, lambda: _run("pg_dump", "-Fc", "-f", str(dump), world.database_url))
    world.database_url = postgresql.url(postgresql.create())
    _run("pg_restore", "--no-owner", "-d", world.database_url, str(dump))

    assert_goes_on(world, plan)


@pytest.mark.parametrize("database", DATABASES)
def test_plans_at_rest_are_kept_as_long_as_they_are_to_be(start_world: StartWorld, database: str) -> None:
    world = start_world(database=database, RETENTION_DAYS="30")
    plan = world.proposed()
    world.press(plan, "cancel")
    world.shows(plan, "Cancelled")
    old = world.proposed()
    world.press(old, "cancel")
    world.shows(old, "Cancelled")
    world.stop_bot(signal.SIGTERM)
    with world.stored() as stored:
        newest, oldest = stored.plans.recent()
        with stored.database.write() as connection:
            aged = {"at": oldest.created_at - timedelta(days=31), "id": oldest.id}
            connection.execute(text("update plans set created_at = :at where id = :id"), aged)

    world.start_bot()

    world.wait_until(lambda stored: [plan.id for plan in stored.plans.recent()] == [newest.id])


def _run(program: str, *arguments: str) -> None:
    subprocess.run([str(programs() / program), *arguments], check=True, capture_output=True)
