"""Schedules in a real database, and the service that fires them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.domain.plan import Origin, Plan, PlanState
from bot.domain.weekly import parsed_weekly
from bot.services.planning import Planner
from bot.services.weekly import LATE, WEEKLY, WeeklyPost
from bot.settings import BraintrustSettings, QueueSettings, Settings
from tests.integration.stored import NOW, PROJECT, Store, new_plan, opened, together
from tests.integration.test_store_plans import interrupted_before

MONDAY = datetime(2026, 5, 18, 7, 0, tzinfo=UTC)  # 09:00 in Berlin
NEXT = MONDAY + timedelta(days=7)
EVERY_MONDAY = "mon 09:00 Europe/Berlin"


def due(store: Store, now: datetime = MONDAY) -> tuple[tuple[str, str, datetime], ...]:
    return store.schedules.due(now=now)


def fire(store: Store, plan: Plan | None, *, key: str = "weekly 2026-05-18T09:00") -> bool:
    return store.schedules.fire("weekly", was_due=MONDAY, next_fire_at=NEXT, plan=plan, fire_key=key)


def test_a_schedule_is_due_from_its_instant_on(store: Store) -> None:
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY.astimezone(timezone(timedelta(hours=2))))

    assert due(store, MONDAY - timedelta(microseconds=1)) == ()
    assert due(store, MONDAY) == (("weekly", EVERY_MONDAY, MONDAY),)
    assert due(store)[0][2].tzinfo is UTC


def test_an_unchanged_schedule_keeps_its_time(store: Store) -> None:
    """A restart right after nine must not skip this week's plan."""
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=NEXT)

    assert due(store) == (("weekly", EVERY_MONDAY, MONDAY),)


def test_a_changed_schedule_gets_its_new_time(store: Store) -> None:
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

    store.schedules.sync("weekly", "tue 09:00 Europe/Berlin", next_fire_at=NEXT)

    assert due(store) == ()
    assert due(store, NEXT) == (("weekly", "tue 09:00 Europe/Berlin", NEXT),)


def test_a_schedule_that_is_no_longer_set_is_removed(store: Store) -> None:
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)
    store.schedules.sync("other", EVERY_MONDAY, next_fire_at=MONDAY)

    store.schedules.sync("weekly", "", next_fire_at=None)
    store.schedules.sync("weekly", "", next_fire_at=None)

    assert due(store) == (("other", EVERY_MONDAY, MONDAY),)


def test_firing_stores_the_plan_and_the_next_time(store: Store) -> None:
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

    fired = fire(store, new_plan())

    assert fired
    assert store.get() == new_plan()
    assert store.steps() == [("bot", None, "reading")]
    assert (due(store), due(store, NEXT)) == ((), (("weekly", EVERY_MONDAY, NEXT),))


def test_a_time_that_was_fired_is_not_fired_again(store: Store) -> None:
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

    results = [fire(store, new_plan("first")), fire(store, new_plan("second"), key="another")]

    assert results == [True, False]
    assert store.plans.get("second") is None


def test_an_occurrence_comes_once_also_when_the_schedule_was_made_anew(store: Store) -> None:
    """The key is the local time, so that neither a changed setting nor a shifted clock brings the same post twice."""
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)
    fire(store, new_plan("first"))
    store.schedules.sync("weekly", "", next_fire_at=None)
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

    again = fire(store, new_plan("second"))

    assert again is False
    assert store.plans.get("second") is None
    assert due(store, NEXT) == (("weekly", EVERY_MONDAY, NEXT),)


def test_a_time_that_was_missed_is_passed_over(store: Store) -> None:
    store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

    assert fire(store, None) is False
    assert (due(store), store.everything()["plans"]) == ((), [])


def test_of_two_processes_one_fires(store: Store, rival: Store) -> None:
    for number in range(10):
        store.schedules.sync("weekly", f"{EVERY_MONDAY} {number}", next_fire_at=MONDAY)

        results = together(
            lambda number=number: fire(store, new_plan(f"a-{number}"), key=f"{number}"),  # type: ignore[misc]
            lambda number=number: fire(rival, new_plan(f"b-{number}"), key=f"{number}"),  # type: ignore[misc]
        )

        assert sorted(results) == [False, True]
        assert len(store.everything()["plans"]) == number + 1


@pytest.mark.postgresql
def test_two_processes_that_start_at_once_agree_on_a_new_schedule(postgresql_url: str) -> None:
    """Neither fails because the other one stored the same schedule a moment before."""
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        with interrupted_before(store, "INSERT INTO schedules") as interrupted:
            interrupted.by(lambda: rival.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY))
            store.schedules.sync("weekly", EVERY_MONDAY, next_fire_at=MONDAY)

        assert due(store) == (("weekly", EVERY_MONDAY, MONDAY),)


# ---- the service -----------------------------------------------------------------------------------------------------


class Clock:
    """A clock that tests set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def scheduling(store: Store, clock: Clock, *, weekly: str | None = EVERY_MONDAY) -> WeeklyPost:
    queue = QueueSettings(
        tag="needs-review",
        reviewers=("ana@example.com",),
        channel="C0REVIEWS",
        weekly_post=parsed_weekly(weekly) if weekly else None,
    )
    planner = Planner(
        store.plans,
        queues=store.queues,
        settings=Settings(queue=queue, braintrust=BraintrustSettings(project_id=PROJECT)),
        clock=clock,
        new_id=lambda: f"p{len(store.everything()['plans'])}",
        wake=lambda: None,
    )
    return WeeklyPost(schedules=store.schedules, planner=planner, queue=queue, clock=clock)


def test_the_weekly_plan_is_asked_for_once_a_week(store: Store) -> None:
    clock = Clock(MONDAY - timedelta(hours=1))
    service = scheduling(store, clock)

    asked = []
    for clock.now in (
        MONDAY - timedelta(hours=1),
        MONDAY,
        MONDAY + timedelta(minutes=1),
        NEXT - timedelta(seconds=1),
        NEXT + timedelta(seconds=30),
    ):
        asked.append(service.tick())

    assert asked == [0, 1, 0, 0, 1]
    plan = store.get("p1")
    assert store.get("p0").state is PlanState.SUPERSEDED  # nobody had read it within the week
    assert (plan.state, plan.request.origin, plan.request.channel) == (
        PlanState.READING,
        Origin.SCHEDULE,
        "C0REVIEWS",
    )
    assert (plan.window.start, plan.window.end) == (clock.now - timedelta(days=7), clock.now)


@pytest.mark.parametrize(("late", "asked"), [(LATE, 1), (LATE + timedelta(seconds=1), 0)])
def test_a_post_that_was_missed_by_too_long_is_skipped(store: Store, late: timedelta, asked: int) -> None:
    clock = Clock(MONDAY - timedelta(hours=1))
    service = scheduling(store, clock)
    service.tick()

    clock.now = MONDAY + late

    assert service.tick() == asked
    assert due(store, NEXT) == ((WEEKLY, EVERY_MONDAY, NEXT),)


def test_two_processes_ask_for_one_weekly_plan(store: Store, rival: Store) -> None:
    clock = Clock(MONDAY - timedelta(hours=1))
    scheduling(store, clock).tick()
    clock.now = MONDAY

    asked = together(scheduling(store, clock).tick, scheduling(rival, clock).tick)

    assert sorted(asked) == [0, 1]
    assert len(store.everything()["plans"]) == 1


def test_without_a_weekly_post_nothing_is_asked_for(store: Store) -> None:
    clock = Clock(MONDAY - timedelta(hours=1))
    scheduling(store, clock).tick()
    clock.now = MONDAY

    assert scheduling(store, clock, weekly=None).tick() == 0
    assert store.everything()["schedules"] == []


def test_a_weekly_plan_supersedes_the_reading_before_it(store: Store) -> None:
    store.plans.add(replace(new_plan("asked"), created_at=NOW), who="UADA")
    clock = Clock(MONDAY - timedelta(hours=1))
    service = scheduling(store, clock)
    service.tick()
    clock.now = MONDAY

    service.tick()

    assert store.get("asked").state is PlanState.SUPERSEDED
