"""A time that comes every week: weekdays, a local time, and the zone it is local to."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.domain.plain_text import shown
from bot.errors import CommandError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"(?P<hour>\d{1,2})(?:[:.h]?(?P<minute>\d{2}))?\s*(?P<half>[ap]\.?m\b\.?)?"
_FORM = re.compile(rf"(?P<days>\D*?)[\s,]*\b(?:at\s+)?{_TIME}(?:[\s,]+(?P<zone>[a-z].*))?", re.IGNORECASE)
_LONG = {day[:3]: day for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}
_SETS = {"weekday": WEEKDAYS[:5], "workday": WEEKDAYS[:5], "weekend": WEEKDAYS[5:], "daily": WEEKDAYS, "day": WEEKDAYS}
_FILLING = re.compile(r"\b(?:every|each|on|and)\b|[&+/]")
_RANGE = re.compile(r"\s*(?:[-\u2010-\u2015]|\bto\b|\bthrough\b)\s*")
_ABBREVIATED = {
    "America/Los_Angeles": ("PT", "PST", "PDT"),
    "America/Denver": ("MT", "MDT"),
    "America/Chicago": ("CT", "CST", "CDT"),
    "America/New_York": ("ET", "EDT"),
    "Europe/London": ("BST",),
    "Europe/Berlin": ("CEST", "MEZ", "MESZ"),
    "Asia/Kolkata": ("IST",),
    "Asia/Tokyo": ("JST",),
    "Australia/Sydney": ("AEST", "AEDT"),
}
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
    """The weekly time in `text`, such as `mon,thu 09:00 Europe/Berlin` or `Mon-Fri 9am europe/berlin`.

    Raises `CommandError` with what to write instead.
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"A weekly time is written like `{_EXAMPLE}`.")
    days = _days(match["days"].lower())
    at = _time(int(match["hour"]), int(match["minute"] or 0), (match["half"] or "")[:1].lower())
    if match["zone"] is None:
        raise CommandError(f"The time zone is missing: `{','.join(days)} {at:%H:%M} Europe/Berlin`.")
    return WeeklyTime(days, at, _zone(match["zone"]))


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
    """The weekdays in a list of days, of ranges such as `mon-fri`, and of words such as `weekdays`."""
    parts = re.split(r"[\s,]+", _RANGE.sub("-", _FILLING.sub(" ", text)).strip(" ,"))
    named = {day for part in parts for day in _range(*part.split("-", 1))}
    return tuple(day for day in WEEKDAYS if day in named)


def _range(first: str, last: str | None = None) -> Iterator[str]:
    """Every weekday from one to another, or those that one word names; a week goes on with Monday behind Sunday."""
    if last is None and first.removesuffix("s") in _SETS:
        yield from _SETS[first.removesuffix("s")]
        return
    start, end = WEEKDAYS.index(_day(first)), WEEKDAYS.index(_day(first if last is None else last))
    yield from (WEEKDAYS[number % 7] for number in range(start, end + 1 if end >= start else end + 8))


def _day(word: str) -> str:
    day = word.removesuffix("s")
    if len(day) < 3 or not _LONG.get(day[:3], "").startswith(day):
        raise CommandError(f"Weekdays are {', '.join(WEEKDAYS)}: `{_EXAMPLE}`.")
    return day[:3]


def _time(hour: int, minute: int, half: str) -> time:
    if half and not 1 <= hour <= 12:
        raise CommandError(f"With am or pm, an hour goes from 1 to 12: `{_EXAMPLE}`.")
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    if hour > 23 or minute > 59:
        raise CommandError(f"A time of day goes from 00:00 to 23:59: `{_EXAMPLE}`.")
    return time(hour, minute)


def _zone(typed: str) -> str:
    name = "_".join(typed.split())
    known = _zones()
    if name.lower() in known:
        return known[name.lower()]
    meant = next((zone for zone, short in _ABBREVIATED.items() if name.upper() in short), None)
    if meant is None:  # the zone of a city, or else the one with the most similar name
        of_city = sorted(
            zone for key, zone in known.items() if key.rpartition("/")[2] == name.lower().rpartition("/")[2]
        )
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
        meant = of_city[0] if of_city else known[near[0]] if near else None
    hint = f"Did you mean `{meant}`?" if meant else f"Use an IANA name: `{_EXAMPLE}`."
    raise CommandError(f"I don't know the time zone `{shown(typed)}`. {hint}")


@cache
def _zones() -> dict[str, str]:
    """Every zone of the IANA database, by its name in small letters."""
    return {zone.lower(): zone for zone in available_timezones()}
