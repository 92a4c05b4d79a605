"""Tokens that Slack refuses end the start with a sentence; an outage of Slack's is waited for, and can be seen."""

import signal

import pytest

from sandbox.http.fault_orders import Faults
from sandbox.http.faults import Error, Reset, Status
from tests.e2e.conftest import StartWorld
from tests.e2e.world import World
from tests.ports import free_port

DOORS = pytest.mark.parametrize("door", ["http", "socket"])
COMMANDS = {"http": "web", "socket": "run"}


def idle_world(start_world: StartWorld, *, door: str = "http", **settings: str) -> World:
    """A world whose bot does not run yet."""
    world = start_world(rows=10, door="terminal", **settings)
    world.door = door
    (world.folder / "bot.log").write_text("")
    return world


@DOORS
def test_a_wrong_bot_token_ends_the_start_with_a_sentence(start_world: StartWorld, door: str) -> None:
    world = idle_world(start_world, door=door)

    said = world.bot(COMMANDS[door], SLACK_BOT_TOKEN="xoxb-other", PORT=str(free_port()))

    assert said.returncode == 1
    assert "SLACK_BOT_TOKEN: Slack does not know this token; copy it again, whole." in said.stderr.splitlines()
    assert "Traceback" not in said.stderr
    assert "xoxb-other" not in said.stderr


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("account_inactive", "the app was removed from the workspace"),
        ("token_revoked", "the app was removed from the workspace"),
        ("token_expired", "switch token rotation off"),
        ("not_allowed_token_type", "a token of another kind"),
        ("team_access_not_granted", "Slack refuses the token (team_access_not_granted)"),
    ],
)
@pytest.mark.parametrize(
    ("method", "setting"), [("auth.test", "SLACK_BOT_TOKEN"), ("apps.connections.open", "SLACK_APP_TOKEN")]
)
def test_each_refusal_of_a_token_ends_the_start_and_names_the_token(
    start_world: StartWorld, method: str, setting: str, code: str, sentence: str
) -> None:
    world = idle_world(start_world, door="socket")
    world.slack.faults.next(method, Error(code))

    said = world.bot("run")

    last = said.stderr.splitlines()[-1]
    assert (said.returncode, last.partition(": ")[0]) == (1, setting)
    assert sentence in last
    assert "Traceback" not in said.stderr


def test_an_app_token_without_its_scope_ends_the_start(start_world: StartWorld) -> None:
    world = idle_world(start_world, door="socket")
    world.slack.faults.next("apps.connections.open", Error("missing_scope"))

    said = world.bot("run")

    assert said.returncode == 1
    assert said.stderr.splitlines()[-1] == (
        "SLACK_APP_TOKEN: the token lacks the scope connections:write; make another one that has it."
    )


@DOORS
def test_a_missing_scope_is_in_the_log_before_the_first_command(start_world: StartWorld, door: str) -> None:
    world = idle_world(start_world, door=door)
    world.slack.scopes.discard("users:read")

    world.start_bot()

    world.wait_for_log("the Slack app lacks scopes")
    assert "ERROR" in world.log()
    assert "users:read (keeps guests" in world.log()


def test_a_missing_scope_that_the_bot_can_do_without_is_a_warning_in_the_log(start_world: StartWorld) -> None:
    world = idle_world(start_world)
    world.slack.scopes.discard("files:write")

    world.start_bot()

    world.wait_for_log("the Slack app lacks optional scopes")
    assert "ERROR" not in world.log()
    assert "files:write (attaches" in world.log()


@DOORS
@pytest.mark.parametrize(
    "fault", [Status(503), Reset(), Status(429, headers={"Retry-After": "1"}), Error("internal_error")], ids=repr
)
def test_an_outage_of_slack_is_waited_for_and_seen(start_world: StartWorld, door: str, fault: object) -> None:
    world = idle_world(start_world, door=door)
    faults: Faults = world.slack.faults
    faults.next("apps.connections.open", fault, times=2)  # type: ignore[arg-type]
    faults.next("auth.test", fault)  # type: ignore[arg-type]

    world.start_bot()
    answer = world.type("help")
    world.wait_for_log("Slack knows the bot")

    assert "dry-run" in answer
    assert "Slack cannot be used" in world.log()
    assert ("Slack cannot be reached" in world.log()) == (door == "socket")
    assert "Traceback" not in world.log()


def test_without_a_network_the_bot_waits_visibly_and_can_be_stopped(start_world: StartWorld) -> None:
    world = idle_world(start_world, door="socket")
    bot = world.begin_bot("run", SLACK_API_URL=f"http://127.0.0.1:{free_port()}/api/")
    assert bot.stderr is not None

    seen = next(line for line in bot.stderr if "tried_again_in_seconds=2" in line)
    bot.send_signal(signal.SIGTERM)
    rest = bot.communicate(timeout=120)[1]

    assert "Slack cannot be reached" in seen
    assert bot.returncode == 0
    assert "the bot stopped" in rest
    assert "Traceback" not in rest


def test_a_token_that_is_revoked_later_is_told_again_and_again_until_it_is_good(start_world: StartWorld) -> None:
    world = start_world(rows=10, door="socket")
    world.slack.faults.next("apps.connections.open", Error("token_revoked"), times=2)

    world.slack.drop_sockets()
    world.slack.wait_for_socket(timeout_seconds=90)

    assert world.log().count("SLACK_APP_TOKEN: the app was removed from the workspace") == 2
    assert "dry-run" in world.type("help")
    assert "Traceback" not in world.log()


def test_slack_may_replace_the_connection_as_often_as_it_likes(start_world: StartWorld) -> None:
    world = start_world(rows=10, door="socket")

    for _ in range(5):
        world.slack.refresh_sockets()
        world.slack.wait_for_socket(timeout_seconds=90)
        assert "dry-run" in world.type("help")

    assert world.log().count("connected to Slack") == 6
    assert "WARNING" not in world.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_right_after_the_start_is_obeyed(start_world: StartWorld, number: signal.Signals) -> None:
    world = start_world(rows=10, door="socket")

    assert world.stop_bot(number) == 0
    assert "the bot stopped" in world.log()
