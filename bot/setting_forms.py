"""What single settings look like: each function reads one text, or raises `ValueError` or `CommandError`."""

import re
from collections.abc import Callable

from bot.domain.absence import emoji_name
from bot.domain.options import valid_reviewers
from bot.domain.plain_text import shown
from bot.domain.reading import is_quotable
from bot.domain.reviewers import NameKind, parsed_name
from bot.errors import CommandError

NONE = "none"

_BETWEEN_EMAILS = re.compile(r"(?<=[^\s;,])\s*[;\s]\s*(?=[^\s,;@]+@)")
_EMOJI = re.compile(r"[\w+'-]+")
_IN_SLACK = (NameKind.PERSON, NameKind.EMAIL)
_IN_BRAINTRUST = (NameKind.USER, NameKind.EMAIL)


def number(least: int, most: int) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"a whole number from {least:,} to {most:,}, please.")
        return int(text)

    return parse


def statuses(text: str) -> tuple[str, ...]:
    """Review statuses, separated by commas, in capitals."""
    words = tuple(dict.fromkeys(word.strip().upper() for word in text.split(",") if word.strip()))
    if not words or not all(is_quotable(word) for word in words):
        raise ValueError("review statuses, separated by commas, please: `PENDING,BACKLOG`.")
    return words


def yes_or_no(text: str) -> bool:
    """A yes or no, in any of the usual words."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("true or false, please.")
    return words[text.lower()]


def one_of(*words: str) -> Callable[[str], str]:
    """One of `words`, in any letter case."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"one of {', '.join(words)}, please.")
        return text.lower()

    return parse


def reviewer_map(text: str) -> dict[str, str]:
    """Braintrust ids or e-mails by Slack ids or e-mails, all in small letters."""
    targets: dict[str, str] = {}
    for pair in _parts(text):
        key, _, target = pair.partition("=")
        who = _name(key, pair, _IN_SLACK).lower()
        if who in targets:
            raise ValueError(f"`{shown(key)}` stands there twice.")
        targets[who] = _name(target, pair, _IN_BRAINTRUST)
    return targets


def reviewers(text: str) -> tuple[str, ...]:
    """Names of reviewers; between e-mails, a semicolon or a space is understood as the comma that it should be."""
    try:
        return valid_reviewers(_BETWEEN_EMAILS.sub(",", text))
    except CommandError as error:
        raise ValueError(str(error).replace("`reviewers=", "`REVIEWERS=")) from error


def away_emoji(text: str) -> frozenset[str]:
    """Names of emoji; nothing for `none`."""
    names = [emoji_name(part) for part in _parts(text)]
    if not all(map(_EMOJI.fullmatch, names)):
        raise ValueError("names of emoji, separated by commas, please, such as :palm_tree:, or none.")
    return frozenset() if names == [NONE] else frozenset(names)


def away_words(text: str) -> tuple[str, ...]:
    """Words and phrases; nothing for `none`."""
    words = [" ".join(part.split()) for part in _parts(text)]
    if not all(re.search(r"\w", word) for word in words):
        raise ValueError("words or phrases, separated by commas, please, such as OOO, on leave, or none.")
    return () if [word.lower() for word in words] == [NONE] else tuple(words)


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError("there is nothing between the commas.")
    return parts


def _name(text: str, pair: str, kinds: tuple[NameKind, ...]) -> str:
    try:
        name = parsed_name(text)
    except CommandError:
        name = None
    if name is None or name.kind not in kinds or name.weight != 1:
        raise ValueError(
            f"`{shown(pair)}` is no Slack id or e-mail, `=`, and a Braintrust id or e-mail: `U0123456=ana@example.com`."
        )
    return name.value
