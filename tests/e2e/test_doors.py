"""The HTTP door: signatures, health, and the end of the process; and Socket Mode after a lost connection."""

import gc
import hashlib
import hmac
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, REVIEWS, World
from tests.ports import free_port
from tests.processes import ROOT

BODY = "command=%2Fassign-reviews&text=help&user_id=U0ADA&channel_id=C0REVIEWS&team_id=T0SANDBOX&api_app_id=A0SANDBOX"


def signed(body: str, *, secret: str = "sandbox-signing-secret", age_seconds: int = 0) -> dict[str, str]:
    """The headers of a request from Slack.  https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    at = str(int(time.time()) - age_seconds)
    mac = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    form = "application/x-www-form-urlencoded"
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={mac}", "Content-Type": form}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (lambda: signed(BODY), 200),
        (lambda: signed(BODY, secret="another"), 401),
        (lambda: signed(BODY, age_seconds=301), 401),
        (lambda: {**signed(BODY), "X-Slack-Request-Timestamp": "soon"}, 401),
        (lambda: {"Content-Type": "application/x-www-form-urlencoded"}, 401),
    ],
    ids=["fresh", "another secret", "old", "no time", "none"],
)
def test_only_slacks_fresh_signature_opens_the_door(
    world: World, headers: Callable[[], dict[str, str]], status: int
) -> None:
    answer = requests.post(world.slack.bot_url or "", data=BODY, headers=headers(), timeout=30)

    assert answer.status_code == status


def test_health_and_readiness_are_told_and_everything_else_is_not_found(world: World) -> None:
    answers = [requests.get(world.address + path, timeout=30).status_code for path in ("/healthz", "/readyz", "/other")]

    assert answers == [200, 200, 404]


@pytest.mark.parametrize(("process", "words"), [("web", "Slack is listened to"), ("socket", "connected to Slack")])
def test_the_procfile_starts_what_sigterm_ends(start_world: StartWorld, process: str, words: str) -> None:
    """The true command: every other test starts the same code by a fork."""
    world = start_world(door="terminal")
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    environment = {**world.environment, "PORT": str(free_port())}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    with (world.folder / "bot.log").open("ab") as log:
        started = subprocess.Popen(["sh", "-c", lines[process]], cwd=ROOT, env=environment, stdout=log, stderr=log)

    try:
        world.wait_for_log(words)
    finally:
        started.terminate()

    assert started.wait(30) == 0
    assert "the bot stopped" in world.log()
    assert re.search("Traceback|Warning", world.log()) is None


def test_sigterm_ends_the_process_cleanly(start_world: StartWorld) -> None:
    world = start_world()

    assert world.stop_bot(signal.SIGTERM) == 0
    assert "the bot stopped" in world.log()
    assert "Traceback" not in world.log()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # websocket-client leaves a lost socket unclosed
def test_socket_mode_comes_back_after_a_lost_connection(start_world: StartWorld) -> None:
    world = start_world(door="socket")

    world.slack.drop_sockets()
    world.slack.wait_for_socket(timeout_seconds=90)
    plan = world.proposed()

    assert plan.channel == REVIEWS
    assert world.stop_bot(signal.SIGTERM) == 0
    gc.collect()


def test_missing_settings_are_all_named_at_the_start(start_world: StartWorld) -> None:
    world = start_world()
    world.stop_bot(signal.SIGTERM)

    said = world.bot("run", SLACK_BOT_TOKEN="", BRAINTRUST_PROJECT_ID="nonsense", PORT="x")

    assert said.returncode == 1
    assert all(name in said.stderr for name in ("SLACK_BOT_TOKEN", "BRAINTRUST_PROJECT_ID", "PORT"))
    assert ADA not in said.stderr


def test_a_command_that_is_on_its_way_is_answered_before_the_end(world: World) -> None:
    body = BODY.replace("text=help", "text=away+2030-01-01")
    headers = {**signed(body), "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    with socket.create_connection(("127.0.0.1", int(world.address.rpartition(":")[2])), timeout=10) as connection:
        with world.locked():
            connection.sendall(f"POST /slack/events HTTP/1.1\r\n{head}\r\n{body}".encode())
            world.signal_bot(signal.SIGTERM)
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert world.stop_bot(signal.SIGTERM) == 0


def test_a_port_that_somebody_else_has_is_told_in_a_sentence(world: World) -> None:
    port = world.address.rpartition(":")[2]

    said = world.bot("web", PORT=port)

    assert said.returncode == 1
    assert said.stderr == f"PORT: nobody can listen on 0.0.0.0, port {port}: Address already in use.\n"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"BRAINTRUST_API_KEY": "sk-expired"}, "Check BRAINTRUST_API_KEY"),
        ({"BRAINTRUST_API_URL": "https://api.braintrust.invalid"}, "no address is known for its name"),
    ],
)
def test_what_braintrust_refuses_is_in_the_log_before_anybody_asks_for_a_plan(
    start_world: StartWorld, settings: dict[str, str], sentence: str
) -> None:
    world = start_world(rows=10, **settings)

    world.wait_for_log("Braintrust cannot be used")

    assert sentence in world.log()
