"""A time that comes every week: weekdays, a local time, and the zone it is local to."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import CommandError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"(?P<days>[A-Za-z,]+)\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})\s+(?P<zone>[A-Za-z0-9_+\-/]+)")
_LONG = {day[:3]: day for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}
_MINUTE = timedelta(minutes=1)
_EXAMPLE = "mon 09:00 Europe/Berlin"


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """Some weekdays at a local time of an IANA time zone."""

    days: tuple[str, ...]
    at: time
    zone: str

    def __str__(self) -> str:
        return f"{','.join(self.days)} {self.at:%H:%M} {self.zone}"


def parsed_weekly(text: str) -> WeeklyTime:
    """The weekly time in `text`, such as `mon,thu 09:00 Europe/Berlin`; raises `CommandError`."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"A weekly time is written like `{_EXAMPLE}`.")
    return WeeklyTime(_days(match["days"]), _time(int(match["hour"]), int(match["minute"])), _zone(match["zone"]))


def next_time(weekly: WeeklyTime, *, after: datetime) -> datetime:
    """The first instant of `weekly` later than `after`, in UTC.

    A local time that is skipped in spring falls on the first instant behind the gap; one that comes twice in autumn
    counts once, the first time.
    """
    zone = ZoneInfo(weekly.zone)
    first = after.astimezone(zone).date()
    for offset in range(9):
        day = first + timedelta(days=offset)
        if WEEKDAYS[day.weekday()] in weekly.days:
            instant = _existing(datetime.combine(day, weekly.at), zone)
            if instant > after:
                return instant
    raise AssertionError("a week has no day of the week")  # unreachable: nine days hold every weekday


def local_key(weekly: WeeklyTime, instant: datetime) -> str:
    """The name of one occurrence, by its local time, so that no occurrence comes twice."""
    return instant.astimezone(ZoneInfo(weekly.zone)).strftime("%Y-%m-%dT%H:%M ") + weekly.zone


def _existing(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of `local`, or the end of the gap that swallows it (gaps begin and end on whole minutes)."""
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while (instant - _MINUTE).astimezone(zone).replace(tzinfo=None) > local:
        instant -= _MINUTE
    return instant


def _days(text: str) -> tuple[str, ...]:
    typed = [day.lower() for day in text.split(",") if day]
    named = {day[:3] for day in typed}
    if not typed or not all(len(day) > 2 and _LONG.get(day[:3], "").startswith(day) for day in typed):
        raise CommandError(f"Weekdays are {', '.join(WEEKDAYS)}: `{_EXAMPLE}`.")
    return tuple(day for day in WEEKDAYS if day in named)


def _time(hour: int, minute: int) -> time:
    if hour > 23 or minute > 59:
        raise CommandError(f"A time of day goes from 00:00 to 23:59: `{_EXAMPLE}`.")
    return time(hour, minute)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CommandError(f"I don't know the time zone `{name}`. Use an IANA name: `{_EXAMPLE}`.") from error
    return name
