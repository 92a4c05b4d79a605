"""The terminal, cut off by a signal, a key or a reader who left: what was agreed to ends, and nothing else is done."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.plan import PlanState
from sandbox.http.faults import Delay
from tests.e2e.conftest import StartWorld
from tests.e2e.pseudo_terminal import CTRL_C, CTRL_D, PseudoTerminal
from tests.e2e.world import World

SLOWLY: dict[str, Any] = {"rows": 500, "BATCH_SIZE": "100", "PARALLEL_REQUESTS": "1", "LEASE_SECONDS": "300"}
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """No bot runs, there is only the terminal; it writes in four batches, one after the other."""
    return start_world(door="terminal", **SLOWLY)


def interrupted(world: World, number: signal.Signals = signal.SIGINT) -> tuple[str, str]:
    """The id of a plan that was interrupted with its third batch on its way, and what was said on standard error."""
    world.braintrust.faults.next("insert", Delay(3), nth=3)
    process = world.begin_bot("plan", "--yes")
    world.braintrust.requests.wait_for("insert", 3, timeout_seconds=90)
    process.send_signal(number)
    _, complained = process.communicate(timeout=120)
    assert process.returncode == 128 + number, complained
    return only_plan(world), complained


def only_plan(world: World) -> str:
    [plan_id] = world.stored_plans()
    return plan_id


def state(world: World, plan_id: str) -> PlanState:
    with world.stored() as stored:
        plan = stored.plans.get(plan_id)
        assert plan is not None
        return plan.state


def inserts(world: World) -> int:
    return world.braintrust.requests.count("insert")


# --- signals, and what the next run makes of them ---


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_in_the_middle_has_a_last_word_and_leaves_the_plan_to_the_next_run(
    world: World, number: signal.Signals
) -> None:
    plan_id, complained = interrupted(world, number)
    began = time.monotonic()
    said = world.bot("plan", "--resume", "--yes")
    took = time.monotonic() - began

    assert f"Plan {plan_id} is not finished: 300 of {world.seeded.open} rows assigned so far." in complained
    assert "Traceback" not in complained
    assert said.returncode == 0, said.stderr
    assert took < 120  # nobody waits for a lease to run out
    assert f"Done. Assigned {world.seeded.open} rows" in said.stdout
    assert len(world.newly_assigned()) == world.seeded.open
    world.assert_each_written_once()


def test_a_dry_run_writes_nothing_and_says_what_waits(world: World) -> None:
    plan_id, _ = interrupted(world)
    before = inserts(world), world.newly_assigned()

    said = world.bot("plan", "--dry-run")

    assert said.returncode == 0, said.stderr
    assert f"Plan {plan_id} is not finished: 300 of {world.seeded.open} rows assigned so far." in said.stdout
    assert "[dry-run] No rows updated." in said.stdout
    assert (inserts(world), world.newly_assigned()) == before
    assert state(world, plan_id) is PlanState.RUNNING


def test_a_dry_run_never_writes_whatever_else_it_is_told(world: World) -> None:
    interrupted(world)
    before = inserts(world)

    said = [world.bot("plan", "--dry-run", option).returncode for option in ("--yes", "--resume", "--abandon")]

    assert said == [0, 2, 2]
    assert inserts(world) == before


def test_without_anybody_to_ask_an_interrupted_plan_is_left(world: World) -> None:
    plan_id, _ = interrupted(world)
    before = inserts(world)

    said = world.bot("plan")

    assert said.returncode == 1
    assert f"Plan {plan_id} is not finished" in said.stdout
    assert "--resume to finish it, or --abandon to stop it" in said.stderr
    assert inserts(world) == before
    assert state(world, plan_id) is PlanState.RUNNING


def test_an_abandoned_plan_is_stopped_and_its_rows_are_planned_again(world: World) -> None:
    plan_id, _ = interrupted(world)

    said = world.bot("plan", "--abandon", "--yes")

    assert said.returncode == 0, said.stderr
    assert f"Stopped. Assigned 300 of {world.seeded.open} rows" in said.stdout
    assert f"Done. Assigned {world.seeded.open - 300} rows" in said.stdout
    assert state(world, plan_id) is PlanState.STOPPED
    world.assert_each_written_once()


@pytest.mark.parametrize(
    ("answer", "becomes", "written"),
    [
        ("f\n", PlanState.DONE, "all"),
        ("finish\n", PlanState.DONE, "all"),
        ("s\n", PlanState.STOPPED, "300"),
        ("l\n", PlanState.RUNNING, "300"),
        ("\n", PlanState.RUNNING, "300"),
        (CTRL_D, PlanState.RUNNING, "300"),
        (CTRL_C, PlanState.RUNNING, "300"),
    ],
    ids=["f", "finish", "s", "l", "enter", "ctrl-d", "ctrl-c"],
)
def test_a_person_is_asked_what_becomes_of_an_interrupted_plan(
    world: World, answer: str, becomes: PlanState, written: str
) -> None:
    plan_id, _ = interrupted(world)

    with PseudoTerminal(world, "plan") as terminal:
        terminal.see("Finish it, stop it, or leave it? [f/s/L]")
        terminal.type(answer)
        if becomes is PlanState.STOPPED:
            terminal.see("[y/N]")
            terminal.type("n\n")
        code = terminal.end()

    assert state(world, plan_id) is becomes
    assert len(world.newly_assigned()) == (world.seeded.open if written == "all" else 300)
    assert code == {PlanState.DONE: 0, PlanState.STOPPED: 1}.get(becomes, 130 if answer == CTRL_C else 1)
    assert "Traceback" not in terminal.seen


# --- the question ---


@pytest.mark.parametrize(("keys", "code"), [(CTRL_D, 1), ("n\n", 1), ("\n", 1), ("nay\n", 1), (CTRL_C, 130)])
def test_what_is_not_a_yes_is_a_no(world: World, keys: str, code: int) -> None:
    with PseudoTerminal(world, "plan") as terminal:
        terminal.see(f"Assign {world.seeded.open} rows? [y/N]")
        terminal.type(keys)
        ended = terminal.end()

    assert ended == code
    assert "No rows updated." in terminal.seen
    assert [word for word in ("Traceback", "goes on", "not finished") if word in terminal.seen] == []
    assert world.newly_assigned() == {}
    assert state(world, only_plan(world)) is PlanState.CANCELLED


def test_a_yes_is_a_yes(world: World) -> None:
    with PseudoTerminal(world, "plan") as terminal:
        terminal.see("[y/N]")
        terminal.type("Yes\n")
        code = terminal.end()

    assert code == 0
    assert f"Done. Assigned {world.seeded.open} rows" in terminal.seen


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_rows_are_read_ends_it(world: World, number: signal.Signals) -> None:
    with world.braintrust.faults.hold("query") as gate:
        process = world.begin_bot("plan")
        gate.wait_for_arrivals(1, timeout_seconds=90)
        process.send_signal(number)
        _, complained = process.communicate(timeout=120)

    assert process.returncode == 128 + number
    assert complained == "Interrupted. No rows updated.\n"
    assert state(world, only_plan(world)) is PlanState.CANCELLED


# --- the output ---


def run_with(world: World, *arguments: str, shell: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m bot plan --yes` in a shell that does something with its output."""
    command = shell.format(bot=f"{sys.executable} -m bot {' '.join(arguments)}")
    environment = {**world.environment, **settings}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=world.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize(
    "shell",
    [
        pytest.param("{bot} | grep -m 1 'assigned 100/'", id="the reader leaves at the first assigned line"),
        pytest.param("{bot} | true", id="nobody reads"),
        pytest.param("{bot} > /dev/full", id="a full device"),
        pytest.param("{bot} >&-", id="closed"),
        pytest.param("{bot} > /dev/full 2>&1", id="a full device for both"),
        pytest.param("{bot} >&- 2>&-", id="both closed"),
    ],
)
def test_an_output_that_is_gone_is_given_up_and_the_work_ends(world: World, shell: str) -> None:
    began = time.monotonic()
    said = run_with(world, "plan", "--yes", shell=shell)
    took = time.monotonic() - began
    after = world.bot("plan", "--dry-run")

    assert said.returncode == 1
    assert (said.stderr, took < 80) == ("", True)
    assert len(world.newly_assigned()) == world.seeded.open
    assert "not finished" not in after.stdout
    world.assert_each_written_once()


def test_a_reader_who_does_not_read_holds_up_nothing(world: World) -> None:
    """Ctrl-S, a pager, a stuck collector: the pipe is full after a page, and the lines wait aside."""
    reading, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    os.write(theirs, b"." * 4096)
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "plan", "--yes"],
        cwd=world.folder,
        env=world.environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)

    world.wait_until(lambda stored: [plan.state for plan in stored.plans.recent()] == [PlanState.DONE], seconds=90)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode().lstrip(".")
    _, complained = process.communicate(timeout=120)

    assert (process.returncode, complained) == (0, "")
    assert said.rstrip().splitlines()[-1].startswith(f"Done. Assigned {world.seeded.open} rows")


def test_every_command_says_by_its_code_that_nobody_saw_it(world: World) -> None:
    for arguments in (("plan", "--dry-run"), ("history",), ("migrate",), ("check",)):
        seen = world.bot(*arguments)
        unseen = run_with(world, *arguments, shell="{bot} > /dev/full")

        assert unseen.returncode == 1, arguments
        assert unseen.stderr == seen.stderr, arguments
        assert seen.returncode in ((0, 1) if arguments == ("check",) else (0,)), arguments


@pytest.mark.parametrize(
    "settings",
    [
        {"LANG": "C", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "ascii:strict"},
    ],
    ids=lambda settings: ",".join(f"{name}={value}" for name, value in settings.items()),
)
def test_names_are_shown_in_any_encoding(world: World, settings: dict[str, str]) -> None:
    world.braintrust.directory.users[0]["given_name"] = "Zo\u00eb \u0141"

    said = world.begin_bot("plan", "--yes", **settings)
    shown, complained = said.communicate(timeout=120)

    assert (said.returncode, complained) == (0, "")
    assert re.search(r"Zo(\u00eb|\\xeb|.) (\u0141|\\u0141)", shown)
    assert "Done. Assigned" in shown


def test_what_others_wrote_moves_no_cursor(world: World) -> None:
    world.braintrust.directory.users[0]["given_name"] = "\x1b[2J\x07a\rb: 9999 rows\u202e"

    said = world.bot("plan", "--dry-run")

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e-\u202e]", said.stdout)
    assert r"\u001b[2J\u0007a\rb: 9999 rows\u202e" in said.stdout


@pytest.mark.parametrize("arguments", [("plan",), ("plan", "--yes"), ("plan", "--dry-run")])
def test_a_closed_standard_input_is_nobody_to_ask(world: World, arguments: tuple[str, ...]) -> None:
    said = run_with(world, *arguments, shell="{bot} <&-")

    assert said.returncode == (1 if arguments == ("plan",) else 0)
    assert "Traceback" not in said.stderr
    assert ("pass --yes" in said.stderr) == (arguments == ("plan",))


# --- the file ---


def _read_only_folder(folder: Path) -> None:
    folder.chmod(0o555)


def _folder_in_its_place(folder: Path) -> None:
    (folder / "to_assign_ids.json").mkdir()


def _full_device(folder: Path) -> None:
    (folder / "to_assign_ids.json").symlink_to("/dev/full")


@pytest.mark.parametrize("obstacle", [_read_only_folder, _folder_in_its_place, _full_device])
def test_a_file_that_cannot_be_written_ends_nothing(
    world: World, obstacle: Callable[[Path], None], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    obstacle(elsewhere)
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not installed")
    as_anybody = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

    said = subprocess.run(
        [*as_anybody, sys.executable, "-m", "bot", "plan", "--yes"],
        cwd=elsewhere,
        env=world.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    assert re.fullmatch(
        r"to_assign_ids\.json could not be written \(.+\)\. The plan goes on without it\.\n", said.stderr
    )
    assert len(world.newly_assigned()) == world.seeded.open


def test_the_file_is_for_its_owner_alone(world: World) -> None:
    world.bot("plan", "--dry-run")

    file = world.folder / "to_assign_ids.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(file.read_text())) == world.seeded.open
