"""A command in another folder, or on another database, than the bot's: it says so, and makes nothing there."""

from pathlib import Path

import pytest

from tests.e2e.conftest import StartWorld
from tests.e2e.world import World
from tests.postgresql import PostgresServer

READING = [("history",), ("history", "abcdefg"), ("stop", "abcdefg"), ("undo", "abcdefg"), ("undo", "abcdefg", "--yes")]


@pytest.fixture
def world(start_world: StartWorld) -> World:
    return start_world(door="terminal")


def content(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_command_on_known_plans_makes_no_database(world: World, arguments: tuple[str, ...]) -> None:
    before = content(world.folder)

    said = world.bot(*arguments, DATABASE_URL="sqlite:///data/bot.db")

    assert said.returncode == 1
    assert said.stderr == (
        f"DATABASE_URL: there is no database at {world.folder}/data/bot.db. "
        "Go to the folder that the bot starts in, or name its file.\n"
    )
    assert content(world.folder) == before


def test_check_makes_none_and_says_who_will(world: World) -> None:
    before = content(world.folder)

    said = world.bot("check", DATABASE_URL="sqlite:///data/bot.db")

    assert said.returncode == 0
    path = world.folder / "data" / "bot.db"
    assert f"ok       DATABASE_URL: there is no database at {path} yet; the first start makes it.\n" in said.stdout
    assert content(world.folder) == before


def test_check_says_where_none_can_be_made(world: World) -> None:
    file = world.folder / "file"
    file.touch()

    said = world.bot("check", DATABASE_URL="sqlite:///file/data/bot.db")

    assert said.returncode == 1
    assert (
        f"wrong    DATABASE_URL: {file}/data/bot.db cannot be made: the bot may not write to {file}.\n" in said.stdout
    )


def test_an_empty_file_is_no_database_of_a_bot(world: World) -> None:
    (world.folder / "empty.db").touch()

    said = world.bot("history", DATABASE_URL="sqlite:///empty.db")

    assert said.returncode == 1
    assert said.stderr == "DATABASE_URL: no bot has used this database yet. Name that of your bot.\n"


@pytest.mark.postgresql
def test_no_tables_are_made_in_an_empty_database_of_a_server(
    start_world: StartWorld, postgresql: PostgresServer
) -> None:
    world = start_world(database=postgresql.url(postgresql.create()), door="terminal")

    said = [world.bot("history") for _ in range(2)]

    assert {one.stderr for one in said} == {"DATABASE_URL: no bot has used this database yet. Name that of your bot.\n"}


def test_a_plan_makes_what_it_needs(world: World) -> None:
    said = world.bot("plan", "--dry-run", DATABASE_URL="sqlite:///data/bot.db")
    history = world.bot("history", DATABASE_URL="sqlite:///data/bot.db")

    assert (said.returncode, history.returncode) == (0, 0)
    assert "shown" in history.stdout
