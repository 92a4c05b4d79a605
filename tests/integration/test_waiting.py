"""What the database tells the metrics."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.adapters.store.waiting import WaitingPlans
from bot.domain.plan import PlanState
from bot.domain.schedule import BY_SETTINGS, Schedule
from bot.domain.weekly import parsed_weekly
from tests.integration.stored import NOW, Store, new_plan

LATER = NOW + timedelta(hours=1)


def told(store: Store) -> Mapping[str, float]:
    """Values by the metric's name and the state that it is about."""
    families = WaitingPlans(store.database, lambda: LATER).collect()
    return {
        " ".join([one.name.removeprefix("assign_reviews_"), *one.labels.values()]): one.value
        for family in families
        for one in family.samples
    }


def test_of_each_state_the_oldest_is_told_and_nothing_that_rests(store: Store) -> None:
    store.add("waits", PlanState.PROPOSED)
    store.add("too", PlanState.PROPOSED, created_at=NOW + timedelta(minutes=30), tag="another")
    store.add("rests", PlanState.CANCELLED, tag="third")

    assert told(store) == {"oldest_waiting_seconds proposed": 3_600}


def test_the_last_scheduled_plan_is_told_whatever_became_of_it(store: Store) -> None:
    weeks = [NOW - timedelta(days=7), NOW]
    schedule = Schedule(BY_SETTINGS, parsed_weekly("mon 09:00 UTC"), "default", "C0REVIEWS", next_fire_at=weeks[0])
    store.schedules.sync(schedule)

    before = told(store)
    for week in weeks:
        plan = new_plan(f"of-{week.day}", created_at=week, tag=str(week))
        due, following = replace(schedule, next_fire_at=week), week + timedelta(days=7)
        assert store.schedules.fire(due, next_fire_at=following, plan=plan, fire_key=f"weekly {week}")
        store.change(plan.id, state=PlanState.EMPTY.value)

    assert before == {}
    assert told(store) == {"schedule_last_fired_timestamp": NOW.timestamp()}
