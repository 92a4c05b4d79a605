"""Schedules in Slack: added in a line, fired, approved, listed, paused, ended with their queue or their channel."""

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.adapters.store.tables import schedules
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.test_queues import a_file
from tests.e2e.test_weekly import make_due
from tests.e2e.world import ADA, BEN, REVIEWS, World

DAILY = "schedule add daily 00:05 Europe/Berlin"


def told(world: World, text: str, sign: str, *, user: str = ADA, channel: str = REVIEWS) -> str:
    """The last private answer to a command."""
    world.type(text, user=user, channel=channel)
    return world.answer(user, sign)


def added(world: World, text: str = DAILY) -> str:
    """The id of a schedule that an admin adds."""
    told(world, text, "The schedule is added.")
    with world.stored() as stored, stored.database.read() as connection:
        return str(connection.execute(select(schedules.c.id).order_by(schedules.c.id.desc())).scalars().first())


@pytest.mark.parametrize("database", DATABASES)
def test_a_schedule_is_added_fired_approved_and_listed(database: str, start_world: StartWorld) -> None:
    world = start_world(database=database)
    schedule_id = added(world)

    make_due(world)
    plan = world.wait(lambda w: w.channel_messages(REVIEWS) or None, seconds=90)[0]
    world.press(plan, "approve", user=ADA)
    report = world.report(plan)
    listed = told(world, "schedule list", "next:", user=BEN)

    assert "Asked for by schedule" in plan.text
    assert report.text.startswith("Done.")
    assert f"*{schedule_id}* · `default` in <#{REVIEWS}> · mon,tue,wed,thu,fri,sat,sun 00:05 Europe/Berlin" in listed
    assert "last: " in listed
    assert "paused" not in listed


def test_a_paused_schedule_rests_and_is_run_by_hand(start_world: StartWorld) -> None:
    world = start_world()
    schedule_id = added(world)

    refused = told(world, f"schedule pause {schedule_id}", "may change queues and schedules", user=BEN)
    told(world, f"schedule pause {schedule_id}", "is paused.")
    listed = told(world, "schedule list", "\npaused")
    world.type(f"schedule run {schedule_id}", user=BEN)
    plan = world.wait(lambda w: w.channel_messages(REVIEWS) or None)[0]
    told(world, f"schedule resume {schedule_id}", "goes on.")
    told(world, f"schedule remove {schedule_id}", "is removed.")

    assert "Only owners and admins" in refused
    assert "next:" not in listed
    assert f"<@{BEN}>" in plan.text
    assert "There is no schedule yet." in told(world, "schedule", "There is no schedule yet.")


def test_a_schedule_whose_channel_is_archived_is_paused_and_its_owner_told(start_world: StartWorld) -> None:
    world = start_world()
    schedule_id = added(world)
    world.slack.workspace.change_channel(REVIEWS, is_archived=True)

    make_due(world)
    said = world.wait(lambda w: next((one.text for one in w.direct_messages(ADA)), None), seconds=90)

    assert f"The schedule `{schedule_id}` of the queue `default` in <#{REVIEWS}> is paused." in said
    assert "The channel is archived." in said


def test_the_schedules_of_a_queue_end_with_it(start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world()
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")
    added(world, f"{DAILY} support")

    said = told(world, "queue remove support", "is removed")

    assert "The queue `support` is removed. 1 schedule of it has ended. Its plans stay as they are." in said
    assert "There is no schedule yet." in told(world, "schedule list", "There is no schedule yet.")


def test_what_comes_from_the_settings_is_listed_and_not_removed(start_world: StartWorld) -> None:
    world = start_world(WEEKLY_POST="mon 09:00 Europe/Berlin", REVIEW_CHANNEL=REVIEWS)
    make_due(world, hours_ago=7)
    world.wait_for_log("a scheduled plan was missed by too long and is skipped")

    listed = told(world, "schedule list", "*weekly*")
    refused = told(world, "schedule remove weekly", "`WEEKLY_POST`")

    assert "from the settings, which the operator changes" in listed
    assert ", missed" in listed
    assert "the operator changes it there" in refused
