"""The bot behind PgBouncer, each of whose transactions may get another session."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from tests.e2e.conftest import StartWorld
from tests.pgbouncer import PgBouncer, is_installed
from tests.postgresql import PostgresServer

TAGS = [f"team-{number}" for number in range(6)]

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(not is_installed(), reason="PgBouncer is not installed (Debian's package: pgbouncer)"),
]


@pytest.mark.parametrize(("pool_mode", "door"), [("session", "http"), ("transaction", "socket")])
def test_plans_are_made_and_assigned_behind_a_pooler(
    start_world: StartWorld, postgresql: PostgresServer, pool_mode: str, door: str
) -> None:
    """Sixty commands in all, of which some ask for a plan and most are told that it is there."""
    size = 4 if pool_mode == "transaction" else 20
    with PgBouncer(postgresql.url(postgresql.create()), pool_mode=pool_mode, pool_size=size) as bouncer:
        world = start_world(database=bouncer.url, door=door)
        free = world.free_rows()
        for number, row in enumerate(free):
            world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, row.id, [TAGS[number % len(TAGS)]])
        world.before = {row.id: row for row in world.all_rows()}

        plans = [world.proposed(f"tag={tag}") for tag in TAGS]
        with ThreadPoolExecutor(6) as people:
            told = list(people.map(world.type, [f"tag={tag}" for tag in TAGS] * 9))
        for plan in plans:
            world.press(plan, "approve")
        reports = [world.report(plan, seconds=90) for plan in plans]

        assert [report.text.split(".")[0] for report in reports] == ["Done"] * len(TAGS)
        assert [words for words in told if "does not answer" in words] == []
        assert set(world.newly_assigned()) == {row.id for row in free}
        assert "Traceback" not in world.log()
        world.stop_bot(signal.SIGTERM)
