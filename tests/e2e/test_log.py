"""The log of the whole bot: what an operator reads, and what a collector gets."""

import json
import signal
from typing import Any

import pytest

from sandbox.http.faults import Status
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, World, plan_id
from tests.peer import Peer, answer

POISON = "POISON token=xoxb-1 https://hooks.slack.com/commands/T/1 owner@acme.test"


def records(world: World) -> list[dict[str, Any]]:
    """Every line, each of which is one JSON object."""
    return [json.loads(line) for line in world.log().splitlines()]


def told(world: World, plan: str) -> list[tuple[str, str]]:
    """The events of a plan with their states."""
    return [(one["event"], one["state"]) for one in records(world) if one.get("plan") == plan and "state" in one]


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("door", ["http", "socket"])
def test_a_normal_start_and_end_look_like_no_fault(start_world: StartWorld, door: str, log_format: str) -> None:
    world = start_world(door=door, LOG_FORMAT=log_format)
    world.stop_bot(signal.SIGTERM)

    log = world.log()
    assert [line for line in log.splitlines() if not (" INFO " in line or '"level": "INFO"' in line)] == []
    suspicious = ("error", "fail", "warn", "unused", "traceback", "refus", "thread(s)")
    assert not any(word in log.lower() for word in suspicious)


def test_a_collector_gets_every_step_of_a_plan_with_its_id_and_numbers(start_world: StartWorld) -> None:
    world = start_world(LOG_FORMAT="json")
    plan = world.proposed()
    world.press(plan, "approve")
    report = world.report(plan)
    world.stop_bot(signal.SIGTERM)

    assert told(world, plan_id(plan.text)) == [
        ("a plan was asked for", "reading"),
        ("a plan was proposed", "proposed"),
        ("a plan was approved", "checking"),
        ("a plan is written", "running"),
        ("a plan was written", "reporting"),
        ("a plan was assigned", "done"),
    ]
    [assigned] = [one for one in records(world) if one["event"] == "a plan was assigned"]
    assert assigned["assigned"] == len(world.newly_assigned()) > 0
    assert assigned["by"] == "bot"
    assert [one["by"] for one in records(world) if one["event"] == "a plan was approved"] == [ADA]
    assert report.text.startswith("Done.")


def test_a_cancelled_and_a_failed_plan_are_told_with_the_reason(start_world: StartWorld) -> None:
    world = start_world(LOG_FORMAT="json")
    plan = world.proposed()
    world.press(plan, "cancel")
    world.wait_for_log("a plan was cancelled")
    world.braintrust.faults.always("query", Status(403, "no [user_email=owner@acme.test]"))
    world.type("tag=other")
    world.wait_for_log("a plan failed")

    assert told(world, plan_id(plan.text))[-1] == ("a plan was cancelled", "cancelled")
    [failed] = [one for one in records(world) if one["event"] == "a plan failed"]
    assert failed["level"] == "WARNING"
    assert "BRAINTRUST" in failed["reason"] or "Braintrust" in failed["reason"]
    assert "acme" not in world.log()


@pytest.mark.parametrize("status", [200, 404, 503])
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "upload", "response_url", "users.info"])
def test_the_log_repeats_no_word_of_what_answers_in_slacks_place(world: World, method: str, status: int) -> None:
    world.slack.faults.next(method, Status(status, f"<html>{POISON}</html>"))

    plan = world.proposed()
    world.press(plan, "approve")
    world.report(plan)
    world.stop_bot(signal.SIGTERM)

    assert "POISON" not in world.log()
    assert "slack_sdk" not in world.log()


@pytest.mark.parametrize("said", [answer("200 OK", POISON), answer("502 Bad Gateway", POISON), b"POISON\r\n\r\n"])
def test_a_start_repeats_no_word_of_what_answers_in_slacks_place(start_world: StartWorld, said: bytes) -> None:
    world = start_world(door="terminal", rows=10)
    with Peer(said) as peer:
        bot = world.begin_bot("run", SLACK_API_URL=f"http://127.0.0.1:{peer.port}/api/")
        assert bot.stderr is not None
        seen = next(line for line in bot.stderr if "WARNING" in line or "ERROR" in line)
        bot.send_signal(signal.SIGTERM)
        rest = bot.communicate(timeout=120)[1]

    assert "Slack" in seen
    assert "POISON" not in seen + rest
