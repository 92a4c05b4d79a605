"""Several bots on one database: they share the work, take over from each other, and never write a row twice."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.fault_orders import Gate
from sandbox.http.request import Kind
from sandbox.slack.records import Message
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import REVIEWS, World, plan_id

SMALL: dict[str, Any] = {"BATCH_SIZE": "50", "PARALLEL_REQUESTS": "1", "SETTLE_SECONDS": "5"}
TAGS = [f"team-{number}" for number in range(6)]
TAKEOVER_SECONDS = 60


@pytest.mark.parametrize("database", DATABASES)
def test_two_processes_share_out_six_plans(start_world: StartWorld, database: str) -> None:
    """Each plan is done once, by one of them, also when one leaves; a row that two plans want goes to one."""
    world = start_world(database=database, **{**SMALL, "BATCH_SIZE": "10"})
    free = [row.id for row in world.free_rows()]
    for number, row_id in enumerate(free):
        tags = [TAGS[number % 6], *([TAGS[(number + 1) % 6]] if number % 35 == 0 else [])]
        world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, row_id, tags)
    world.before = {row.id: row for row in world.all_rows()}
    world.braintrust.faults.latency(0.1, kind="insert")
    world.start_another()

    plans = [world.proposed(f"tag={tag}") for tag in TAGS]
    for plan in plans:
        world.press(plan, "approve")
    reports = [world.report(plan, seconds=90) for plan in plans[:3]]
    world.stop_bot(signal.SIGTERM)
    reports += [world.report(plan, seconds=90) for plan in plans[3:]]

    assert [report.text.split(".")[0] for report in reports] == ["Done"] * 6
    world.assert_agreement(*reports)
    assert set(world.newly_assigned()) == set(free)
    done = [world.log(name).count("a plan was assigned") for name in ("bot.log", "another-0.log")]
    assert sum(done) == 6
    assert done[1] > 0


@pytest.mark.postgresql
def test_the_work_of_a_killed_process_is_taken_over_within_a_minute(start_world: StartWorld) -> None:
    """What it had on its way lands although nobody waits for it any more."""
    worlds = [start_world(database=database, **SMALL, LEASE_SECONDS="30") for database in ("sqlite", "postgresql")]

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(killed_and_taken_over, worlds))

    for world, report in zip(worlds, reports, strict=True):
        assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
        world.assert_agreement(report)


def killed_and_taken_over(world: World) -> Message:
    plan, gate = approved_and_held(world, "insert", nth=2)
    with gate:
        world.kill_bot()
        world.start_another()
    return world.report(plan, seconds=TAKEOVER_SECONDS)


def test_a_process_that_ends_hands_its_plan_to_another_at_once(start_world: StartWorld) -> None:
    """SIGTERM: what is on its way is finished and stored, and nobody waits for a lease to run out."""
    world = start_world(**SMALL, LEASE_SECONDS="300")
    world.start_another()
    world.braintrust.faults.latency(0.5, kind="insert")
    plan = world.proposed()
    world.press(plan, "approve")
    world.braintrust.requests.wait_for("insert", 1)

    code = world.stop_bot(signal.SIGTERM)
    report = world.report(plan, seconds=120)

    assert code == 0
    assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
    world.assert_agreement(report)


@pytest.mark.parametrize("database", DATABASES)
def test_a_process_that_stood_still_past_its_lease_sends_nothing_more(start_world: StartWorld, database: str) -> None:
    """With rows just checked, or just sent: when it wakes up, another one has the plan, and is in the middle of it."""
    kinds: list[Kind] = ["query", "insert"]
    worlds = [start_world(database=database, door="socket", **SMALL) for _ in kinds]

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(overtaken, worlds, kinds))

    for world, report in zip(worlds, reports, strict=True):
        assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
        world.assert_agreement(report)
        assert "a plan was assigned" not in world.log()


def overtaken(world: World, kind: Kind) -> Message:
    """The first process stops with a request on its way, and goes on while another one writes."""
    plan, gate = approved_and_held(world, kind, nth=1 if kind == "query" else 2)  # one query checks all the rows
    with gate, stood_still(world):
        world.start_another()
        gate.open()
        inserts = world.braintrust.requests.count("insert")
        with world.braintrust.faults.hold("insert") as other:
            other.wait_for_arrivals(1, timeout_seconds=TAKEOVER_SECONDS)
            world.signal_bot(signal.SIGCONT)
            # The second where the database had ended a transaction that stood still as well.
            world.wait_for_log("a plan was taken over by another worker", "a step met a fault")
            assert world.braintrust.requests.count("insert") == inserts + 1
    return world.report(plan, seconds=TAKEOVER_SECONDS)


@pytest.mark.postgresql
def test_a_process_that_stood_still_in_a_transaction_holds_nobody_up(start_world: StartWorld) -> None:
    """Its locks end with its lease: the same as when its host vanishes from the network."""
    world = start_world(database="postgresql", door="socket", **SMALL)
    plan, gate = approved_and_held(world, "insert", nth=2)
    with gate, in_a_transaction(world, plan):
        world.start_another()
        gate.open()
        report = world.report(plan, seconds=TAKEOVER_SECONDS)

    assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
    world.assert_agreement(report)


def approved_and_held(world: World, kind: Kind, *, nth: int) -> tuple[Message, Gate]:
    """An approved plan, with its `nth` check or write on its way, and the gate that holds it back."""
    plan = world.proposed()
    mark = world.braintrust.requests.count(kind) + nth
    gate = world.braintrust.faults.hold(kind, when=lambda _: world.braintrust.requests.count(kind) >= mark)
    world.press(plan, "approve")
    gate.wait_for_arrivals(1, timeout_seconds=90)
    world.wait(lambda w: w.thread(REVIEWS, plan.ts))
    return plan, gate


@contextmanager
def stood_still(world: World) -> Iterator[None]:
    """The first process stopped, whatever happens until it goes on.

    On SQLite not in the middle of a transaction: a file that is locked by a process of the same host stays locked.
    """
    with world.locked() if world.database_url.startswith("sqlite") else nullcontext():
        world.freeze_bot()
    try:
        yield
    finally:
        world.signal_bot(signal.SIGCONT)


@contextmanager
def in_a_transaction(world: World, plan: Message) -> Iterator[None]:
    """The first process stopped while it has the plan's row locked, whatever happens until it goes on."""
    waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted and database = %s"
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(42)")
        connection.execute(
            """create function slow() returns trigger language plpgsql as
               $$ begin perform pg_advisory_xact_lock(42); return new; end $$"""
        )
        connection.execute(
            sql.SQL(
                """create trigger slow before update of progress on plans
                   for each row when (new.id = {}) execute function slow()"""
            ).format(sql.Literal(plan_id(plan.text)))
        )
        found = connection.execute("select oid from pg_database where datname = current_database()").fetchone()
        again = Retrying(stop=stop_after_delay(90), wait=wait_fixed(0.05), retry=retry_if_result(lambda rows: not rows))
        again(lambda: connection.execute(waiting, found).fetchall())
        with stood_still(world):
            connection.execute("select pg_advisory_unlock(42)")
            yield
