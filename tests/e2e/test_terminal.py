"""`python -m bot plan`, `check` and `migrate`, for people without Slack and for cron."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.http.faults import Status
from tests.e2e.conftest import StartWorld
from tests.e2e.world import World
from tests.processes import ROOT


@pytest.fixture
def terminal(start_world: StartWorld) -> World:
    """A world whose bot does not run: there is only the terminal."""
    return start_world(rows=2_500, door="terminal")


def test_the_plan_is_shown_assigned_and_written_to_a_file(terminal: World) -> None:
    said = terminal.bot("plan", "--yes")

    seeded = terminal.seeded
    assert said.returncode == 0, said.stderr
    assert "  page 1: 1,000 rows (total 1,000)\n" in said.stdout
    assert f"Fetched {seeded.matching:,} logs tagged 'needs-review' from the last 7 days." in said.stdout
    assert f"  already assigned (skip):   {seeded.assigned:,}" in said.stdout
    assert f"  not assigned (to assign):  {seeded.open:,}" in said.stdout
    assert f"  assigned {seeded.open:,}/{seeded.open:,}" in said.stdout
    assert f"\nAssignment plan {terminal.stored_plans()[0]}:\n" in said.stdout
    assert f"Done. Assigned {seeded.open:,} rows across 5 reviewers." in said.stdout
    assert set(json.loads((terminal.folder / "to_assign_ids.json").read_text())) == set(terminal.newly_assigned())
    terminal.assert_each_written_once()


def test_a_dry_run_updates_nothing(terminal: World) -> None:
    said = terminal.bot("plan", "--dry-run", "--limit", "10", "--days", "3")

    assert said.returncode == 0
    assert "[dry-run] No rows updated." in said.stdout
    assert "from the last 3 days" in said.stdout
    assert terminal.newly_assigned() == {}


def test_rows_are_picked_and_dealt_out_as_the_command_in_slack_does_it(terminal: World) -> None:
    oldest_first = [row.id for row in sorted(terminal.free_rows(), key=lambda row: row.columns["_pagination_key"])]
    options = [
        "--sample",
        "50%",
        "--order",
        "oldest",
        "--limit",
        "100",
        "--strategy",
        "balanced",
        "--group-by",
        "trace",
    ]

    said = terminal.bot("plan", "--yes", *options)

    assert said.returncode == 0, said.stderr
    left = terminal.seeded.open - 100
    assert f"  A sample of 50%, limited to the oldest 100: {left:,} rows stay unassigned.\n" in said.stdout
    written = terminal.newly_assigned().keys()
    assert len(written) == 100
    assert written < set(oldest_first[:500])


def test_without_a_person_to_ask_nothing_is_assigned(terminal: World) -> None:
    said = terminal.bot("plan")

    assert said.returncode == 1
    assert "pass --yes" in said.stderr
    assert terminal.newly_assigned() == {}


def test_an_interrupted_assignment_is_finished_first(terminal: World) -> None:
    with terminal.braintrust.faults.hold("insert") as gate:
        process = terminal.begin_bot("plan", "--yes")
        gate.wait_for_arrivals(1, timeout_seconds=90)
        process.kill()
        process.communicate()

    said = terminal.bot("plan", "--yes")

    assert said.returncode == 0, said.stderr
    assert "which was interrupted" in said.stdout
    assert f"Done. Assigned {terminal.seeded.open:,} rows across 5 reviewers." in said.stdout
    assert len(terminal.newly_assigned()) == terminal.seeded.open
    terminal.assert_each_written_once()


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "Check BRAINTRUST_API_KEY"), (404, "Check BRAINTRUST_PROJECT_ID")]
)
def test_a_refusal_ends_with_advice_and_a_failing_exit_code(terminal: World, status: int, advice: str) -> None:
    terminal.braintrust.faults.next("query", Status(status), times=None)

    said = terminal.bot("plan", "--yes")

    assert said.returncode == 1
    assert advice in said.stderr
    assert "Traceback" not in said.stderr


def test_only_while_it_is_imported_nothing_looks_for_garbage(tmp_path: Path) -> None:
    """A quarter of a start went into that; what is imported stays, and later on is left out."""
    code = """if True:
        import gc, sys
        from bot.__main__ import main
        sys.argv[1:] = ["history"]
        print(main(), gc.isenabled(), gc.get_freeze_count() > 10_000)"""

    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "1 True True\n", said.stderr


def test_a_wrong_option_is_a_wrong_usage(terminal: World) -> None:
    said = terminal.bot("plan", "--days", "none")

    assert said.returncode == 2
    assert "days is a whole number from 1 to 365" in said.stderr


def test_history_tells_every_step_with_who_and_counts(terminal: World) -> None:
    terminal.bot("plan", "--yes")

    plans = terminal.bot("history").stdout
    steps = terminal.bot("history", plans.split()[2]).stdout

    moves = ["reading", "reading -> proposed", "proposed -> checking", "checking -> running", "running -> reporting"]
    assert [line[21:].split("  ")[0] for line in steps.splitlines()] == [*moves, "reporting -> done"]
    assert f"assigned {terminal.seeded.open:,}" in steps.splitlines()[-1]


def test_migrate_can_be_repeated(terminal: World) -> None:
    assert [terminal.bot("migrate").returncode for _ in range(2)] == [0, 0]


def test_what_was_typed_is_repeated_as_it_was_typed(start_world: StartWorld) -> None:
    """Slack's own signs are escaped in Slack, and nowhere else; what paints is shown."""
    world = start_world(door="terminal")

    unknown = world.bot("plan", "--yes", "--reviewers", "Q&A <team>\x1b[2J")
    left_out = world.bot(
        "plan", "--yes", "--reviewers", f"{world.braintrust.directory.users[0]['email']},q&a@example.com"
    )

    assert r"whom Q&A <team>\u001b[2J means" in unknown.stderr
    assert "left out: q&a@example.com" in left_out.stdout
