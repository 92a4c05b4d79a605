"""Schedules in a real database: fired once by several processes, whatever is killed in the middle; changed, removed."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import MetaData, event, insert

from bot.adapters.store.database import Database
from bot.adapters.store.schedules import TELLING
from bot.adapters.store.schema import upgrade
from bot.domain.plan import Plan, PlanState
from bot.domain.queue import QueueChange, queue_of
from bot.domain.schedule import BY_SETTINGS, Outcome, Schedule
from bot.domain.weekly import parsed_weekly
from tests.integration.stored import NOW, PROJECT, Store, new_plan, opened, together
from tests.integration.test_store_plans import interrupted_before
from tests.integration.timetables import EVERY_MONDAY, World

MONDAY = datetime(2026, 5, 18, 7, 0, tzinfo=UTC)  # 09:00 in Berlin
NEXT = MONDAY + timedelta(days=7)
BEFORE = MONDAY - timedelta(hours=1)
OF_SETTINGS = Schedule(BY_SETTINGS, EVERY_MONDAY, "default", "C0REVIEWS", next_fire_at=MONDAY)
THEIRS = Schedule("k3f9", EVERY_MONDAY, "support", "C0SUPPORT", owner="U0ANA", next_fire_at=MONDAY)


def due(store: Store, now: datetime = MONDAY) -> tuple[Schedule, ...]:
    return store.schedules.due(now=now)


def fire(
    store: Store, plan: Plan | None, *, schedule: Schedule = OF_SETTINGS, key: str = "weekly 2026-05-18T09:00"
) -> bool:
    return store.schedules.fire(schedule, next_fire_at=NEXT, plan=plan, fire_key=key)


# ---- that of the settings --------------------------------------------------------------------------------------------


def test_a_schedule_is_due_from_its_instant_on(store: Store) -> None:
    store.schedules.sync(replace(OF_SETTINGS, next_fire_at=MONDAY.astimezone(timezone(timedelta(hours=2)))))

    assert due(store, MONDAY - timedelta(microseconds=1)) == ()
    assert due(store, MONDAY) == (OF_SETTINGS,)


def test_an_unchanged_schedule_keeps_its_time(store: Store) -> None:
    """A restart right after nine must not skip this week's plan."""
    store.schedules.sync(OF_SETTINGS)

    store.schedules.sync(replace(OF_SETTINGS, next_fire_at=NEXT))

    assert due(store) == (OF_SETTINGS,)


def test_a_new_channel_changes_no_time(store: Store) -> None:
    store.schedules.sync(OF_SETTINGS)

    store.schedules.sync(replace(OF_SETTINGS, channel="C0NEW", next_fire_at=NEXT))

    assert due(store) == (replace(OF_SETTINGS, channel="C0NEW"),)


def test_a_changed_schedule_gets_its_new_time(store: Store) -> None:
    changed = replace(OF_SETTINGS, weekly=parsed_weekly("tue 09:00 Europe/Berlin"), next_fire_at=NEXT)
    store.schedules.sync(OF_SETTINGS)

    store.schedules.sync(changed)

    assert due(store) == ()
    assert due(store, NEXT) == (changed,)


def test_a_schedule_that_is_no_longer_set_is_removed_alone(store: Store) -> None:
    store.schedules.sync(OF_SETTINGS)
    store.schedules.add(THEIRS)

    store.schedules.sync(None)
    store.schedules.sync(None)

    assert store.schedules.all() == (THEIRS,)


@pytest.mark.postgresql
def test_two_processes_that_start_at_once_agree_on_a_new_schedule(postgresql_url: str) -> None:
    """Neither fails because the other one stored the same schedule a moment before."""
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        with interrupted_before(store, "INSERT INTO schedules") as interrupted:
            interrupted.by(lambda: rival.schedules.sync(OF_SETTINGS))
            store.schedules.sync(OF_SETTINGS)

        assert due(store) == (OF_SETTINGS,)


@pytest.mark.parametrize("is_set", [True, False])
def test_the_schedule_of_earlier_versions_goes_on(empty_database_url: str, is_set: bool) -> None:
    """Its next time stays, also when that passed while the new version was installed."""
    database, tables = Database(empty_database_url), MetaData()
    with database.write() as connection:
        upgrade(connection, to="0011")
        tables.reflect(connection)
        values = {"id": "weekly", "weekly": "mon 09:00 Europe/Berlin", "next_fire_at": MONDAY.replace(tzinfo=None)}
        connection.execute(insert(tables.tables["schedules"]).values(**values))
    database.close()

    with opened(empty_database_url) as store:
        store.database.migrate()
        world = World(store, MONDAY + timedelta(minutes=5), weekly=EVERY_MONDAY if is_set else None)

        assert store.schedules.all() == (replace(OF_SETTINGS, channel=""),)
        assert world.tick() == (1 if is_set else 0)
        assert [plan.request.channel for plan in world.plans] == (["C0REV"] if is_set else [])


# ---- firing ----------------------------------------------------------------------------------------------------------


def test_firing_stores_the_plan_and_the_next_time(store: Store) -> None:
    store.schedules.sync(OF_SETTINGS)

    fired = fire(store, new_plan())

    assert fired
    assert store.get() == new_plan()
    assert store.steps() == [("bot", None, "reading")]
    [after] = due(store, NEXT)
    assert (due(store), after.last) == ((), Outcome(MONDAY, "plan", PlanState.READING))


def test_a_time_that_was_fired_is_not_fired_again(store: Store) -> None:
    store.schedules.sync(OF_SETTINGS)

    results = [fire(store, new_plan("first")), fire(store, new_plan("second"), key="another")]

    assert results == [True, False]
    assert store.plans.get("second") is None


def test_an_occurrence_comes_once_also_when_the_schedule_was_made_anew(store: Store) -> None:
    """The key is the local time, so that neither a changed setting nor a shifted clock brings the same post twice."""
    store.schedules.sync(OF_SETTINGS)
    fire(store, new_plan("first"))
    store.schedules.sync(None)
    store.schedules.sync(OF_SETTINGS)

    again = fire(store, new_plan("second"))

    assert again is False
    assert store.plans.get("second") is None
    assert [one.next_fire_at for one in due(store, NEXT)] == [NEXT]


def test_a_time_that_was_missed_is_passed_over_and_recorded(store: Store) -> None:
    store.schedules.sync(OF_SETTINGS)

    assert fire(store, None) is False
    assert (due(store), store.everything()["plans"]) == ((), [])
    assert store.schedules.all()[0].last == Outcome(MONDAY)


def test_a_plan_that_is_stored_no_longer_is_still_known(store: Store) -> None:
    store.schedules.sync(OF_SETTINGS)
    fire(store, new_plan())
    store.change(state=PlanState.EMPTY.value)
    assert store.schedules.all()[0].last == Outcome(MONDAY, "plan", PlanState.EMPTY)

    store.change(state=PlanState.CANCELLED.value, finished_at=NOW)
    store.plans.forget(before=NOW + timedelta(days=365))

    assert store.schedules.all()[0].last == Outcome(MONDAY, "plan")


def test_of_two_processes_one_fires(store: Store, rival: Store) -> None:
    for number in range(10):
        schedule = replace(THEIRS, id=f"s{number}", channel=f"C{number}")
        store.schedules.add(schedule)

        results = together(
            lambda n=number, s=schedule: fire(store, new_plan(f"a-{n}"), schedule=s, key=f"{n}"),  # type: ignore[misc]
            lambda n=number, s=schedule: fire(rival, new_plan(f"b-{n}"), schedule=s, key=f"{n}"),  # type: ignore[misc]
        )

        assert sorted(results) == [False, True]
        assert len(store.everything()["plans"]) == number + 1


def test_two_timetables_fire_many_schedules_once_each(store: Store, rival: Store) -> None:
    one, other = World(store, BEFORE), World(rival, BEFORE)
    for number in range(12):
        one.add(f"s{number}", channel=f"C{number}")

    fired = together(lambda: one.tick(at=MONDAY), lambda: other.tick(at=MONDAY))

    assert sum(fired) == 12
    assert one.fire_keys() == sorted(f"s{number} 2026-05-18T09:00 Europe/Berlin" for number in range(12))


def test_a_scheduled_plan_supersedes_the_reading_before_it(store: Store) -> None:
    store.plans.add(replace(new_plan("asked", tag="t"), created_at=NOW), who="UADA")
    world = World(store, BEFORE)
    world.add()

    world.tick(at=MONDAY)

    assert store.get("asked").state is PlanState.SUPERSEDED


class Killed(BaseException):
    """The process ends here; its transaction with it."""


@contextmanager
def killed_before(store: Store, number: int) -> Iterator[list[str]]:
    """Let the process end before its statement of this number; the statements that it had begun."""
    begun: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        begun.append(statement)
        if len(begun) == number:
            raise Killed

    event.listen(store.database.engine, "before_cursor_execute", count)
    try:
        with suppress(Killed):
            yield begun
    finally:
        event.remove(store.database.engine, "before_cursor_execute", count)


def test_a_process_that_ends_between_any_two_statements_of_a_fire_leaves_one_plan(store: Store, rival: Store) -> None:
    """Whoever ticks next asks for what was not asked for, and for nothing twice."""
    number, was_cut_off = 0, True
    while was_cut_off:
        number += 1
        monday = MONDAY + timedelta(days=7 * number)
        world, other = World(store, monday - timedelta(hours=1)), World(rival, monday)
        schedule = world.add(f"s{number}", parsed_weekly("mon 07:00 UTC"), channel=f"C{number}")

        with killed_before(store, number) as begun:
            world.tick(at=monday)
        was_cut_off = len(begun) == number
        stored = [row["fire_key"] for row in store.everything()["plans"]]
        moved = world.schedule(schedule.id).next_fire_at != monday
        other.tick()

        key = f"s{number} {monday:%Y-%m-%d}T07:00 UTC"
        assert (key in stored) is moved, begun
        assert world.fire_keys().count(key) == 1
        assert world.schedule(schedule.id).next_fire_at == monday + timedelta(days=7)
        store.schedules.remove(schedule.id)
    assert number > 8  # the fire has so many statements


# ---- those of people -------------------------------------------------------------------------------------------------


def test_a_schedule_is_found_again_as_it_was_added(store: Store) -> None:
    assert store.schedules.add(THEIRS)

    assert (store.schedules.get("k3f9"), store.schedules.get("none")) == (THEIRS, None)
    assert store.schedules.all() == (THEIRS,)


@pytest.mark.parametrize("changes", [{"queue": "other"}, {"id": "abcd"}])
def test_neither_an_id_nor_a_schedule_is_there_twice(store: Store, changes: dict[str, Any]) -> None:
    store.schedules.add(THEIRS)

    assert not store.schedules.add(replace(THEIRS, **changes))
    assert store.schedules.all() == (THEIRS,)


def test_of_two_who_add_the_same_at_once_one_does(store: Store, rival: Store) -> None:
    added = together(lambda: store.schedules.add(THEIRS), lambda: rival.schedules.add(replace(THEIRS, id="abcd")))

    assert sorted(added) == [False, True]


def test_a_paused_schedule_is_not_due_until_it_goes_on(store: Store) -> None:
    store.schedules.add(THEIRS)
    assert store.schedules.change(THEIRS, paused := THEIRS.paused(), now=BEFORE)
    assert due(store, NEXT) == ()

    assert store.schedules.change(paused, paused.resumed(MONDAY), now=MONDAY)

    assert [one.next_fire_at for one in due(store, NEXT)] == [NEXT]


def test_a_pause_until_a_day_goes_on_by_itself(store: Store) -> None:
    store.schedules.add(THEIRS)

    store.schedules.change(THEIRS, THEIRS.paused(date(2026, 5, 19)), now=BEFORE)

    assert due(store, NEXT - timedelta(seconds=1)) == ()
    [schedule] = due(store, NEXT)
    assert schedule.paused_until == datetime(2026, 5, 18, 22, tzinfo=UTC)


def test_a_fire_and_a_pause_at_once_do_not_undo_each_other(store: Store, rival: Store) -> None:
    for number in range(5):
        schedule = replace(THEIRS, id=f"s{number}", channel=f"C{number}")
        store.schedules.add(schedule)

        fired, paused = together(
            lambda s=schedule, n=number: fire(store, new_plan(f"p{n}"), schedule=s, key=s.id),  # type: ignore[misc]
            lambda s=schedule: rival.schedules.change(s, s.paused(), now=BEFORE),  # type: ignore[misc]
        )

        after = store.schedules.get(schedule.id)
        assert after is not None
        assert {fired, paused} == {True, False}
        assert after.next_fire_at == (NEXT if fired else None)


def test_of_two_processes_one_tells_about_a_trouble(store: Store, rival: Store) -> None:
    store.schedules.add(THEIRS)
    store.schedules.change(THEIRS, THEIRS.paused(trouble="It is archived."), now=MONDAY)

    claims = together(
        lambda: store.schedules.claim_trouble(now=MONDAY), lambda: rival.schedules.claim_trouble(now=MONDAY)
    )

    [claimed] = [claim for claim in claims if claim is not None]
    assert claimed.trouble == "It is archived."
    assert store.schedules.claim_trouble(now=MONDAY + TELLING - timedelta(seconds=1)) is None
    assert rival.schedules.claim_trouble(now=MONDAY + TELLING) is not None  # the first one died
    store.schedules.told(claimed)
    assert rival.schedules.claim_trouble(now=NEXT) is None


def test_a_schedule_is_removed_once(store: Store) -> None:
    store.schedules.add(THEIRS)

    assert [store.schedules.remove("k3f9"), store.schedules.remove("k3f9")] == [True, False]
    assert store.schedules.all() == ()


def test_the_schedules_of_a_queue_end_with_it_and_no_other(store: Store) -> None:
    queue = queue_of("support", {"project": "p", "tag": "t", "reviewers": "ana@example.com"}, project_id=PROJECT)
    store.queues.apply([QueueChange(None, queue)], who="U0ANA", now=NOW)
    stored = store.queues.get("support")
    other = replace(THEIRS, id="abcd", queue="other")
    for schedule in (THEIRS, other):
        store.schedules.add(schedule)

    outdated = store.queues.apply([QueueChange(replace(queue, version=9), None)], who="U0ANA", now=NOW)
    kept = len(store.schedules.all())
    store.queues.apply([QueueChange(stored, None)], who="U0ANA", now=NOW)

    assert (outdated, kept) == (False, 2)
    assert store.schedules.all() == (other,)
