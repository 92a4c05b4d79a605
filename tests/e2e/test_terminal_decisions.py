"""What can be decided in Slack can be decided on the terminal: stop and undo, whoever asked for the plan."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

import pytest

from bot.domain.plan import PlanState
from sandbox.http.faults import Delay, Status
from tests.e2e.conftest import StartWorld
from tests.e2e.pseudo_terminal import PseudoTerminal
from tests.e2e.world import World, plan_id

SLOWLY: dict[str, Any] = {"rows": 500, "BATCH_SIZE": "100", "PARALLEL_REQUESTS": "1"}


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A world whose bot runs."""
    return start_world(**SLOWLY)


@pytest.fixture
def alone(world: World) -> World:
    """There is only the terminal."""
    world.stop_bot(signal.SIGTERM)
    return world


def state(world: World, plan: str) -> PlanState:
    with world.stored() as stored:
        found = stored.plans.get(plan)
        assert found is not None
        return found.state


def assigned(world: World) -> str:
    """The id of a plan that the terminal assigned."""
    said = world.bot("plan", "--yes")
    assert said.returncode == 0, said.stderr
    return world.stored_plans()[0]


@contextmanager
def held(world: World, kind: Any, *arguments: str, nth: int = 1) -> Iterator[Popen[str]]:
    """A command whose `nth` request of a kind is on its way."""
    before = world.braintrust.requests.count(kind)
    requests = world.braintrust.requests
    with world.braintrust.faults.hold(kind, when=lambda _: requests.count(kind) - before >= nth) as gate:
        process = world.begin_bot(*arguments)
        gate.wait_for_arrivals(1, timeout_seconds=90)
        yield process


def interrupted(world: World, *arguments: str) -> str:
    """What a command says whose third request to write is on its way when Ctrl-C is pressed."""
    requests = world.braintrust.requests
    world.braintrust.faults.next("insert", Delay(3), nth=3)
    third = requests.count("insert") + 3
    process = world.begin_bot(*arguments)
    requests.wait_for("insert", third, timeout_seconds=90)
    process.send_signal(signal.SIGINT)
    _, complained = process.communicate(timeout=120)
    assert process.returncode == 130, complained
    return complained


# --- stop ---


def test_a_plan_that_another_terminal_writes_is_stopped(alone: World) -> None:
    with held(alone, "insert", "plan", "--yes", nth=2) as writer:
        [plan] = alone.stored_plans()
        stopper = alone.begin_bot("stop", plan)
        alone.wait_until(lambda stored: (stored.plans.get(plan) or pytest.fail(plan)).stopped_by == "terminal")
    shown, _ = writer.communicate(timeout=120)
    said, complained = stopper.communicate(timeout=120)

    assert (writer.returncode, stopper.returncode, complained) == (1, 0, "")
    some = len(alone.newly_assigned())
    assert f"Stopped. Assigned {some} of {alone.seeded.open} rows" in said
    assert f"Stopped. Assigned {some} of {alone.seeded.open} rows" in shown
    assert 100 < some < alone.seeded.open


def test_a_plan_whose_process_is_gone_is_stopped_and_reported(alone: World) -> None:
    interrupted(alone, "plan", "--yes")
    [plan] = alone.stored_plans()

    said = alone.bot("stop", plan)

    assert said.returncode == 0, said.stderr
    assert f"Stopped. Assigned 300 of {alone.seeded.open} rows" in said.stdout
    assert state(alone, plan) is PlanState.STOPPED


def test_a_plan_of_slack_is_stopped_and_its_thread_says_so(world: World) -> None:
    plan = world.proposed()
    with world.braintrust.faults.hold("insert") as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(1)
        stopper = world.begin_bot("stop", plan_id(plan.text))
        world.wait_until(lambda s: (s.plans.get(plan_id(plan.text)) or pytest.fail("gone")).stopped_by == "terminal")
    report = world.report(plan)
    stopper.communicate(timeout=120)

    assert stopper.returncode == 0
    assert report.text.startswith("Stopped.")
    assert "Stopped by the terminal" in report.text


def test_a_plan_that_waits_in_slack_is_cancelled_and_loses_its_buttons(world: World) -> None:
    plan = world.proposed()

    said = world.bot("stop", plan_id(plan.text))

    assert (said.returncode, said.stdout) == (0, f"Plan {plan_id(plan.text)} is cancelled. No rows updated.\n")
    shown = world.shows(plan, "ancelled by the terminal")
    assert "actions" not in [block["type"] for block in shown.blocks]


def test_what_does_not_go_on_cannot_be_stopped(alone: World) -> None:
    plan = assigned(alone)

    said = [alone.bot("stop", name) for name in (plan, "nosuch")]

    assert [(end.returncode, end.stdout) for end in said] == [(1, ""), (1, "")]
    assert said[0].stderr == f"Plan {plan} has ended: done. There is nothing to stop.\n"
    assert said[1].stderr == "There is no plan nosuch. 'python -m bot history' lists the newest.\n"


# --- undo ---


def test_an_assignment_is_taken_back_and_what_somebody_touched_is_kept(alone: World) -> None:
    plan = assigned(alone)
    touched = next(iter(alone.newly_assigned()))
    alone.braintrust.rows.assign_by_hand(alone.environment["BRAINTRUST_PROJECT_ID"], touched, ["somebody-else"])
    rows = alone.seeded.open

    said = alone.bot("undo", plan, "--yes")
    again = alone.bot("undo", plan, "--yes")

    assert said.returncode == 0, said.stderr
    assert f"Plan {plan}: {rows - 1} rows can be taken back; kept: 1 changed since." in said.stdout
    assert f"Undone. Took back {rows - 1} rows; kept 1 changed since." in said.stdout
    assert {who for who in alone.newly_assigned().values() if who} == {("somebody-else",)}
    assert (again.returncode, again.stderr) == (1, f"Plan {plan} is undone. There is nothing to take back.\n")


@pytest.mark.parametrize(("answer", "becomes"), [("y\n", PlanState.UNDONE), ("n\n", PlanState.DONE)])
def test_a_person_is_asked_before_anything_is_taken_back(alone: World, answer: str, becomes: PlanState) -> None:
    plan = assigned(alone)

    with PseudoTerminal(alone, "undo", plan) as terminal:
        terminal.see(f"Take back {alone.seeded.open} rows? [y/N]")
        terminal.type(answer)
        code = terminal.end()

    assert state(alone, plan) is becomes
    assert code == (0 if becomes is PlanState.UNDONE else 1)


def test_without_anybody_to_ask_nothing_is_taken_back(alone: World) -> None:
    plan = assigned(alone)

    said = alone.bot("undo", plan)

    assert said.returncode == 1
    assert "pass --yes" in said.stderr
    assert state(alone, plan) is PlanState.DONE


def test_a_plan_of_slack_is_taken_back_and_its_thread_says_so(world: World) -> None:
    plan = world.proposed()
    world.press(plan, "approve")
    world.report(plan)

    said = world.bot("undo", plan_id(plan.text), "--yes")

    assert said.returncode == 0, said.stderr
    world.wait(lambda w: [m for m in w.thread(plan.channel, plan.ts) if m.text.startswith("Undone by the terminal.")])


@pytest.mark.parametrize("hours", ["0", "24"])
def test_an_undo_that_is_not_possible_says_why(alone: World, hours: str) -> None:
    plan = assigned(alone) if hours == "0" else world_of_a_dry_run(alone)

    said = alone.bot("undo", plan, "--yes", UNDO_HOURS=hours)

    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        f"Plan {plan} cannot be taken back: that is switched off (UNDO_HOURS).\n"
        if hours == "0"
        else f"Plan {plan} is shown. There is nothing to take back.\n"
    )


def world_of_a_dry_run(world: World) -> str:
    world.bot("plan", "--dry-run")
    return world.stored_plans()[0]


def test_an_undo_that_was_interrupted_is_named_and_can_be_finished(alone: World) -> None:
    plan = assigned(alone)
    complained = interrupted(alone, "undo", plan, "--yes")
    before = alone.braintrust.requests.count("insert")
    dry = alone.bot("plan", "--dry-run")
    left = alone.bot("plan", "--abandon", "--yes")
    unchanged = alone.braintrust.requests.count("insert")

    said = alone.bot("undo", plan)

    assert f"Plan {plan} is being taken back and not finished" in complained
    assert f"Plan {plan} is being taken back and not finished" in dry.stdout
    assert dry.returncode == 0
    assert (left.returncode, "it can only be finished" in left.stderr) == (1, True)
    assert unchanged == before
    assert said.returncode == 0, said.stderr
    assert f"Undone. Took back {alone.seeded.open} rows" in said.stdout


def test_an_undo_that_is_refused_says_why(alone: World) -> None:
    plan = assigned(alone)
    alone.braintrust.faults.next("insert", Status(403), times=None)

    said = alone.bot("undo", plan, "--yes")

    assert said.returncode == 1
    assert "Taking it back ended early." in said.stdout
    assert "403" in said.stdout or "access" in said.stdout


# --- history ---


@pytest.mark.parametrize(
    ("kind", "status", "why"),
    [("query", 401, "Check BRAINTRUST_API_KEY"), ("insert", 403, "Give its owner read and update access")],
)
def test_the_history_of_a_plan_says_why_it_failed(alone: World, kind: Any, status: int, why: str) -> None:
    alone.braintrust.faults.next(kind, Status(status), times=None)
    alone.bot("plan", "--yes")

    steps = alone.bot("history", alone.stored_plans()[0]).stdout.splitlines()

    assert "failed" in steps[-2]
    assert re.match(r"    \S", steps[-1])
    assert why in steps[-1]
