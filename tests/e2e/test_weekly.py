"""The weekly post."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from bot.adapters.store.tables import schedules
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, REVIEWS, World


def make_due(world: World, *, hours_ago: float = 0) -> None:
    """Pretend that the stored schedule is due, once the first tick has stored it."""
    again = retry_if_result(lambda updated: updated == 0)
    Retrying(stop=stop_after_delay(90), wait=wait_fixed(0.1), retry=again)(_advanced, world, hours_ago)


def _advanced(world: World, hours_ago: float) -> int:
    due = datetime.now(UTC) - timedelta(hours=hours_ago)
    with world.stored() as stored, stored.database.write() as connection:
        return connection.execute(update(schedules).values(next_fire_at=due)).rowcount


def test_a_due_week_is_posted_for_a_person_to_approve(start_world: StartWorld) -> None:
    world = start_world(WEEKLY_POST="mon 09:00 Europe/Berlin", REVIEW_CHANNEL=REVIEWS)

    make_due(world)
    plan = world.wait(lambda w: w.channel_messages(REVIEWS) or None, seconds=90)[0]
    world.press(plan, "approve", user=ADA)

    assert "Asked for by schedule" in plan.text
    assert world.report(plan).text.startswith("Done.")


def test_with_nothing_to_assign_nothing_is_posted_and_the_fact_is_logged(start_world: StartWorld) -> None:
    world = start_world(rows=50, WEEKLY_POST="mon 09:00 Europe/Berlin", REVIEW_CHANNEL=REVIEWS, REVIEW_TAG="nothing")

    make_due(world)
    world.wait_for_log("a plan found nothing to assign")

    assert world.slack.workspace.channel_messages(REVIEWS) == []


def test_a_week_missed_by_hours_is_skipped_and_logged(start_world: StartWorld) -> None:
    world = start_world(rows=50, WEEKLY_POST="mon 09:00 Europe/Berlin", REVIEW_CHANNEL=REVIEWS)

    make_due(world, hours_ago=7)
    world.wait_for_log("a scheduled plan was missed by too long and is skipped")

    assert world.braintrust.requests.count("query") == 0
