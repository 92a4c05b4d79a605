"""When people may be written to: by daylight of their own, on working days."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.working_hours import next_delivery

BERLIN, NEW_YORK, KOLKATA = "Europe/Berlin", "America/New_York", "Asia/Kolkata"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "zone"),
    [
        ("2026-05-18 06:00", BERLIN),  # Monday, 08:00 on the spot
        ("2026-05-22 15:59:59", BERLIN),  # Friday, a second before 18:00
        ("2026-05-18 12:00", NEW_YORK),
        ("2026-05-18 02:30", KOLKATA),
        ("2026-05-18 08:00", None),
    ],
)
def test_in_working_hours_a_message_goes_out_at_once(now: str, zone: str | None) -> None:
    assert next_delivery(at(now), zone) == at(now)


@pytest.mark.parametrize(
    ("now", "zone", "then"),
    [
        ("2026-05-18 05:59:59", BERLIN, "2026-05-18 07:00"),  # before eight: the same morning
        ("2026-05-17 22:00", BERLIN, "2026-05-18 07:00"),  # Monday at midnight
        ("2026-05-18 16:00", BERLIN, "2026-05-19 07:00"),  # 18:00 on the spot: tomorrow
        ("2026-05-22 16:00", BERLIN, "2026-05-25 07:00"),  # Friday evening: Monday
        ("2026-05-23 10:00", BERLIN, "2026-05-25 07:00"),  # Saturday noon
        ("2026-05-24 03:00", BERLIN, "2026-05-25 07:00"),  # Sunday night
        ("2026-05-18 23:00", NEW_YORK, "2026-05-19 13:00"),
        ("2026-05-23 03:00", NEW_YORK, "2026-05-25 13:00"),  # still Friday evening there
        ("2026-05-18 23:00", KOLKATA, "2026-05-19 03:30"),  # tomorrow there already
        ("2026-05-24 23:00", "Pacific/Auckland", "2026-05-24 23:00"),  # Monday 11:00 there
    ],
)
def test_outside_them_it_waits_for_nine_on_the_next_working_day(now: str, zone: str, then: str) -> None:
    assert next_delivery(at(now), zone) == at(then)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-03-27 18:00", "2026-03-30 07:00"),  # the clock goes forward on Sunday
        ("2026-10-23 17:00", "2026-10-26 08:00"),  # and back on Sunday
    ],
)
def test_nine_is_nine_by_the_clock_on_the_wall_on_both_sides_of_a_change_of_it(now: str, then: str) -> None:
    assert next_delivery(at(now), BERLIN) == at(then)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe", "", "a\0b", "x" * 300, None])
def test_a_zone_that_nobody_knows_counts_as_utc(zone: str | None) -> None:
    assert next_delivery(at("2026-05-18 07:59"), zone) == at("2026-05-18 09:00")
    assert next_delivery(at("2026-05-18 08:00"), zone) == at("2026-05-18 08:00")


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, KOLKATA, "Pacific/Chatham", "America/St_Johns"])
def test_every_hour_of_a_year_leads_to_a_working_hour_that_leads_to_itself(zone: str) -> None:
    for hour in range(0, 24 * 366, 3):
        now = at("2026-01-01 00:00") + timedelta(hours=hour)

        then = next_delivery(now, zone)

        assert now <= then <= now + timedelta(days=3)
        assert next_delivery(then, zone) == then
