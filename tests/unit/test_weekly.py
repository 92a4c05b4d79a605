"""Weekly times, where clocks are put forward and back too."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.weekly import WEEKDAYS, WeeklyTime, local_key, next_time, parsed_weekly
from bot.errors import CommandError

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Casablanca",
]
WEEKLY_TIMES = st.builds(
    lambda days, hour, minute, zone: WeeklyTime(
        tuple(day for day in WEEKDAYS if day in days), time(hour, minute), zone
    ),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(ZONES),
)
INSTANTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def exists(local: datetime) -> bool:
    """Whether a local time is not skipped."""
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        pytest.param("mon 09:00 Europe/Berlin", "2026-05-15T12:00", "2026-05-18T07:00", id="summer"),
        pytest.param("mon 09:00 Europe/Berlin", "2026-01-15T12:00", "2026-01-19T08:00", id="winter"),
        pytest.param("mon 09:00 Europe/Berlin", "2026-05-18T06:59", "2026-05-18T07:00", id="a minute before"),
        pytest.param("mon 09:00 Europe/Berlin", "2026-05-18T07:00", "2026-05-25T07:00", id="at the time itself"),
        pytest.param("mon,thu 09:00 Europe/Berlin", "2026-05-18T07:00", "2026-05-21T07:00", id="the other weekday"),
        pytest.param("mon 09:00 Europe/Berlin", "2026-03-23T08:00", "2026-03-30T07:00", id="across spring"),
        pytest.param("mon 09:00 Europe/Berlin", "2026-10-19T07:00", "2026-10-26T08:00", id="across autumn"),
        pytest.param("mon 00:30 Asia/Kolkata", "2026-05-17T12:00", "2026-05-17T19:00", id="Monday begins on Sunday"),
        pytest.param("sun 23:30 America/New_York", "2026-05-18T02:00", "2026-05-18T03:30", id="Sunday ends on Monday"),
        pytest.param("sun 02:30 Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00", id="Berlin, skipped"),
        pytest.param("sun 02:00 Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00", id="Berlin, gap begins"),
        pytest.param("sun 03:00 Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00", id="Berlin, gap ends"),
        pytest.param("sun 01:59 Europe/Berlin", "2026-03-28T12:00", "2026-03-29T00:59", id="Berlin, before the gap"),
        pytest.param("sun 02:30 Europe/Berlin", "2026-03-29T01:00", "2026-04-05T00:30", id="Berlin, after the gap"),
        pytest.param("sun 02:30 Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30", id="Berlin, first of two"),
        pytest.param("sun 02:30 Europe/Berlin", "2026-10-25T00:30", "2026-11-01T01:30", id="Berlin, not the second"),
        pytest.param("sun 02:30 Europe/Berlin", "2026-10-25T01:00", "2026-11-01T01:30", id="Berlin, between the two"),
        pytest.param("sun 02:30 America/New_York", "2026-03-07T12:00", "2026-03-08T07:00", id="New York, skipped"),
        pytest.param("sun 01:30 America/New_York", "2026-10-31T12:00", "2026-11-01T05:30", id="New York, first of two"),
        pytest.param("sun 01:30 America/New_York", "2026-11-01T05:30", "2026-11-08T06:30", id="New York, not again"),
        pytest.param("sun 02:15 Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-03T15:30", id="Lord Howe, skipped"),
        pytest.param("sun 02:30 Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-03T15:30", id="Lord Howe, gap ends"),
        pytest.param("sun 01:45 Australia/Lord_Howe", "2026-04-04T00:00", "2026-04-04T14:45", id="Lord Howe, first"),
        pytest.param("sun 01:45 Australia/Lord_Howe", "2026-04-04T14:45", "2026-04-11T15:15", id="Lord Howe, no again"),
        pytest.param("sun 00:30 America/Sao_Paulo", "2018-11-03T12:00", "2018-11-04T03:00", id="midnight skipped"),
        pytest.param("fri 09:00 Pacific/Apia", "2011-12-29T12:00", "2011-12-30T10:00", id="a whole day skipped"),
    ],
)
def test_the_next_time_is_the_right_instant(text: str, after: str, expected: str) -> None:
    weekly = parsed_weekly(text)

    instant = next_time(weekly, after=utc(after))

    assert instant == utc(expected)


@given(WEEKLY_TIMES, INSTANTS)
@example(WeeklyTime(("sun",), time(2, 30), "Europe/Berlin"), utc("2026-10-25T00:30"))
def test_the_next_time_is_later_and_less_than_nine_days_away(weekly: WeeklyTime, after: datetime) -> None:
    instant = next_time(weekly, after=after)

    assert after < instant < after + timedelta(days=9)
    assert instant.utcoffset() == timedelta(0)


@given(WEEKLY_TIMES, INSTANTS)
def test_the_next_time_has_the_weekday_and_local_time_outside_gaps(weekly: WeeklyTime, after: datetime) -> None:
    local = next_time(weekly, after=after).astimezone(ZoneInfo(weekly.zone))

    asked = datetime.combine(local.date(), weekly.at, tzinfo=ZoneInfo(weekly.zone))
    if exists(asked):
        assert WEEKDAYS[local.weekday()] in weekly.days
        assert local.time() == weekly.at
        assert local.fold == 0


@given(WEEKLY_TIMES, INSTANTS)
def test_no_time_in_between_is_passed_over(weekly: WeeklyTime, after: datetime) -> None:
    zone = ZoneInfo(weekly.zone)
    days = [(after.astimezone(zone) + timedelta(days=offset)).date() for offset in range(-1, 10)]
    named = [datetime.combine(day, weekly.at, tzinfo=zone) for day in days if WEEKDAYS[day.weekday()] in weekly.days]

    instant = next_time(weekly, after=after)

    assert not [local for local in named if exists(local) and after < local.astimezone(UTC) < instant]


@given(WEEKLY_TIMES, INSTANTS)
def test_the_answer_does_not_depend_on_the_zone_of_the_question(weekly: WeeklyTime, after: datetime) -> None:
    elsewhere = after.astimezone(ZoneInfo("Asia/Tokyo"))

    assert next_time(weekly, after=elsewhere) == next_time(weekly, after=after)


@given(WEEKLY_TIMES)
def test_a_weekly_time_is_written_as_it_is_read(weekly: WeeklyTime) -> None:
    assert parsed_weekly(str(weekly)) == weekly


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon 09:00 Europe/Berlin", WeeklyTime(("mon",), time(9), "Europe/Berlin")),
        ("  thu,mon   9:05   UTC ", WeeklyTime(("mon", "thu"), time(9, 5), "UTC")),
        ("Monday,THU,mon 23:59 America/Argentina/Buenos_Aires", None),
        ("sun 00:00 Etc/GMT+3", WeeklyTime(("sun",), time(0), "Etc/GMT+3")),
        ("mon-fri 9am europe/berlin", WeeklyTime(WEEKDAYS[:5], time(9), "Europe/Berlin")),
        ("Mon\u2013Wed 9.30 utc", WeeklyTime(WEEKDAYS[:3], time(9, 30), "UTC")),
        ("mon to thu, 1730 UTC", WeeklyTime(WEEKDAYS[:4], time(17, 30), "UTC")),
        ("fri - mon 12am UTC", WeeklyTime(("mon", "fri", "sat", "sun"), time(0), "UTC")),
        ("Mondays and thursdays at 12 p.m. UTC", WeeklyTime(("mon", "thu"), time(12), "UTC")),
        ("mon, tues/weds 9h05 UTC", WeeklyTime(WEEKDAYS[:3], time(9, 5), "UTC")),
        ("weekdays 9 America/New York", WeeklyTime(WEEKDAYS[:5], time(9), "America/New_York")),
        ("every day 11:59 pm UTC", WeeklyTime(WEEKDAYS, time(23, 59), "UTC")),
        ("weekend 10:00 cet", WeeklyTime(("sat", "sun"), time(10), "CET")),
    ],
)
def test_a_weekly_time_is_understood(text: str, expected: WeeklyTime | None) -> None:
    expected = expected or WeeklyTime(("mon", "thu"), time(23, 59), "America/Argentina/Buenos_Aires")

    assert parsed_weekly(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "A weekly time is written like `mon 09:00 Europe/Berlin`."),
        ("mon", "A weekly time is written like"),
        ("mon 9:5 UTC", "A weekly time is written like"),
        ("mon,tue 9am", "The time zone is missing: `mon,tue 09:00 Europe/Berlin`."),
        ("mon 09:00 Europe/Berlin extra", "I don't know the time zone `Europe/Berlin extra`. Did you mean"),
        ("mon-fri-sun 09:00 UTC", "Weekdays are mon, tue"),
        ("mon- 09:00 UTC", "Weekdays are mon, tue"),
        ("09:00 mon UTC", "Weekdays are mon, tue"),
        ("mon 13pm UTC", "With am or pm, an hour goes from 1 to 12"),
        ("mon 0am UTC", "With am or pm, an hour goes from 1 to 12"),
        ("mon 09:00 PST", "I don't know the time zone `PST`. Did you mean `America/Los_Angeles`?"),
        ("mon 09:00 Europe/Berln", "Did you mean `Europe/Berlin`?"),
        ("mon 09:00 UTC+2", "I don't know the time zone `UTC+2`. Use an IANA name"),
        ("moon 09:00 UTC", "Weekdays are mon, tue, wed, thu, fri, sat, sun"),
        ("monkey 09:00 UTC", "Weekdays are mon, tue, wed, thu, fri, sat, sun"),
        ("mo 09:00 UTC", "Weekdays are mon"),
        (", 09:00 UTC", "Weekdays are mon"),
        ("mon 24:00 UTC", "A time of day goes from 00:00 to 23:59"),
        ("mon 09:60 UTC", "A time of day goes from 00:00 to 23:59"),
        ("mon 09:00 Berlin", "I don't know the time zone `Berlin`. Did you mean `Europe/Berlin`?"),
        ("mon 09:00 Europe", "I don't know the time zone `Europe`."),
        ("mon 09:00 /etc/localtime", "A weekly time is written like"),
        ("mon 09:00 leapseconds", "I don't know the time zone"),
    ],
)
def test_a_bad_weekly_time_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        parsed_weekly(text)

    assert sentence in str(raised.value)


@given(st.text() | st.from_regex(r"[a-z,]{1,9} [0-9]{1,2}:[0-9]{2} [A-Za-z/_+-]{1,12}", fullmatch=True))
def test_any_text_is_a_weekly_time_or_a_command_error(text: str) -> None:
    try:
        weekly: object = parsed_weekly(text)
    except CommandError as error:
        weekly = error

    assert isinstance(weekly, WeeklyTime | CommandError)


def test_an_occurrence_is_named_by_its_local_time() -> None:
    weekly = parsed_weekly("mon 09:00 Europe/Berlin")

    assert local_key(weekly, utc("2026-05-18T07:00")) == "2026-05-18T09:00 Europe/Berlin"


def test_both_instants_of_a_repeated_hour_are_one_occurrence() -> None:
    weekly = parsed_weekly("sun 02:30 Europe/Berlin")

    assert local_key(weekly, utc("2026-10-25T00:30")) == local_key(weekly, utc("2026-10-25T01:30"))
