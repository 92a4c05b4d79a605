"""Secrets in files: read at the start, and again when Slack or Braintrust refuses the old one."""

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests

from tests.e2e.conftest import StartWorld
from tests.e2e.test_doors import BODY, signed
from tests.e2e.world import BEN, World
from tests.postgresql import ASKED, PostgresServer

NAMES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "BRAINTRUST_API_KEY", "DATABASE_URL")


def from_files(start_world: StartWorld, *, door: str = "http", database: str = "sqlite") -> World:
    """A world whose bot was started anew, with every secret in a file of the world's folder."""
    world = start_world(door=door, database=database)
    world.stop_bot(signal.SIGTERM)
    values = world.environment
    for name in NAMES:
        (world.folder / name).write_text(f"{values[name]}\n")
    world.unset = frozenset(NAMES)
    world.settings |= {f"{name}_FILE": str(world.folder / name) for name in NAMES}
    world.start_bot()
    return world


@pytest.mark.parametrize("door", ["http", "socket"])
def test_the_bot_works_with_secrets_from_files(start_world: StartWorld, door: str) -> None:
    world = from_files(start_world, door=door)

    plan = world.proposed()
    world.press(plan, "approve", user=BEN)

    assert world.report(plan).text.startswith("Done.")


def test_keys_are_rotated_without_a_restart(start_world: StartWorld) -> None:
    world = from_files(start_world)
    plan = world.proposed()

    world.braintrust.api_key = "sk-rotated"
    world.slack.backend.bot_token = "xoxb-rotated"
    (world.folder / "BRAINTRUST_API_KEY").write_text("sk-rotated\n")
    (world.folder / "SLACK_BOT_TOKEN").write_text("xoxb-rotated\n")
    world.press(plan, "approve", user=BEN)

    assert world.report(plan).text.startswith(f"Done. Assigned {world.seeded.open} ")


def test_a_signing_secret_is_rotated_without_a_restart(start_world: StartWorld) -> None:
    """At once, for all who come then: also right after a request of somebody else, and several times in a row."""
    world = from_files(start_world)
    answers = []

    with ThreadPoolExecutor(8) as together:
        for secret in ("hush-1", "hush-2", "hush-3"):
            answers.append(answer_to(world, "guessed"))
            (world.folder / "SLACK_SIGNING_SECRET").write_text(f"{secret}\n")
            answers += together.map(answer_to, [world] * 8, [secret] * 8)
    answers += [answer_to(world, secret) for secret in ("hush-2", "sandbox-signing-secret", "hush-3")]

    assert answers == [401, *[200] * 8] * 3 + [401, 401, 200]


def answer_to(world: World, secret: str) -> int:
    """The status of the answer to a command that was signed with a secret."""
    headers = signed(BODY, secret=secret)
    return requests.post(world.slack.bot_url or "", data=BODY, headers=headers, timeout=30).status_code


@pytest.mark.postgresql
def test_a_user_of_the_database_is_rotated_without_a_restart(
    start_world: StartWorld, postgresql: PostgresServer
) -> None:
    """What is connected stays connected; whoever connects anew is refused, and looks into the file."""
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as database:
        database.execute(f"create role {ASKED} superuser login password 'hush-1'")
        try:
            world = from_files(start_world, database="postgresql")
            world.stop_bot(signal.SIGTERM)
            file = world.folder / "DATABASE_URL"
            url = file.read_text()
            file.write_text(url.replace("postgres@", f"{ASKED}:hush-1@"))
            world.start_bot()

            database.execute(f"alter role {ASKED} password 'hush-2'")
            file.write_text(url.replace("postgres@", f"{ASKED}:hush-2@"))
            database.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{ASKED}'")

            assert world.proposed().text.startswith("Waiting for approval")
            assert "hush" not in world.log()
            world.stop_bot(signal.SIGTERM)
        finally:
            database.execute(f"drop role {ASKED}")


def test_an_app_token_is_rotated_without_a_restart(start_world: StartWorld) -> None:
    world = from_files(start_world, door="socket")
    world.slack.backend.app_token = "xapp-rotated"
    (world.folder / "SLACK_APP_TOKEN").write_text("xapp-rotated\n")

    world.slack.refresh_sockets()

    world.slack.wait_for_socket(timeout_seconds=90)
    assert world.proposed().text


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"SLACK_BOT_TOKEN_FILE": "/nowhere"},
            "SLACK_BOT_TOKEN_FILE: /nowhere cannot be read: No such file or directory.",
        ),
        ({"SLACK_BOT_TOKEN_FILE": "/dev/null"}, "SLACK_BOT_TOKEN_FILE: /dev/null is empty."),
        (
            {"SLACK_BOT_TOKEN_FILE": "/dev/null", "SLACK_BOT_TOKEN": "xoxb-1"},
            "SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set. Remove one of them.",
        ),
    ],
    ids=["missing", "empty", "both"],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    with World(tmp_path, door="terminal") as world:
        world.unset = frozenset({"SLACK_BOT_TOKEN"})

        said = world.bot("run", **settings)

    assert (said.returncode, said.stderr) == (1, f"{told}\n")
