"""What people type after `/assign-reviews` about themselves: no messages, no rows for a while."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from bot.domain.typed import shown
from bot.errors import CommandError

MAX_AWAY = timedelta(days=365)

_DAY = timedelta(days=1)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIKE_A_DATE = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?![0-9])")
_DOTTED = re.compile(r"(?<![0-9])(?P<day>[0-9]{1,2})\.\s?(?P<month>[0-9]{1,2})(?:\.\s?(?P<year>[0-9]{4})?|(?![0-9]))")


@dataclass(frozen=True, slots=True)
class MuteCommand:
    """The person wants no direct messages about rows, or wants them again."""

    muted: bool


@dataclass(frozen=True, slots=True)
class AwayCommand:
    """The person takes no rows until a day, as it was typed; `valid_away` reads it."""

    until: str


@dataclass(frozen=True, slots=True)
class BackCommand:
    """The person takes rows again."""


PersonalCommand: TypeAlias = MuteCommand | AwayCommand | BackCommand

AWAY = "away"
WORDS: dict[str, PersonalCommand] = {
    "mute": MuteCommand(muted=True),
    "unmute": MuteCommand(muted=False),
    AWAY: AwayCommand(""),
    "back": BackCommand(),
}


def personal(word: str, rest: Sequence[str]) -> PersonalCommand:
    """The command that begins with `word`, one of `WORDS`; raises `CommandError`."""
    if word == AWAY:
        return AwayCommand(" ".join(rest))
    if rest:
        raise CommandError(f"`{word}` stands alone: `/assign-reviews {word}`.")
    return WORDS[word]


def valid_away(typed: str, *, today: date) -> date:
    """The day in `typed`, later than `today` and within a year; raises `CommandError` with the nearest valid form."""
    day = _written(_DATE.fullmatch(typed.strip()) and _LIKE_A_DATE.fullmatch(typed.strip()), today)
    nearest = f"`/assign-reviews away {_nearest(day or _meant(typed, today), today)}`"
    if not typed.strip():
        raise CommandError(f"Say until when: {nearest}.")
    if day is None:
        raise CommandError(f"I don't understand `{shown(typed)}` as a date. Did you mean {nearest}?")
    if not today < day <= today + MAX_AWAY:
        raise CommandError(f"The day has to come, and within a year: {nearest}.")
    return day


def _meant(typed: str, today: date) -> date:
    """The day that somebody may have meant; tomorrow where nothing looks like one."""
    return _written(_LIKE_A_DATE.search(typed), today) or _written(_DOTTED.search(typed), today) or today + _DAY


def _written(match: re.Match[str] | None, today: date) -> date | None:
    """The day of a match; without a year, the next such day; None where there is no such day."""
    if match is None:
        return None
    try:
        day = date(int(match["year"] or today.year), int(match["month"]), int(match["day"]))
        return day if match["year"] or day > today else day.replace(year=day.year + 1)
    except ValueError:
        return None


def _nearest(day: date, today: date) -> date:
    return min(max(day, today + _DAY), today + MAX_AWAY)
