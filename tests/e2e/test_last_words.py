"""What each command says when Ctrl-C ends it, and when nobody sees what it says: true for that very command."""

import signal
from typing import Any

import pytest

from tests.e2e.conftest import StartWorld
from tests.e2e.world import World, plan_id

GOES_ON = "A bot that runs on the same database goes on with it."


@pytest.fixture
def alone(start_world: StartWorld) -> World:
    """A world in which a bot assigned nothing yet, and does not run any more."""
    return start_world(rows=500, door="terminal", BATCH_SIZE="100", PARALLEL_REQUESTS="1")


def last_words(world: World, kind: Any, *arguments: str) -> str:
    """What a command says when Ctrl-C is pressed while a request of a kind is on its way."""
    with world.braintrust.faults.hold(kind) as gate:
        process = world.begin_bot(*arguments)
        gate.wait_for_arrivals(1, timeout_seconds=90)
        process.send_signal(signal.SIGINT)
        if kind == "insert":  # a write that is on its way is waited for
            gate.open()
        _, complained = process.communicate(timeout=120)
    assert process.returncode == 130, complained
    return complained


@pytest.mark.parametrize("kind", ["organization", "query", "user"])
def test_check_has_begun_nothing_that_could_go_on(alone: World, kind: str) -> None:
    assert last_words(alone, kind, "check") == "Interrupted.\n"


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "--yes"), ("plan", "--dry-run")])
def test_a_plan_that_is_read_leaves_nothing(alone: World, arguments: tuple[str, ...]) -> None:
    assert last_words(alone, "query", *arguments) == "Interrupted. No rows updated.\n"


def test_an_undo_that_is_still_counted_leaves_nothing(alone: World) -> None:
    alone.bot("plan", "--yes")

    assert last_words(alone, "query", "undo", alone.stored_plans()[0]) == "Interrupted. No rows updated.\n"
    assert len([who for who in alone.newly_assigned().values() if who]) == alone.seeded.open


def test_an_undo_in_the_middle_names_the_command_that_finishes_it(alone: World) -> None:
    alone.bot("plan", "--yes")
    plan = alone.stored_plans()[0]

    said = last_words(alone, "insert", "undo", plan, "--yes")

    assert f"'python -m bot undo {plan}' finishes it. {GOES_ON}" in said
    assert "Undone." in alone.bot("undo", plan).stdout


def test_the_stop_of_a_plan_of_slack_names_no_command_that_does_not_know_it(start_world: StartWorld) -> None:
    """`plan --resume` finishes what the terminal began."""
    world = start_world(rows=500, BATCH_SIZE="100", PARALLEL_REQUESTS="1")
    plan = world.proposed()
    with world.braintrust.faults.hold("insert") as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(1)
        world.kill_bot()

    said = last_words(world, "query", "stop", plan_id(plan.text))

    assert f"'python -m bot stop {plan_id(plan.text)}' ends it. {GOES_ON}" in said
    assert "--resume" not in said
    assert world.bot("stop", plan_id(plan.text)).returncode == 0
