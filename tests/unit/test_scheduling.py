"""The weekly plan is fired once, at its local time, and not long after it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from bot.domain.model import Origin, PlanState
from bot.domain.weekly import WeeklyTime
from bot.services.planning import Planning
from bot.services.scheduling import LATE, WEEKLY, Scheduling
from bot.settings import BraintrustSettings, QueueSettings, Settings
from tests.unit.builders import PROJECT
from tests.unit.fakes import Calls, FakeAnnouncer, FakeBraintrust, FakeClock, FakePlans, FakeSchedules

FRIDAY = datetime(2026, 5, 15, 12, tzinfo=UTC)
DUE = datetime(2026, 5, 18, 7, tzinfo=UTC)
NEXT = datetime(2026, 5, 25, 7, tzinfo=UTC)
MONDAYS = WeeklyTime(("mon",), time(9), "Europe/Berlin")


class World:
    """The service with everything it talks to, on a Friday."""

    def __init__(self, weekly: WeeklyTime | None = MONDAYS, *, schedules: FakeSchedules | None = None) -> None:
        self.clock = FakeClock(FRIDAY)
        self.schedules = schedules or FakeSchedules()
        queue = QueueSettings(tag="t", reviewers=("ana@example.com",), channel="C0REV", weekly_post=weekly)
        nothing: Any = None  # a plan that is only asked for needs nobody
        planning = Planning(
            plans=FakePlans(),
            braintrust=FakeBraintrust(),
            staffing=nothing,
            entrance=None,
            announcer=FakeAnnouncer(),
            settings=Settings(braintrust=BraintrustSettings(project_id=PROJECT), queue=queue),
            clock=self.clock,
            new_id=lambda: "k7f3q2",
            wake=Calls(),
        )
        self.scheduling = Scheduling(schedules=self.schedules, planning=planning, queue=queue, clock=self.clock)


def test_the_first_tick_stores_when_the_next_post_is_due() -> None:
    world = World()

    asked = world.scheduling.tick()

    assert asked == 0
    assert world.schedules.stored == {WEEKLY: ("mon 09:00 Europe/Berlin", DUE)}
    assert world.schedules.fired == []


def test_a_due_post_asks_for_a_plan_and_moves_on_by_a_week() -> None:
    world = World()
    world.scheduling.tick()
    world.clock.now = DUE

    asked = world.scheduling.tick()

    (fired,) = world.schedules.fired
    assert asked == 1
    assert (fired.schedule_id, fired.was_due, fired.next_fire_at) == (WEEKLY, DUE, NEXT)
    assert fired.fire_key == "weekly 2026-05-18T09:00 Europe/Berlin"


def test_the_plan_of_a_schedule_goes_to_its_channel_and_has_no_asker() -> None:
    world = World()
    world.scheduling.tick()
    world.clock.now = DUE + timedelta(minutes=1)

    world.scheduling.tick()

    plan = world.schedules.fired[0].plan
    assert plan is not None
    assert (plan.state, plan.window.end) == (PlanState.READING, world.clock.now)
    assert (plan.request.origin, plan.request.channel, plan.request.requested_by) == (Origin.SCHEDULE, "C0REV", None)
    assert not plan.request.dry_run


def test_a_post_fires_once() -> None:
    world = World()
    world.scheduling.tick()
    world.clock.now = DUE
    world.scheduling.tick()

    asked = world.scheduling.tick()

    assert asked == 0
    assert len(world.schedules.fired) == 1


def test_another_process_that_was_first_has_asked_already() -> None:
    world = World(schedules=FakeSchedules(other_process_is_first=True))
    world.scheduling.tick()
    world.clock.now = DUE

    asked = world.scheduling.tick()

    assert asked == 0
    assert len(world.schedules.fired) == 1


@pytest.mark.parametrize(
    ("late", "is_planned"), [(timedelta(0), True), (LATE, True), (LATE + timedelta(seconds=1), False)]
)
def test_a_post_that_was_missed_by_too_long_is_skipped(late: timedelta, is_planned: bool) -> None:
    world = World()
    world.scheduling.tick()
    world.clock.now = DUE + late

    asked = world.scheduling.tick()

    (fired,) = world.schedules.fired
    assert asked == (1 if is_planned else 0)
    assert (fired.plan is not None) == is_planned
    assert fired.next_fire_at == NEXT


def test_weeks_without_a_process_are_made_up_for_by_one_plan_at_most() -> None:
    world = World()
    world.scheduling.tick()
    world.clock.now = DUE + timedelta(days=15)

    world.scheduling.tick()

    assert [fired.next_fire_at for fired in world.schedules.fired] == [datetime(2026, 6, 8, 7, tzinfo=UTC)]


def test_a_new_time_in_the_settings_replaces_the_stored_one() -> None:
    schedules = FakeSchedules()
    World(schedules=schedules).scheduling.tick()

    World(WeeklyTime(("tue",), time(8), "UTC"), schedules=schedules).scheduling.tick()

    assert schedules.stored == {WEEKLY: ("tue 08:00 UTC", datetime(2026, 5, 19, 8, tzinfo=UTC))}


def test_without_a_time_in_the_settings_nothing_stays_stored() -> None:
    schedules = FakeSchedules()
    World(schedules=schedules).scheduling.tick()

    World(None, schedules=schedules).scheduling.tick()

    assert schedules.stored == {}
