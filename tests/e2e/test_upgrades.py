"""A database of each earlier version, with a plan half written and one that waits: the bot goes on from there.

And one of a newer version, which is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import MetaData, insert, select, text

from bot.adapters.store.database import Database
from bot.adapters.store.schema import revisions, upgrade
from sandbox.slack.records import Message
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import BEN, World, plan_id
from tests.postgresql import PostgresServer

Row = Mapping[Any, Any]
SMALL = {"BATCH_SIZE": "20", "PARALLEL_REQUESTS": "1"}
HALF = 60
"""Rows of each of the two plans."""


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, world: World) -> Callable[[str], str]:
    """Makes an empty database of a kind; its address."""

    def made(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{world.folder / 'earlier.db'}"
        server: PostgresServer = request.getfixturevalue("postgresql")
        return server.url(server.create())

    return made


@pytest.fixture
def world(start_world: StartWorld) -> World:
    return start_world(**SMALL)


@pytest.mark.long
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("revision", revisions()[:-1])
def test_the_bot_goes_on_from_there(
    world: World, elsewhere: Callable[[str], str], database: str, revision: str
) -> None:
    half_written, waiting = live_plans(world)
    earlier = elsewhere(database)
    carry_back(world.database_url, earlier, revision)
    world.database_url = earlier

    world.start_bot()
    world.press(waiting, "approve", user=BEN)

    assert [world.report(plan).text.split(" rows")[0] for plan in (half_written, waiting)] == [
        f"Done. Assigned {HALF}"
    ] * 2
    assert len(world.newly_assigned()) == 2 * HALF
    world.assert_each_written_once()


@pytest.mark.parametrize("database", DATABASES)
def test_a_database_of_a_newer_version_is_refused(start_world: StartWorld, database: str) -> None:
    world = start_world(database=database, door="terminal")
    newer = Database(world.database_url)
    with newer.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    newer.close()

    said = [world.bot(*command) for command in (["run"], ["web"], ["migrate"], ["plan", "--yes"], ["history"])]
    checked = world.bot("check")

    sentence = (
        "A newer version of the bot has used this database: its tables are at 9999, and this version knows them up to "
        f"{revisions()[-1]}. Start the newer version, or restore a copy of the database from before."
    )
    assert [(done.returncode, done.stderr.splitlines()[-1]) for done in said] == [(1, sentence)] * len(said)
    assert checked.returncode == 1
    assert f"wrong    DATABASE_URL: {sentence.partition('.')[0]};" in checked.stdout
    assert world.newly_assigned() == {}


def live_plans(world: World) -> tuple[Message, Message]:
    """A plan that was killed between two batches, and one that waits for its approval."""
    half_written = world.proposed(f"limit={HALF}")
    later = lambda _: world.braintrust.requests.count("insert") > 1  # noqa: E731 - a condition, not a function
    with world.braintrust.faults.hold("insert", when=later) as gate:
        world.press(half_written, "approve", user=BEN)
        gate.wait_for_arrivals(1, timeout_seconds=40)
        waiting = world.proposed(f"limit={HALF} order=oldest")
        world.wait_until(lambda stored: all(plan.message_ts for plan in stored.plans.recent()))
        world.kill_bot()
    assert plan_id(half_written.text) != plan_id(waiting.text)
    return half_written, waiting


def carry_back(newest: str, earlier: str, revision: str) -> None:
    """Write what is in one database into an empty one, as an earlier version would have kept it."""
    source, target = Database(newest), Database(earlier)
    with source.read() as connection:
        known = MetaData()
        known.reflect(connection)
        rows = {table.name: connection.execute(select(table)).mappings().all() for table in known.sorted_tables}
    with target.write() as connection:
        upgrade(connection, to=revision)
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            columns = table.columns.keys()
            if table.name == "events":
                columns.remove("id")  # the database numbers them
            for row in rows.get(table.name, ()):
                kept = _plan_of_then(row, rows["surfaces"]) if table.name == "plans" else row
                values = {name: kept[name] for name in columns if name in kept}
                if all(values.get(key.name, "numbered") is not None for key in table.primary_key):
                    connection.execute(insert(table).values(**values))
    source.close()
    target.close()


def _plan_of_then(plan: Row, surfaces: Sequence[Row]) -> Row:
    """A plan in the columns of every version; whoever worked on it has died a while ago."""
    shown = {one["surface"]: one for one in surfaces if one["plan_id"] == plan["id"]}
    then: Row = {
        "answered": True,
        "alerted": None,
        "reply_ts": shown["reply"]["ts"] if "reply" in shown else None,
        "unknown_reviewers": [],
        "rotation": 0,
        "unassignment": None,
        "lease_owner": None,
        "lease_until": None,
    }
    return {**plan, **then}
