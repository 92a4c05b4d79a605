"""The progress of `plan` where somebody watches it: one line that moves, and is gone at the end."""

import os
from pathlib import Path

import pytest

from sandbox.http.faults import Status
from tests.e2e.conftest import StartWorld
from tests.e2e.pseudo_terminal import CTRL_C, PseudoTerminal
from tests.e2e.world import World


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A world whose rows take three pages and several batches."""
    return start_world(rows=2_500, door="terminal", BATCH_SIZE="500", PARALLEL_REQUESTS="1", MAX_PAGE_SIZE="1000")


def is_second_page(query: str) -> bool:
    return "cursor" in query and "needs-review" in query


def test_a_reading_and_an_assignment_are_one_line_that_goes(world: World) -> None:
    with PseudoTerminal(world, "plan", TERM="xterm") as terminal:
        with world.braintrust.faults.hold("query", when=is_second_page) as gate:
            gate.wait_for_arrivals(1, timeout_seconds=40)
            terminal.see("reading 1,000 rows [00:01]")  # it goes on also while nothing comes
            reading = terminal.lines()
        terminal.see("[y/N]")
        shown = terminal.lines()
        with world.braintrust.faults.hold("insert") as gate:
            terminal.type("y\n")
            gate.wait_for_arrivals(1, timeout_seconds=40)
            terminal.see(f"assigned 0/{world.seeded.open:,}   0% |")
        assert terminal.end() == 0

    assert [line[:20] for line in reading] == ["  reading 1,000 rows"]
    assert shown[0] == ""
    assert shown[1].startswith(f"Fetched {world.seeded.matching:,} logs")
    assert f"assigned 500/{world.seeded.open:,}" in terminal.seen
    assert [line for line in terminal.lines() if "reading" in line or "% |" in line] == []
    assert terminal.lines()[-2:] == [f"Done. Assigned {world.seeded.open:,} rows across 5 reviewers.", ""]


@pytest.mark.parametrize("columns", [20, 8, 1, 0])
def test_a_narrow_terminal_has_one_line_too(world: World, columns: int) -> None:
    """Zero: it does not say how wide it is."""
    with PseudoTerminal(world, "plan", "--yes", columns=columns, TERM="xterm") as terminal:
        assert terminal.end() == 0

    drawn = [part.removeprefix("\x1b[K") for part in terminal.seen.split("\r") if part.startswith("\x1b[K")]
    assert max(len(line) for line in drawn if "\n" not in line) <= ((columns or 80) - 1 or 1)
    if columns == 20:
        assert any("1,000 rows" in line for line in drawn)
        assert any("100% |██████████" in line for line in drawn)


def test_why_nothing_moves_stands_in_the_line(world: World) -> None:
    world.braintrust.faults.next("query", Status(429, headers={"Retry-After": "2"}), when=is_second_page)

    with PseudoTerminal(world, "plan", "--dry-run", TERM="xterm") as terminal:
        terminal.see(". Waiting for Braintrust's rate limit.")
        waiting = terminal.lines()
        assert terminal.end() == 0

    assert len(waiting) == 1
    assert "[dry-run] No rows updated." in terminal.lines()
    assert [line for line in terminal.lines() if "Waiting" in line] == []


def test_ctrl_c_leaves_nothing_of_it(world: World) -> None:
    with (
        world.braintrust.faults.hold("query", when=is_second_page) as gate,
        PseudoTerminal(world, "plan", TERM="xterm") as terminal,
    ):
        gate.wait_for_arrivals(1, timeout_seconds=40)
        terminal.see("reading 1,000 rows")
        terminal.type(CTRL_C)
        assert terminal.end() == 130

    assert terminal.lines() == ["Interrupted. No rows updated.", ""]


def test_a_script_gets_json_alone_while_a_person_sees_the_line(world: World) -> None:
    reader, writer = os.pipe()
    with (
        PseudoTerminal(world, "plan", "--dry-run", "--json", stdout=writer, TERM="xterm") as terminal,
        os.fdopen(reader) as output,
    ):
        os.close(writer)
        result = output.read()
        assert terminal.end() == 0

    assert result.startswith("{\n")
    assert "reading 1,000 rows" in terminal.seen
    assert "\x1b" not in result


def test_on_a_terminal_that_cannot_draw_there_are_lines(world: World) -> None:
    with PseudoTerminal(world, "plan", "--dry-run", TERM="dumb") as terminal:
        assert terminal.end() == 0

    assert "\x1b" not in terminal.seen
    assert "  page 1: 1,000 rows (total 1,000)\n" in terminal.seen


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_beside_a_file_there_are_lines(world: World, tmp_path: Path, stream: str) -> None:
    with (
        (tmp_path / "said").open("w+") as file,
        PseudoTerminal(world, "plan", "--dry-run", TERM="xterm", **{stream: file}) as terminal,  # type: ignore[arg-type]
    ):
        assert terminal.end() == 0
        file.seek(0)
        said = terminal.seen + file.read()

    assert "\x1b" not in said
    assert "  page 1: 1,000 rows (total 1,000)\n" in said


def test_an_error_stream_that_nobody_reads_any_more_is_no_terminal(world: World) -> None:
    reader, writer = os.pipe()
    os.close(reader)

    with PseudoTerminal(world, "plan", "--dry-run", stderr=writer, TERM="xterm") as terminal:
        os.close(writer)
        assert terminal.end() == 0

    assert "  page 1: 1,000 rows (total 1,000)\n" in terminal.seen
