"""A `.env` that was written wrongly: told by its line, by every command, beside all else, without a traceback."""

from collections.abc import Iterator

import pytest

from tests.e2e.world import World

CONTENT = """\
# a comment

SLACK_BOT_TOKEN: xoxb-hush
REVIEW_TAG="hush
PAGE_SIZ=5
"""
PROBLEMS = [
    ".env, line 3: write SLACK_BOT_TOKEN=value, with = in place of the colon.",
    ".env, line 4: the quote that REVIEW_TAG begins with is not closed.",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("env"), door="terminal") as world:
        (world.folder / ".env").write_text(CONTENT)
        yield world


@pytest.mark.parametrize("command", ["run", "web", "plan", "history", "migrate"])
def test_every_command_tells_the_lines_and_what_else_is_wrong(world: World, command: str) -> None:
    said = world.bot(command, PAGE_SIZE="none")

    assert said.returncode == 1
    assert said.stderr.splitlines()[:2] == PROBLEMS
    assert said.stderr.splitlines()[2].startswith("PAGE_SIZE: ")
    assert "hush" not in said.stderr


def test_the_check_tells_the_lines_and_tries_the_rest(world: World) -> None:
    said = world.bot("check")

    lines = [line.split(maxsplit=1) for line in said.stdout.splitlines() if ": " in line]
    assert said.returncode == 1
    assert [sentence for verdict, sentence in lines if verdict == "wrong"] == PROBLEMS
    assert [sentence for verdict, sentence in lines if verdict == "warning"] == [
        "PAGE_SIZ: nothing of this name is read; write PAGE_SIZE."
    ]
    assert any(sentence.startswith("SLACK_BOT_TOKEN: ") for verdict, sentence in lines if verdict == "ok")
    assert "hush" not in said.stdout + said.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_another_encoding_is_told(world: World, encoding: str) -> None:
    path = world.folder / ".env"
    path.write_bytes("# \u00dcbung\nREVIEW_DAYS=3\n".encode(encoding))

    said = world.bot("check")

    path.write_text(CONTENT)
    assert ".env, line 1: this is not UTF-8; save the file in this encoding." in said.stdout
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(("command", "said_by"), [("migrate", "stderr"), ("history", "stderr")])
def test_quotes_that_are_taken_off_are_said(world: World, command: str, said_by: str) -> None:
    path = world.folder / ".env"
    path.write_text("")

    said = world.bot(command, REVIEW_TAG='"needs-review"')

    path.write_text(CONTENT)
    assert "REVIEW_TAG: the quotes around it were taken off." in getattr(said, said_by)
