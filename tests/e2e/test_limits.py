"""Slack asks the bot to wait: people are acknowledged in time all the same, and what was decided is done."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from sandbox.http.faults import Status
from sandbox.slack.records import Delivery, Message, Person
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, REVIEWS, World

CROWD = [f"U0CROWD{number:02}" for number in range(23)]
METHODS = (
    *("chat.update", "chat.postMessage", "chat.postEphemeral", "chat.getPermalink", "conversations.open"),
    *("conversations.info", "conversations.join", "users.info", "users.list", "usergroups.users.list"),
    *("files.getUploadURLExternal", "files.completeUploadExternal", "auth.test"),
)
ACKNOWLEDGED_SECONDS = 8.0  # Slack waits for three, a machine may be busy, and whoever waited for Slack would need ten
GROUP = "S0REVIEWERS"


@pytest.fixture
def crowded(start_world: StartWorld) -> World:
    """A world in which many people are in the channel; one is an approver by name, the others perhaps by group."""
    world = start_world(APPROVERS=f"{ADA},{GROUP}")
    for user in CROWD:
        world.slack.workspace.put(Person(user, user.lower(), user.title(), f"{user.lower()}@example.com"))
        world.slack.workspace.join(REVIEWS, user)
    return world


def limit(world: World, *methods: str, seconds: int = 30) -> None:
    """Have Slack ask to wait, whatever is called."""
    for method in methods:
        world.slack.faults.next(method, Status(429, headers={"Retry-After": str(seconds)}), times=10_000)


def pressed(world: World, plan: Message, *users: str) -> list[Delivery]:
    """What each press of Approve was answered with, all at once."""
    with ThreadPoolExecutor(len(users)) as people:
        return list(people.map(lambda user: world.slack.press(user, plan, "approve"), users))


def assert_in_time(deliveries: list[Delivery]) -> None:
    assert [one for one in deliveries if not one.acknowledged or one.seconds >= ACKNOWLEDGED_SECONDS] == []


def test_every_press_is_acknowledged_and_answered_while_slack_limits_everything(crowded: World) -> None:
    plan = crowded.proposed()
    limit(crowded, *METHODS)

    deliveries = pressed(crowded, plan, *CROWD)

    assert_in_time(deliveries)
    for user in CROWD:
        assert "Nothing was changed: press again in" in crowded.answer(user, "Slack does not say")
    assert crowded.newly_assigned() == {}


def test_who_certainly_may_decides_at_once_and_the_rows_are_written_as_fast_as_ever(crowded: World) -> None:
    plan = crowded.proposed()
    limit(crowded, *METHODS)
    began = monotonic()

    deliveries = pressed(crowded, plan, *CROWD[:22], ADA)

    assert_in_time(deliveries)
    crowded.wait_until(lambda stored: stored.plans.recent()[0].state == "done")
    assert monotonic() - began < 25
    crowded.slack.faults.clear()
    assert crowded.report(plan, seconds=90).text.startswith("Done.")
    crowded.assert_each_written_once()


@pytest.mark.parametrize("seconds", [2, 10])
def test_a_slack_that_answers_late_holds_up_no_acknowledgement_and_no_writing(crowded: World, seconds: int) -> None:
    plan = crowded.proposed()
    crowded.answer(ADA, "The plan is ready")
    for method in (*METHODS, "response_url"):
        crowded.slack.faults.latency(seconds, method)

    deliveries = pressed(crowded, plan, *CROWD[:22], ADA)

    assert_in_time(deliveries)
    crowded.wait_until(lambda stored: stored.plans.recent()[0].state == "done", seconds=25)
    crowded.slack.faults.clear()
    assert crowded.report(plan, seconds=90).text.startswith("Done.")


def test_commands_are_acknowledged_while_slack_limits_everything(crowded: World) -> None:
    limit(crowded, *METHODS)

    with ThreadPoolExecutor(len(CROWD)) as people:
        deliveries = list(people.map(lambda user: crowded.slack.command(user, REVIEWS, "dry-run limit=5"), CROWD))

    assert_in_time(deliveries)


def test_a_refused_upload_is_tried_a_few_times_with_growing_pauses(start_world: StartWorld) -> None:
    world = start_world()
    plan = world.proposed()
    limit(world, "files.getUploadURLExternal", seconds=0)
    edits = len(world.slack.calls.of("chat.update"))

    world.press(plan, "approve")

    told = "The list of rows could not be attached."
    world.wait(lambda w: [m for m in w.thread(REVIEWS, plan.ts) if told in m.text] or None, seconds=90)
    assert len(world.slack.calls.of("files.getUploadURLExternal")) <= 6
    assert len(world.slack.calls.of("chat.update")) - edits <= 6
