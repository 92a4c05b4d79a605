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
    if local.weekday() < WORKING_DAYS and DAY_BEGINS <= local.time() < DAY_ENDS:
        return now
    morning = local if local.time() < DAY_BEGINS else local + timedelta(days=1)
    while morning.weekday() >= WORKING_DAYS:
        morning += timedelta(days=1)
    # Put together anew, by the clock on the wall: a day may have 23 or 25 hours.
    return datetime.combine(morning.date(), MORNING, local.tzinfo).astimezone(UTC)


def zone(name: str | None) -> tzinfo:
    """The time zone with an IANA name; UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
