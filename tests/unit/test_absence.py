"""Who is away is who says so; what somebody wrote in their status stays theirs."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.absence import LONG, USUAL_SIGNS, AwayRules, absence, emoji_name
from bot.domain.people import Person

NOW = datetime(2026, 12, 21, 9, tzinfo=UTC)  # a Monday
NONE = AwayRules(frozenset(), ())
STATUS = "Slack status: away"


def person(**changes: object) -> Person:
    return Person(**{"id": "U0ANA", "name": "Ana", **changes})  # type: ignore[arg-type]  # a table has any values


def away(one: Person, *, now: datetime = NOW, rules: AwayRules = USUAL_SIGNS, until: date | None = None) -> str | None:
    return absence(one, now=now, rules=rules, away_until=until)


@pytest.mark.parametrize(
    "text",
    [
        "OOO",
        "ooo until Monday",
        "Out of office",
        "out-of-office",
        "OUT OF\noffice!",
        "PTO/travel",
        "on leave",
        "Parental leave until spring",
        "On vacation \U0001f334",
        "sick :(",
        "(holiday)",
        "OOTO",
    ],
)
def test_words_of_a_status_say_that_somebody_is_away(text: str) -> None:
    assert away(person(status_text=text)) == STATUS


@pytest.mark.parametrize(
    "text", ["", "In a meeting", "Ooops", "adopto", "photooo", "holidays soon", "seasick_", "out of coffee"]
)
def test_other_words_and_parts_of_words_do_not(text: str) -> None:
    assert away(person(status_text=text)) is None


@pytest.mark.parametrize(
    "emoji",
    [":palm_tree:", "palm_tree", ":PALM_TREE:", ":palm_tree::skin-tone-3:", ":face_with_thermometer:", ":no_entry:"],
)
def test_an_emoji_of_a_status_says_it_however_it_is_written(emoji: str) -> None:
    assert away(person(status_emoji=emoji)) == STATUS


@pytest.mark.parametrize("emoji", ["", ":", "::", ":speech_balloon:", ":palm_tree_2:", ":skin-tone-3:"])
def test_other_emoji_do_not(emoji: str) -> None:
    assert away(person(status_emoji=emoji)) is None


@pytest.mark.parametrize(
    ("lasts", "counts"),
    [
        (None, True),
        (timedelta(days=14), True),
        (LONG + timedelta(seconds=1), True),
        (LONG, False),
        (timedelta(hours=4), False),
        (-timedelta(hours=1), False),
    ],
)
def test_only_a_status_that_lasts_counts(lasts: timedelta | None, counts: bool) -> None:
    """Thirty hours are a quarter of a working week."""
    until = None if lasts is None else NOW + lasts

    found = away(person(status_text="vacation", status_until=until))

    assert found == (STATUS if counts else None)


def test_what_counts_can_be_set_and_switched_off() -> None:
    one = person(status_emoji=":snowflake:", status_text="vacation")

    assert away(one, rules=AwayRules(frozenset({"snowflake"}), ())) == STATUS
    assert away(one, rules=AwayRules(frozenset(), ("Vacation",))) == STATUS
    assert away(one, rules=NONE) is None


@pytest.mark.parametrize(
    ("zone", "now", "counts"),
    [
        ("Europe/Berlin", "2026-12-24T22:59", True),
        ("Europe/Berlin", "2026-12-24T23:00", False),
        ("America/Los_Angeles", "2026-12-25T07:59", True),
        ("America/Los_Angeles", "2026-12-25T08:00", False),
        ("Pacific/Kiritimati", "2026-12-24T09:59", True),
        ("Pacific/Kiritimati", "2026-12-24T10:00", False),
        ("Nowhere/Land", "2026-12-24T23:59", True),
        ("../../etc/passwd", "2026-12-25T00:00", False),
        ("", "2026-12-24T23:59", True),
    ],
)
def test_somebody_is_away_until_the_day_begins_where_they_are(zone: str, now: str, counts: bool) -> None:
    """Where nobody knows the time zone, it is UTC."""
    found = away(person(time_zone=zone), now=datetime.fromisoformat(now).replace(tzinfo=UTC), until=date(2026, 12, 25))

    assert found == ("away until 25 December" if counts else None)


def test_another_year_is_named() -> None:
    found = away(person(time_zone="Europe/Berlin"), until=date(2027, 1, 3))

    assert found == "away until 3 January 2027"


def test_the_last_day_of_all_is_a_day_like_any_other() -> None:
    assert away(person(time_zone="America/Los_Angeles"), until=date.max) is not None


def test_what_people_said_themselves_comes_before_what_slack_shows() -> None:
    one = person(status_text="vacation", deactivated=True)
    reasons = [away(one, until=date(2026, 12, 24)), away(one), away(one, rules=NONE), away(person(), rules=NONE)]

    assert reasons == [
        "away until 24 December",
        STATUS,
        "Slack account deactivated",
        None,
    ]


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=10), st.none() | st.dates())
def test_what_somebody_wrote_is_never_repeated(text: str, emoji: str, zone: str, until: date | None) -> None:
    found = away(person(status_text=text, status_emoji=emoji, time_zone=zone), until=until)

    assert found in (None, STATUS, "Slack account deactivated") or str(found).startswith("away until ")


@given(st.text(max_size=40), st.integers(-(10**6), 10**6))
def test_a_status_that_does_not_count_now_does_not_count_later(text: str, seconds: int) -> None:
    one = person(status_text=f"vacation {text}", status_until=NOW + timedelta(seconds=seconds))

    if away(one) is None:
        assert away(one, now=NOW + timedelta(hours=1)) is None


@given(st.text(max_size=30))
def test_the_name_of_an_emoji_is_its_own_name(text: str) -> None:
    assert emoji_name(emoji_name(text)) == emoji_name(text)
