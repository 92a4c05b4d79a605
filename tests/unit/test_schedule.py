"""Schedules as people type them, and what a pause makes of one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command import parsed
from bot.domain.nearest import SCHEDULE_WORDS
from bot.domain.schedule import SHOWN_TIMES, Outcome, Schedule, ScheduleAct, ScheduleCommand
from bot.domain.weekly import next_time, parsed_weekly
from bot.errors import CommandError
from bot.messages.help import SCHEDULES
from tests.unit.test_weekly import INSTANTS, WEEKLY_TIMES

QUEUES = ("gold", "support-de", "utc")
BERLIN = parsed_weekly("mon,thu 09:00 Europe/Berlin")
NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
MONDAY = datetime(2026, 5, 18, 7, tzinfo=UTC)


def command(text: str) -> object:
    return parsed(text, lambda: QUEUES)


def refusal(text: str) -> str:
    with pytest.raises(CommandError) as raised:
        command(text)
    return str(raised.value)


def adding(weekly: str, queue: str = "default") -> ScheduleCommand:
    return ScheduleCommand(ScheduleAct.ADD, weekly=parsed_weekly(weekly), queue=queue)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("schedule add mon,thu 09:00 Europe/Berlin", adding("mon,thu 09:00 Europe/Berlin")),
        ("schedule add mon,thu 09:00 Europe/Berlin gold", adding("mon,thu 09:00 Europe/Berlin", "gold")),
        ("schedule add mon,thu 09:00 Europe/Berlin default", adding("mon,thu 09:00 Europe/Berlin")),
        (
            "SCHEDULE Add Mon to Thu 9am America/New York Support-DE",
            adding("mon-thu 9:00 America/New_York", "support-de"),
        ),
        ("schedule add fri 9 utc", adding("fri 09:00 UTC")),
        ("schedule add fri 9 utc utc", adding("fri 09:00 UTC", "utc")),
        ("schedule", ScheduleCommand(ScheduleAct.LIST)),
        ("schedules", ScheduleCommand(ScheduleAct.LIST)),
        ("schedule list", ScheduleCommand(ScheduleAct.LIST)),
        ("schedule pause K3F9", ScheduleCommand(ScheduleAct.PAUSE, "k3f9")),
        ("schedule pause k3f9 until 2026-12-24", ScheduleCommand(ScheduleAct.PAUSE, "k3f9", until="2026-12-24")),
        ("schedule pause k3f9 until next week", ScheduleCommand(ScheduleAct.PAUSE, "k3f9", until="next week")),
        ("schedule resume k3f9", ScheduleCommand(ScheduleAct.RESUME, "k3f9")),
        ("schedule run k3f9", ScheduleCommand(ScheduleAct.RUN, "k3f9")),
        ("schedule remove k3f9", ScheduleCommand(ScheduleAct.REMOVE, "k3f9")),
    ],
)
def test_what_people_type_about_schedules_is_understood(text: str, expected: ScheduleCommand) -> None:
    assert command(text) == expected


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("schedule add", "schedule add mon,thu 09:00 Europe/Berlin`"),
        ("schedule add mon", "schedule add mon,thu 09:00 Europe/Berlin`"),
        ("schedule add mon 9am", "The time zone is missing: `mon 09:00 Europe/Berlin`."),
        ("schedule add mon 9am gold", "The time zone is missing: `mon 09:00 Europe/Berlin`."),
        ("schedule add mon 09:00 Berlin", "Did you mean `Europe/Berlin`?"),
        (
            "schedule add mon 09:00 UTC suport-de",
            "Did you mean `/assign-reviews schedule add mon,thu 09:00 Europe/Berlin support-de`?",
        ),
        ("schedule mon 09:00 UTC", "Did you mean `/assign-reviews schedule add mon 09:00 UTC`?"),
        ("schedule delete k3f9", "Did you mean `/assign-reviews schedule remove ID`?"),
        ("schedule stop k3f9", "Did you mean `/assign-reviews schedule pause ID until 2027-01-31`?"),
        ("schedule resum k3f9", "Did you mean `/assign-reviews schedule resume ID`?"),
        ("schedule pause", "Write `/assign-reviews schedule pause ID until"),
        ("schedule pause k3f9 friday", "Write `/assign-reviews schedule pause ID until"),
        ("schedule pause k3f9 until", "Write `/assign-reviews schedule pause ID until"),
        ("schedule list k3f9", "Write `/assign-reviews schedule list`."),
        ("schedule remove k3f9 abcd", "Write `/assign-reviews schedule remove ID`."),
        ("schedule xyzzy", "`/assign-reviews schedule list`"),
        ("weekly", "`/assign-reviews schedule add mon 09:00 Europe/Berlin`"),
        ("shedule", "Did you mean `/assign-reviews schedule`?"),
    ],
)
def test_what_is_not_understood_is_answered_with_the_nearest_form(text: str, nearest: str) -> None:
    assert nearest in refusal(text)


@given(st.text(), st.sampled_from([*ScheduleAct, ""]))
def test_any_text_about_schedules_is_a_command_or_a_sentence(text: str, act: str) -> None:
    try:
        understood = command(f"schedule {act} {text}")
    except CommandError as error:
        understood = error

    assert isinstance(understood, ScheduleCommand | CommandError)


@pytest.mark.parametrize("word", SCHEDULE_WORDS)
def test_no_queue_takes_the_words_of_schedules(word: str) -> None:
    assert parsed(word, lambda: [word]) == ScheduleCommand(ScheduleAct.LIST)


@pytest.mark.parametrize("form", [form for form, _ in SCHEDULES])
def test_every_form_in_the_help_is_understood(form: str) -> None:
    assert isinstance(command(form), ScheduleCommand)


# ---- pauses ----------------------------------------------------------------------------------------------------------


def a_schedule(**changes: object) -> Schedule:
    values: dict[str, object] = {"next_fire_at": MONDAY, "owner": "U0ANA"} | changes
    return Schedule("k3f9", BERLIN, "gold", "C0GOLD", **values)  # type: ignore[arg-type]


def test_the_next_times_come_one_after_the_other() -> None:
    coming = a_schedule().coming(NOW)

    assert coming == (MONDAY, MONDAY + timedelta(days=3), MONDAY + timedelta(days=7))


def test_a_pause_without_an_end_has_no_next_time() -> None:
    paused = a_schedule().paused()

    assert (paused.is_paused(NOW), paused.coming(NOW)) == (True, ())


@given(WEEKLY_TIMES, INSTANTS, st.integers(1, 365))
def test_a_pause_until_a_day_ends_on_that_day_where_the_schedule_is(weekly: object, now: datetime, days: int) -> None:
    schedule = Schedule("k3f9", weekly, "gold", "C0GOLD")  # type: ignore[arg-type]
    day = date(now.year, now.month, now.day) + timedelta(days=days)

    paused = schedule.paused(day)

    assert paused.next_fire_at is not None
    assert paused.paused_until is not None
    assert paused.paused_until <= paused.next_fire_at + timedelta(hours=1)  # a day may begin in a gap
    assert paused.next_fire_at - paused.paused_until < timedelta(days=9)
    assert len(paused.coming(now)) == SHOWN_TIMES


def test_a_resumed_schedule_goes_on_with_its_first_time_from_now() -> None:
    resumed = a_schedule().paused().resumed(MONDAY)

    assert (resumed.next_fire_at, resumed.is_paused(MONDAY)) == (MONDAY + timedelta(days=3), False)


def test_to_resume_what_is_not_paused_passes_no_time_over() -> None:
    """One that is due in this second fires."""
    schedule = a_schedule()

    assert schedule.resumed(MONDAY + timedelta(seconds=5)) is schedule


def test_what_was_wrong_before_is_over_once_it_is_resumed() -> None:
    stopped = a_schedule(last=Outcome(MONDAY, "plan")).paused(trouble="It is archived.")

    resumed = stopped.resumed(NOW)

    assert (resumed.trouble, resumed.last) == (None, None)
    assert resumed.next_fire_at == next_time(BERLIN, after=NOW)
