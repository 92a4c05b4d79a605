"""Preferences of people, as they type them after `/assign-reviews`: no messages, no rows for a while."""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from bot.domain.plain_text import shown
from bot.errors import CommandError

MAX_AWAY = timedelta(days=365)
_DAY = timedelta(days=1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIKE_A_DATE = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?![0-9])")
_SPAN = re.compile(r"(?:(?P<count>[0-9]{1,3})\s*|next\s+|a\s+)(?P<unit>day|week)")
_WEEKDAYS = [name.lower() for name in calendar.day_name]
_MONTHS = [name.lower() for name in calendar.month_name]
_DOTTED = re.compile(r"(?<![0-9])(?P<day>[0-9]{1,2})\.\s?(?P<month>[0-9]{1,2})(?:\.\s?(?P<year>[0-9]{4})?|(?![0-9]))")


@dataclass(frozen=True, slots=True)
class Preference:
    """What one person wants."""

    muted: bool = False
    away_until: date | None = None
    """The first day on which they take rows again."""


class PersonalWord(StrEnum):
    """What people can say about themselves."""

    MUTE = "mute"
    """They want no direct messages about rows."""
    UNMUTE = "unmute"
    AWAY = "away"
    """They take no rows until a day."""
    BACK = "back"


WORDS = tuple(PersonalWord)


@dataclass(frozen=True, slots=True)
class PersonalCommand:
    """The person says something about themselves."""

    word: PersonalWord
    until: str = ""
    """The day on which somebody takes rows again, as it was typed; `valid_until` reads it."""


def personal(word: PersonalWord, rest: Sequence[str]) -> PersonalCommand:
    """The command that begins with `word`; raises `CommandError`."""
    if rest and word is not PersonalWord.AWAY:
        raise CommandError(f"`{word}` stands alone: `/assign-reviews {word}`.")
    return PersonalCommand(word, " ".join(rest))


def valid_until(typed: str, *, today: date, form: str = "away") -> date:
    """The day in `typed`, later than `today` and within a year.

    Raises `CommandError` with the nearest valid command: the day stands behind its `form`.
    """
    day = _written(_DATE.fullmatch(typed.strip()) and _LIKE_A_DATE.fullmatch(typed.strip()), today)
    valid = min(max(day or _meant(typed, today), today + _DAY), today + MAX_AWAY)
    nearest = f"`/assign-reviews {form} {valid}`"
    if not typed.strip():
        raise CommandError(f"Say until when: {nearest}.")
    if day is None:
        raise CommandError(f"I don't understand `{shown(typed)}` as a date. Did you mean {nearest}?")
    if not today < day <= today + MAX_AWAY:
        raise CommandError(f"The day has to come, and within a year: {nearest}.")
    return day


def _meant(typed: str, today: date) -> date:
    """The day that somebody may have meant; tomorrow where nothing looks like one."""
    readings = (
        _written(_LIKE_A_DATE.search(typed), today),
        _written(_DOTTED.search(typed), today),
        _in_words(typed.lower(), today),
    )
    if day := next((day for day in readings if day is not None), None):
        return day
    if span := _SPAN.search(typed.lower()):  # from today: `2 weeks`, `next week`
        count = int(span["count"]) if span["count"] else 1
        return today + timedelta(days=min(count, MAX_AWAY.days) * (7 if span["unit"] == "week" else 1))
    return today + _DAY


def _in_words(typed: str, today: date) -> date | None:
    """The next such day: `monday`, `24 dec`, `January 4`."""
    words = re.findall(r"[a-z]+|[0-9]+", typed)
    for place, word in enumerate(words):
        if (weekday := _number(word, _WEEKDAYS)) is not None:
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
        if (month := _number(word, _MONTHS)) is not None:
            beside = next((int(one) for one in words[max(place - 1, 0) : place + 2] if one.isdigit()), 1)
            return _such_day(None, month, beside, today)
    return None


def _number(word: str, names: Sequence[str]) -> int | None:
    """Which of these names begins with the three letters or more of a word."""
    return next((number for number, name in enumerate(names) if len(word) >= 3 and name.startswith(word)), None)


def _written(match: re.Match[str] | None, today: date) -> date | None:
    """The day of a match; None where there is no such day."""
    if match is None:
        return None
    return _such_day(int(match["year"]) if match["year"] else None, int(match["month"]), int(match["day"]), today)


def _such_day(year: int | None, month: int, day: int, today: date) -> date | None:
    """That day; without a year, the next such day; None where there is none."""
    try:
        found = date(today.year if year is None else year, month, day)
        return found if year is not None or found > today else found.replace(year=found.year + 1)
    except ValueError:
        return None
