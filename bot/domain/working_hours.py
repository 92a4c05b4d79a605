"""Working hours, in which a person may be written to: on working days, by daylight, in their own time zone."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_BEGINS = time(8)
DAY_ENDS = time(18)
MORNING = time(9)
WORKING_DAYS = 5


def next_delivery(now: datetime, time_zone: str | None) -> datetime:
    """`now` from Monday to Friday between 08:00 and 18:00 local time, else 09:00 of the next working day, in UTC.

    `time_zone` is an IANA name; one that nobody knows counts as UTC.
    """
    local = now.astimezone(zone(time_zone))
    if _is_working_day(local) and DAY_BEGINS <= local.time() < DAY_ENDS:
        return now
    morning = local if local.time() < DAY_BEGINS else _day_after(local)
    while not _is_working_day(morning):
        morning = _day_after(morning)
    # Put together anew, by the clock on the wall: a day may have 23 or 25 hours.
    return datetime.combine(morning.date(), MORNING, local.tzinfo).astimezone(UTC)


def _is_working_day(local: datetime) -> bool:
    return local.weekday() < WORKING_DAYS


def _day_after(local: datetime) -> datetime:
    return local + timedelta(days=1)


def zone(name: str | None) -> tzinfo:
    """The time zone with an IANA name; UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
