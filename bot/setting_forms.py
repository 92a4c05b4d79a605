"""What single settings look like: each function reads one text, or raises `ValueError` or `CommandError`."""

import re
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from bot.domain.absence import emoji_name
from bot.domain.reviewer_names import NameKind, parsed_name
from bot.domain.typed import shown
from bot.errors import CommandError

NONE = "none"

_PERSON = re.compile(r"<?[@!]?(?:subteam\^)?([UWS][A-Z0-9]{2,})(?:\|[^>]*)?>?")
_CHANNEL = re.compile(r"<?#?([CDG][A-Z0-9]{2,})(?:\|[^>]*)?>?")
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


def prefixed(prefix: str) -> Callable[[str], str]:
    """A token that begins with `prefix`."""

    def parse(text: str) -> str:
        if not text.startswith(prefix):
            raise ValueError(f"it begins with {prefix}; this one does not.")
        return header_value(text)

    return parse


def header_value(text: str) -> str:
    """Text that can be sent in a header."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("it has a character that cannot be sent; copy it again.")
    return text


def url(text: str) -> str:
    """An address, without a slash at the end."""
    problem = ValueError("an address such as https://api.braintrust.dev, please.")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise problem from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise problem
    return text.rstrip("/")


def project_id(text: str) -> str:
    """A Braintrust project's id."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError("a project's id is a UUID, such as 2f6a1e04-7c55-4f0e-9a51-0c7cbe1a2b3c.") from None


def channel(text: str) -> str:
    """A Slack channel's id."""
    match = _CHANNEL.fullmatch(text)
    if match is None:
        raise ValueError("a Slack channel id such as C0123456789, please (channel details, at the very bottom).")
    return match[1]


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


def database_url(text: str) -> str:
    """The address of a database that the bot can use."""
    if not text.startswith(("sqlite:///", "postgres://", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("it begins with sqlite:///, postgres:// or postgresql://.")
    return text


def channels(text: str) -> frozenset[str]:
    """Ids of Slack channels."""
    return _ids(text, _CHANNEL, "channel")


def approvers(text: str) -> frozenset[str]:
    """Ids of Slack users and user groups."""
    return _ids(text, _PERSON, "user or user-group")


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


def _ids(text: str, form: re.Pattern[str], what: str) -> frozenset[str]:
    matches = [form.fullmatch(part.strip()) for part in text.split(",") if part.strip()]
    if None in matches or not matches:
        raise ValueError(f"Slack {what} ids, separated by commas, please.")
    return frozenset(match[1] for match in matches if match)
