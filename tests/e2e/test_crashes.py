"""kill -9 at every state of a plan: the next process brings it to the same end, and no row is written twice.

A process that dies keeps its lease for a while, so each of these scenarios waits.  They run side by side, each with
a bot, a workspace, a project and a database of its own.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Literal

import pytest
from sqlalchemy import text

from sandbox.http.faults import Status as SlackStatus
from sandbox.slack.records import Message
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import ADA, FINAL, REVIEWS, World

Scenario = Callable[[World], Message]
TAKEOVER_SECONDS = 90
REFUSAL = {
    "sqlite": ["create trigger refused before {change} on plans when {when} begin select raise(abort, 'no'); end"],
    "postgresql": [
        "create function refusal() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$",
        """create trigger refused before {change} on plans
           for each row when ({when}) execute function refusal()""",
    ],
}
REFUSAL_ENDS = {
    "sqlite": ["drop trigger refused"],
    "postgresql": ["drop trigger refused on plans", "drop function refusal()"],
}


def while_the_rows_are_read(world: World) -> Message:
    with world.braintrust.faults.hold("query", when=lambda query: "cursor:" in query) as gate:
        world.type()
        gate.wait_for_arrivals(1, timeout_seconds=90)
        world.kill_bot()
        world.start_bot()
    return approved(world, newest_plan(world))


def while_the_plan_is_posted(world: World) -> Message:
    """The dead process's message arrives after all: there are two, and each can be approved."""
    world.slack.faults.latency(3, "chat.postMessage")
    world.type()
    until(world, "proposed")
    world.kill_bot()
    world.slack.faults.clear()
    world.start_bot()
    world.press(newest_plan(world), "approve")
    return world.wait(
        lambda w: next((m for m in w.messages() if m.channel == REVIEWS and m.text.startswith(FINAL)), None),
        seconds=TAKEOVER_SECONDS,
    )


def while_a_plan_waits_for_approval(world: World) -> Message:
    plan = world.proposed()
    world.answer(ADA, "The plan is ready")
    world.kill_bot()
    world.start_bot()
    return approved(world, plan)


def while_an_approved_plan_is_checked_again(world: World) -> Message:
    plan = world.proposed()
    with world.braintrust.faults.hold("query", when=lambda query: "id IN" in query) as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(1, timeout_seconds=90)
        world.kill_bot()
        world.start_bot()
    return world.report(plan, seconds=TAKEOVER_SECONDS)


def while_rows_are_written(
    world: World,
    *,
    nth: int,
    at: Literal["arrival", "answer"],
    landing: Literal["before the takeover", "during the takeover"] = "before the takeover",
) -> Message:
    """With the `nth` insert, and those beside it, on its way: it lands although its process is dead."""
    plan = world.proposed()
    requests = world.braintrust.requests
    with world.braintrust.faults.hold("insert", at=at, when=lambda _: requests.count("insert") >= nth) as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(1, timeout_seconds=90)
        world.kill_bot()
        world.start_bot()
        if landing == "during the takeover":
            requests.wait_for("query", requests.count("query") + 1, timeout_seconds=TAKEOVER_SECONDS)
    return world.report(plan, seconds=TAKEOVER_SECONDS)


def before_the_counts_are_stored(world: World) -> Message:
    """Between the last row and the state in which the plan rests."""
    plan = world.proposed()
    with refused(world, "update", when="new.state = 'done'"):
        world.press(plan, "approve")
        world.wait_for_log("a step met a fault")
        world.kill_bot()
    world.start_bot()
    return world.report(plan, seconds=TAKEOVER_SECONDS)


def while_the_report_is_posted(world: World) -> Message:
    plan = world.proposed()
    world.slack.faults.next("chat.update", SlackStatus(503), times=100)
    world.press(plan, "approve")
    world.wait_for_log("a plan was assigned")
    world.kill_bot()
    world.slack.faults.clear()
    world.start_bot()
    return world.report(plan, seconds=TAKEOVER_SECONDS)


WRITING: dict[str, Scenario] = {
    "before the first batch": partial(while_rows_are_written, nth=1, at="arrival"),
    "after the first batch": partial(while_rows_are_written, nth=2, at="answer"),
    "in the middle": partial(while_rows_are_written, nth=3, at="arrival", landing="during the takeover"),
    "with the last batch": partial(while_rows_are_written, nth=5, at="answer"),
}
BESIDE_WRITING: dict[str, Scenario] = {
    "reading": while_the_rows_are_read,
    "posting": while_the_plan_is_posted,
    "proposed": while_a_plan_waits_for_approval,
    "checking": while_an_approved_plan_is_checked_again,
    "reporting": before_the_counts_are_stored,
    "reported": while_the_report_is_posted,
}
SCENARIOS = {
    "sqlite": {"in the middle": WRITING["in the middle"], **BESIDE_WRITING},
    "postgresql": {**WRITING, "checking": BESIDE_WRITING["checking"], "reporting": BESIDE_WRITING["reporting"]},
}


@pytest.mark.parametrize("database", DATABASES)
def test_a_kill_at_any_moment_is_made_good_by_the_next_process(start_world: StartWorld, database: str) -> None:
    """Every row once, to whom it was planned for; one plan, one thread, one report."""
    scenarios = SCENARIOS[database]
    settings = {"BATCH_SIZE": "50", "PAGE_SIZE": "100", "PARALLEL_REQUESTS": "2", "SETTLE_SECONDS": "5"}
    worlds = {name: start_world(database=database, **settings) for name in scenarios}

    with ThreadPoolExecutor(len(scenarios)) as pool:
        reports = dict(zip(scenarios, pool.map(lambda name: scenarios[name](worlds[name]), scenarios), strict=True))

    for name, world in worlds.items():
        said = reports[name].text.splitlines()[0]
        assert said == f"Done. Assigned {world.seeded.open} rows across 5 reviewers.", name
        world.assert_agreement(reports[name])


def newest_plan(world: World) -> Message:
    return world.wait(
        lambda w: next((m for m in w.channel_messages(REVIEWS) if m.user == "U0BOT"), None), seconds=TAKEOVER_SECONDS
    )


def approved(world: World, plan: Message) -> Message:
    """The report, after the approval."""
    world.press(plan, "approve")
    return world.report(plan, seconds=TAKEOVER_SECONDS)


def until(world: World, state: str) -> None:
    """Wait until the newest plan is in `state`."""
    world.wait_until(lambda stored: stored.plans.recent(most=1)[0].state == state)


@contextmanager
def refused(world: World, change: Literal["insert", "update"], *, when: str) -> Iterator[None]:
    """Let the database refuse some changes of plans, so that what comes before them is done, and they are not."""
    carry_out(world, REFUSAL, change=change, when=when)
    yield
    carry_out(world, REFUSAL_ENDS)


def carry_out(world: World, statements: dict[str, list[str]], **words: str) -> None:
    with world.stored() as stored, stored.database.write() as connection:
        for statement in statements[connection.dialect.name]:
            connection.execute(text(statement.format(**words)))
