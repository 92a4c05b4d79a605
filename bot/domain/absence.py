"""Absence of people.  Neither presence nor Do Not Disturb is absence: people sleep, and have meetings."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.people import Person
from bot.domain.working_hours import zone

LONG = timedelta(hours=30)
"""A quarter of a working week: a status that ends sooner keeps nobody from reviewing in time."""

_DEFAULT_EMOJI = frozenset(
    {
        "palm_tree",
        "beach_with_umbrella",
        "umbrella_on_ground",
        "desert_island",
        "face_with_thermometer",
        "thermometer",
        "no_entry",
    }
)
_DEFAULT_WORDS = ("OOO", "OOTO", "PTO", "out of office", "on leave", "parental leave", "vacation", "holiday", "sick")


@dataclass(frozen=True, slots=True)
class AwayRules:
    """What in a Slack status says that somebody is away."""

    emoji: frozenset[str] = _DEFAULT_EMOJI
    """Names as `emoji_name` gives them."""
    words: tuple[str, ...] = _DEFAULT_WORDS
    """Words and phrases that count where they stand as whole words, in any letter case."""


USUAL_SIGNS = AwayRules()
"""What counts unless the settings say otherwise."""


def absence(person: Person, *, now: datetime, rules: AwayRules, away_until: date | None) -> str | None:
    """Why a person is away, in words that others may read; None when they are not.

    What they wrote in their status is never repeated.  `away_until` is what they told the bot themself: the first day
    on which they take rows again.
    """
    if away_until is not None and now.astimezone(zone(person.time_zone)).date() < away_until:
        year = "" if away_until.year == now.year else f" {away_until.year}"
        return f"away until {away_until.day} {away_until:%B}{year}"
    said = _spaced(person.status_text)
    says_away = emoji_name(person.status_emoji) in rules.emoji or any(
        re.search(rf"(?<!\w){re.escape(_spaced(words))}(?!\w)", said) for words in rules.words if words
    )
    lasts = person.status_until is None or person.status_until - now > LONG
    if says_away and lasts:
        return "Slack status: away"
    return "Slack account deactivated" if person.deactivated else None


def emoji_name(text: str) -> str:
    """The name of an emoji, however it is written: `:palm_tree:`, `palm_tree`, `:nurse::skin-tone-3:`."""
    return next((part for part in map(str.strip, text.split(":")) if part), "").lower()


def _spaced(text: str) -> str:
    """`text` with single spaces, also where there were hyphens, in small letters."""
    return re.sub(r"[\s\-\u2010\u2011_]+", " ", text).strip().lower()
