"""kill -9 around a weekly time: it is posted once all the same, and its plan can be approved.

A process that dies keeps its lease for a while, so the scenarios run side by side, each in a world of its own.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from bot.adapters.store.schedules import ScheduleStore
from bot.domain.plan import Origin, Plan
from sandbox.http.faults import Status as SlackStatus
from sandbox.slack.records import Message
from sandbox.slack.workspace import Workspace
from tests.e2e.conftest import DATABASES, StartWorld, dealt
from tests.e2e.test_crashes import TAKEOVER_SECONDS, refused
from tests.e2e.test_weekly import make_due
from tests.e2e.world import ADA, REVIEWS, Stored, World

SETTINGS: dict[str, Any] = {
    "WEEKLY_POST": "mon 09:00 Europe/Berlin",
    "REVIEW_CHANNEL": REVIEWS,
    "BATCH_SIZE": "50",
    "PAGE_SIZE": "100",
}
Scenario = Callable[[World], None]
"""The weekly time comes, and the process is killed and started again."""


def while_the_plan_is_stored(world: World) -> None:
    """The time does not move on without its plan."""
    with refused(world, "insert", when="new.origin = 'schedule'"):
        make_due(world)
        world.wait_for_log("a tick met a fault")
        world.kill_bot()
    world.start_bot()


def before_anybody_takes_the_plan(world: World) -> None:
    with refused(world, "update", when="new.lease_until is not null"):
        make_due(world)
        world.wait_until(is_asked_for)
        world.kill_bot()
    world.start_bot()


def while_the_rows_are_read(world: World) -> None:
    with world.braintrust.faults.hold("query", when=lambda query: "cursor:" in query) as gate:
        make_due(world)
        gate.wait_for_arrivals(1, timeout_seconds=90)
        world.kill_bot()
        world.start_bot()


def before_the_plan_is_posted(world: World) -> None:
    world.slack.faults.next("chat.postMessage", SlackStatus(503), times=100)
    make_due(world)
    world.wait_for_log("a surface has to wait")
    world.kill_bot()
    world.slack.faults.clear()
    world.start_bot()


def while_the_plan_is_posted(world: World) -> None:
    """The dead process's message arrives after all."""
    with world.slack.faults.hold("chat.postMessage") as gate:
        make_due(world)
        gate.wait_for_arrivals()
        world.kill_bot()
        assert posts(world.slack.workspace) == []
        world.start_bot()
    world.wait(posts)


def before_the_post_is_known(world: World) -> None:
    """It is in the channel, and the database does not know which message it is."""
    with refused(world, "update", when="new.message_ts is not null"):
        make_due(world)
        world.wait_for_log("a plan could not be shown")
        world.kill_bot()
    assert len(posts(world.slack.workspace)) == 1
    world.start_bot()


ONE_POST: dict[str, Scenario] = {
    "storing": while_the_plan_is_stored,
    "stored": before_anybody_takes_the_plan,
    "reading": while_the_rows_are_read,
    "proposed": before_the_plan_is_posted,
}
TWO_POSTS: dict[str, Scenario] = {"posting": while_the_plan_is_posted, "posted": before_the_post_is_known}


@dataclass(frozen=True)
class Outcome:
    """What the channel had before the approval, and what became of it."""

    plans: list[Plan]
    open_posts: list[Message]
    live: Message
    report: Message


@pytest.mark.parametrize("database", DATABASES)
def test_a_kill_around_a_weekly_time_leaves_one_plan_and_one_post(start_world: StartWorld, database: str) -> None:
    scenarios = dealt(ONE_POST, database)
    worlds = [start_world(database=database, **SETTINGS) for _ in scenarios]

    with ThreadPoolExecutor(len(worlds)) as pool:
        outcomes = list(pool.map(carried_out, worlds, scenarios.values()))

    for world, name, outcome in zip(worlds, scenarios, outcomes, strict=True):
        assert [post.ts for post in outcome.open_posts] == [outcome.live.ts], name
        assert [post.ts for post in posts(world.slack.workspace)] == [outcome.live.ts], name
        assert_one_plan_was_carried_out(world, outcome, name)


@pytest.mark.parametrize("database", DATABASES)
def test_a_post_that_a_dead_process_left_behind_does_no_harm(start_world: StartWorld, database: str) -> None:
    """Slack has no idempotency key: both show the one plan, either can be pressed, and it is decided once."""
    scenarios = dealt(TWO_POSTS, database)
    worlds = [start_world(database=database, **SETTINGS) for _ in scenarios]

    with ThreadPoolExecutor(len(worlds)) as pool:
        outcomes = list(pool.map(partial(carried_out, through_the_other=True), worlds, scenarios.values()))

    for world, name, outcome in zip(worlds, scenarios, outcomes, strict=True):
        [other] = [post for post in outcome.open_posts if post.ts != outcome.live.ts]
        closed = world.shows(other, "It goes on in")
        assert f"p{outcome.live.ts.replace('.', '')}|another message>" in closed.text, name
        assert not is_open(closed), name
        assert len(outcome.open_posts) == 2, name
        assert not is_open(world.now(outcome.live)), name
        assert world.slack.workspace.thread(REVIEWS, other.ts) == [], name
        assert_one_plan_was_carried_out(world, outcome, name)


@pytest.mark.parametrize("database", DATABASES)
def test_two_processes_that_start_at_a_weekly_time_post_it_once(start_world: StartWorld, database: str) -> None:
    """Both look for what is due as soon as they start."""
    world = start_world(database=database, **SETTINGS)
    make_due(world, hours_ago=7)  # so that nothing is fired before both are there
    world.wait_for_log("a scheduled plan was missed by too long and is skipped")
    world.kill_bot()
    make_due(world)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda start: start(), [world.start_bot, world.start_another]))
    outcome = approved(world, through_the_other=False)

    assert [post.ts for post in posts(world.slack.workspace)] == [outcome.live.ts]
    assert_one_plan_was_carried_out(world, outcome, database)


def carried_out(world: World, scenario: Scenario, *, through_the_other: bool = False) -> Outcome:
    scenario(world)
    return approved(world, through_the_other=through_the_other)


def approved(world: World, *, through_the_other: bool) -> Outcome:
    """Approve the plan by the message that is known, or by one that a dead process left behind."""
    world.wait_until(lambda stored: any(plan.message_url for plan in stored.plans.recent()), seconds=TAKEOVER_SECONDS)
    plans, some = stored_plans(world), [post for post in posts(world.slack.workspace) if is_open(post)]
    live = next(post for post in some if post.ts == plans[0].message_ts)
    pressed = next(post for post in some if post.ts != live.ts) if through_the_other else live
    world.press(pressed, "approve", user=ADA)
    return Outcome(plans, some, live, world.report(live, seconds=TAKEOVER_SECONDS))


def assert_one_plan_was_carried_out(world: World, outcome: Outcome, name: str) -> None:
    with world.stored() as stored:
        due = ScheduleStore(stored.database).due(now=datetime.now(UTC))
    assert due == (), name
    assert [plan.request.origin for plan in outcome.plans] == [Origin.SCHEDULE], name
    assert [plan.id for plan in stored_plans(world)] == [plan.id for plan in outcome.plans], name
    said = outcome.report.text.splitlines()[0]
    assert said == f"Done. Assigned {world.seeded.open} rows across 5 reviewers.", name
    world.assert_agreement(outcome.report)


def stored_plans(world: World) -> list[Plan]:
    with world.stored() as stored:
        return stored.plans.recent()


def is_asked_for(stored: Stored) -> bool:
    """Whether the weekly plan is stored."""
    return stored.plans.recent() != []


def posts(workspace: Workspace) -> list[Message]:
    """What the bot posted to the channel, threads aside."""
    return [message for message in workspace.channel_messages(REVIEWS) if message.user == "U0BOT"]


def is_open(message: Message) -> bool:
    """Whether a message can be decided about."""
    elements = [element for block in message.blocks for element in block.get("elements", ())]
    return "approve" in [element.get("action_id") for element in elements]
