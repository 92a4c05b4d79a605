"""The timetable: what is fired, what is passed over, what is paused and who is told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from bot.adapters.store.schedules import TELLING, ScheduleStore
from bot.domain.plan import Origin, PlanState
from bot.domain.queue import QueueChange, queue_of
from bot.domain.schedule import BY_SETTINGS, Outcome, Schedule
from bot.domain.surfaces import Shown, Surface
from bot.domain.weekly import WeeklyTime, parsed_weekly
from bot.errors import SlackUnavailableError
from bot.services.surfaces import GIVEN_UP
from bot.services.timetable import LATE
from tests.integration.stored import NOW, PROJECT, Store
from tests.integration.timetables import ADMIN, EVERY_MONDAY, OWNER, World

FRIDAY = datetime(2026, 5, 15, 12, tzinfo=UTC)
DUE = datetime(2026, 5, 18, 7, tzinfo=UTC)
NEXT = datetime(2026, 5, 25, 7, tzinfo=UTC)
ARCHIVED = "The channel is archived. Unarchive it, or use another one."

Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store, FRIDAY, weekly=EVERY_MONDAY)


@pytest.fixture
def world(store: Store) -> World:
    return World(store, FRIDAY)


# ---- the schedule of the settings ------------------------------------------------------------------------------------


def test_the_first_tick_stores_when_the_next_post_is_due(worlds: Worlds) -> None:
    world = worlds()

    asked = world.tick()

    assert asked == 0
    assert world.schedule(BY_SETTINGS) == Schedule(BY_SETTINGS, EVERY_MONDAY, "default", "C0REV", next_fire_at=DUE)
    assert world.plans == []


def test_the_plan_goes_to_its_channel_and_has_no_asker(worlds: Worlds) -> None:
    world = worlds()
    world.tick()

    world.tick(at=DUE + timedelta(minutes=1))

    [plan] = world.plans
    assert (plan.state, plan.window.end) == (PlanState.READING, world.clock.now)
    assert (plan.request.origin, plan.request.channel, plan.request.requested_by) == (Origin.SCHEDULE, "C0REV", None)
    assert not plan.request.dry_run


def test_a_new_time_in_the_settings_replaces_the_stored_one(worlds: Worlds, store: Store) -> None:
    worlds().tick()

    worlds(weekly=parsed_weekly("tue 08:00 UTC")).tick()

    [schedule] = store.schedules.all()
    assert (str(schedule.weekly), schedule.next_fire_at) == ("tue 08:00 UTC", datetime(2026, 5, 19, 8, tzinfo=UTC))


def test_without_a_time_in_the_settings_only_those_of_people_stay(worlds: Worlds, store: Store) -> None:
    world = worlds()
    world.tick()
    theirs = world.add(channel="C0OTHER")

    worlds(weekly=None).tick()

    assert store.schedules.all() == (theirs,)


def test_the_same_of_a_person_is_not_stored_beside_it(worlds: Worlds, store: Store) -> None:
    world = worlds()
    theirs = world.add()

    world.tick()

    assert store.schedules.all() == (theirs,)


def test_that_of_the_settings_can_be_paused(worlds: Worlds) -> None:
    world = worlds()
    world.tick()
    before = world.schedule(BY_SETTINGS)
    assert world.store.schedules.change(before, before.paused(), now=FRIDAY)

    assert world.tick(at=DUE) == 0
    assert world.schedule(BY_SETTINGS).is_paused(DUE)


# ---- firing ----------------------------------------------------------------------------------------------------------


def test_a_due_schedule_asks_for_a_plan_and_moves_on(world: World) -> None:
    world.add()

    asked = world.tick(at=DUE)

    [plan] = world.plans
    assert asked == 1
    assert world.schedule().next_fire_at == NEXT
    assert world.schedule().last == Outcome(DUE, plan.id, PlanState.READING)
    assert world.fire_keys() == ["k3f9 2026-05-18T09:00 Europe/Berlin"]


def test_a_time_fires_once(world: World) -> None:
    world.add()
    world.tick(at=DUE)

    assert world.tick() == 0
    assert len(world.plans) == 1


def test_a_schedule_plans_its_queue_in_the_queue_s_channel(world: World) -> None:
    texts = {"project": "p", "tag": "gold", "reviewers": "ben@example.com", "channel": "C0GOLD"}
    world.store.queues.apply([QueueChange(None, queue_of("gold", texts, project_id=PROJECT))], who="U0ANA", now=FRIDAY)
    world.add(queue="gold")

    world.tick(at=DUE)

    [plan] = world.plans
    assert (plan.request.queue, plan.request.tag, plan.request.channel) == ("gold", "gold", "C0GOLD")


class SlowSchedules(ScheduleStore):
    """Right after it is known what is due, another process fires that."""

    def __init__(self, store: Store, rival: World) -> None:
        super().__init__(store.database)
        self._rival = rival

    def due(self, *, now: datetime) -> tuple[Schedule, ...]:
        due = super().due(now=now)
        self._rival.tick(at=now)
        return due


def test_another_process_that_was_first_has_asked_already(store: Store) -> None:
    world = World(store, FRIDAY, book=SlowSchedules(store, World(store, FRIDAY)))
    world.add()

    assert world.tick(at=DUE) == 0
    assert len(world.plans) == 1


@pytest.mark.parametrize(
    ("late", "is_planned"), [(timedelta(0), True), (LATE, True), (LATE + timedelta(seconds=1), False)]
)
def test_a_time_that_was_missed_by_too_long_is_recorded_as_missed(
    late: timedelta, is_planned: bool, world: World
) -> None:
    world.add()

    asked = world.tick(at=DUE + late)

    last = world.schedule().last
    assert asked == len(world.plans) == (1 if is_planned else 0)
    assert last is not None
    assert (last.at, last.plan_id is not None) == (DUE, is_planned)
    assert world.schedule().next_fire_at == NEXT


def test_weeks_without_a_process_are_made_up_for_by_one_plan_at_most(world: World) -> None:
    world.add()

    world.tick(at=DUE + timedelta(days=15))

    assert len(world.plans) <= 1
    assert world.schedule().next_fire_at == datetime(2026, 6, 8, 7, tzinfo=UTC)


def test_a_pause_until_a_day_ends_by_itself(world: World) -> None:
    before = world.add()
    world.store.schedules.change(before, before.paused(date(2026, 5, 25)), now=FRIDAY)

    assert world.tick(at=DUE) == 0
    assert world.schedule().is_paused(DUE)
    assert world.tick(at=NEXT) == 1
    assert not world.schedule().is_paused(NEXT)


# ---- what cannot go on -----------------------------------------------------------------------------------------------


def refused(world: World, why: str = ARCHIVED) -> None:
    """Slack does not let the bot post the last plan."""
    [plan] = world.plans
    claimed = world.store.leases.claim(list(PlanState), only=plan.id)
    assert claimed is not None
    world.store.surfaces.record(claimed.lease, Surface.MESSAGE, Shown(None, "d", NOW, problem=why))


def test_a_channel_that_cannot_be_posted_to_pauses_and_the_owner_is_told_once(world: World) -> None:
    world.add()
    world.tick(at=DUE)
    refused(world)

    for _ in range(3):
        world.tick(at=world.clock.now + TELLING)

    schedule = world.schedule()
    assert (schedule.next_fire_at, schedule.trouble) == (None, ARCHIVED)
    [(who, said)] = world.slack.told
    assert who == OWNER.id
    assert "`k3f9`" in said
    assert ARCHIVED in said
    assert "`/assign-reviews schedule resume k3f9` lets it go on." in said


def test_after_it_is_resumed_the_old_refusal_does_not_count(world: World) -> None:
    world.add()
    world.tick(at=DUE)
    refused(world)
    world.tick()
    paused = world.schedule()

    world.store.schedules.change(paused, paused.resumed(DUE), now=DUE)
    world.tick()

    assert world.schedule().next_fire_at == NEXT
    assert len(world.slack.told) == 1


def test_a_slack_that_was_long_away_pauses_nothing(world: World) -> None:
    world.add()
    world.tick(at=DUE)
    refused(world, GIVEN_UP)

    world.tick()

    assert world.schedule().next_fire_at == NEXT


def test_a_schedule_of_the_settings_is_the_operator_s_to_pause(worlds: Worlds) -> None:
    world = worlds()
    world.tick()
    world.tick(at=DUE)
    refused(world)

    world.tick()

    assert world.schedule(BY_SETTINGS).next_fire_at == NEXT
    assert world.slack.told == []


@pytest.mark.parametrize("is_gone", [True, False])
def test_the_schedule_of_somebody_who_left_is_paused_and_an_admin_told(is_gone: bool, world: World) -> None:
    world.add()
    world.people.listed = () if is_gone else (replace(OWNER, deactivated=True),)

    world.tick(at=DUE)
    world.tick()

    assert world.plans == []
    assert world.schedule().trouble == "Its owner has left the workspace."
    [(who, _)] = world.slack.told
    assert who == ADMIN


def test_while_slack_does_not_say_who_has_left_nobody_has(world: World) -> None:
    world.add()
    world.people.error = SlackUnavailableError("Slack does not answer.")

    assert world.tick(at=DUE) == 1


def test_a_queue_that_is_gone_or_cannot_be_planned_holds_up_no_other_schedule(world: World) -> None:
    world.add("gone", queue="gone")
    world.add("k3f9")

    assert world.tick(at=DUE) == 1
    assert "There is no queue `gone`." in (world.schedule("gone").trouble or "")
    assert [who for who, _ in world.slack.told] == [OWNER.id]


def test_who_cannot_be_told_now_is_told_later(world: World) -> None:
    world.add(queue="gone")
    world.slack.is_away = True
    world.tick(at=DUE)
    world.slack.is_away = False

    world.tick()
    before = list(world.slack.told)
    world.tick(at=DUE + TELLING)

    assert (before, len(world.slack.told)) == ([], 1)


def test_an_admin_is_told_where_the_owner_cannot_be(world: World) -> None:
    world.add(queue="gone")
    world.slack.gone = {OWNER.id}

    world.tick(at=DUE)

    assert [who for who, _ in world.slack.told] == [ADMIN]


def test_where_nobody_can_be_told_it_is_not_tried_for_ever(world: World) -> None:
    world.add(queue="gone")
    world.slack.gone = {OWNER.id, ADMIN}
    world.tick(at=DUE)
    world.slack.gone = set()

    world.tick(at=DUE + TELLING)

    assert world.slack.told == []


# ---- a year ----------------------------------------------------------------------------------------------------------

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
TWELVE = [
    WeeklyTime(days, at, zone)
    for zone in ZONES
    for days, at in (
        (("mon", "thu"), time(9)),
        (("sun",), time(2, 15)),  # a time that is skipped in spring or comes twice in autumn
        (("sat", "sun"), time(1, 45)),
        (("wed",), time(23, 59)),
    )
]
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def local_times(weekly: WeeklyTime) -> list[datetime]:
    """Every local time of a schedule in the year, by its instant, found by going through each day alone."""
    zone = ZoneInfo(weekly.zone)
    found = []
    for number in range(-1, 367):
        day = date(2026, 1, 1) + timedelta(days=number)
        if ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()] in weekly.days:
            local = datetime.combine(day, weekly.at)
            instant = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
            while instant.astimezone(zone).replace(tzinfo=None) < local:
                instant += MINUTE
            found.append(instant)
    return [instant for instant in found if BEGIN < instant < END]


def test_a_year_of_twelve_schedules_in_three_zones_fires_each_time_once(store: Store) -> None:
    """Over both changes of the clock; two processes tick, and again a moment later."""
    first, second = World(store, BEGIN), World(store, BEGIN)
    for number, weekly in enumerate(TWELVE):
        first.add(f"s{number}", weekly, channel=f"C0{number}")
    expected = [(instant, number) for number, weekly in enumerate(TWELVE) for instant in local_times(weekly)]

    fired = 0
    for instant in sorted({instant for instant, _ in expected}):
        assert first.tick(at=instant - timedelta(seconds=1)) == 0
        fired += first.tick(at=instant) + second.tick(at=instant + timedelta(seconds=10))

    keys = first.fire_keys()
    assert fired == len(expected) == len(keys) == len(set(keys))
    assert keys == sorted(
        f"s{number} {instant.astimezone(ZoneInfo(TWELVE[number].zone)):%Y-%m-%dT%H:%M} {TWELVE[number].zone}"
        for instant, number in expected
    )
