"""The forms of single settings: each function reads one text, or raises `ValueError` that says what to write.

Ids are understood within links and mentions too, as Slack and Braintrust hand them out.
"""

import re
import uuid
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
_BEGINNINGS = {
    "xoxb-": "a bot token, which belongs in SLACK_BOT_TOKEN",
    "xapp-": "an app-level token, which belongs in SLACK_APP_TOKEN",
    "xoxp-": "a user token, which the bot has no use for",
    "xoxe.xoxb-": "a bot token that expires: switch token rotation off in the app, and install it again",
    "xoxe": "a token for app manifests or for renewing another one",
    "sk-ant-": "a key of Anthropic",
    "sk-proj-": "a key of OpenAI",
    "sk-": "an API key, such as BRAINTRUST_API_KEY wants",
    "Bearer ": "a whole header: write what stands behind `Bearer`",
}
_LINK = r"(?:https://[^\s/]+(?:/[^\s/]+)*/)?"
_PERSON = re.compile(rf"{_LINK}<?[@!]?(?:subteam\^)?([UWS][A-Z0-9]{{2,}})(?:\|[^>]*)?>?/?")
_CHANNEL = re.compile(rf"{_LINK}<?#?([CDG][A-Z0-9]{{2,}})(?:\|[^>]*)?>?/?(?:p\d+\S*)?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WHERE_CHANNELS = "a channel's id, such as C0123456789, stands at the very bottom of the channel's details in Slack."
_WHERE_PEOPLE = (
    "a person's id, such as U0123456789, is in their profile in Slack, under the three dots; a user group's begins "
    "with S."
)


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


def bot_token(text: str) -> str:
    """A bot token of Slack."""
    return _token(text, "xoxb-", "the bot token begins with xoxb- and stands under OAuth & Permissions.")


def app_token(text: str) -> str:
    """An app-level token of Slack."""
    return _token(text, "xapp-", "an app-level token begins with xapp- and is made under Basic Information.")


def signing_secret(text: str) -> str:
    """A signing secret of Slack, which has no certain form."""
    if text.startswith(("xox", "xapp-")):
        raise ValueError(f"{_known(text)}the signing secret stands under Basic Information, App Credentials.")
    return header_value(text)


def api_key(text: str) -> str:
    """An API key of Braintrust, which has no certain form."""
    wrong = ("xox", "xapp-", "sk-ant-", "sk-proj-", "Bearer ")
    if text.startswith(wrong):
        raise ValueError(f"{_known(text)}make a key in Braintrust under Settings, API keys.")
    if re.search(r"\s", text):
        raise ValueError("there is a space in it; copy it again.")
    return header_value(text)


def header_value(text: str) -> str:
    """Text that can be sent in a header."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("it has a character that cannot be sent; copy it again.")
    return text


def project_id(text: str) -> str:
    """A Braintrust project's id, alone or as the one UUID of a link."""
    is_link = "//" in text
    found = {match.lower() for match in _UUID.findall(text)} if is_link else {text}
    try:
        [project] = found
        return str(uuid.UUID(project))
    except ValueError:
        what = "this is a page's address" if is_link else f"`{shown(text)}` is no id"
    raise ValueError(
        f"{what}; a project's id is a UUID, such as 2f6a1e04-7c55-4f0e-9a51-0c7cbe1a2b3c: copy it from the project's "
        "Configuration page."
    )


def channel(text: str) -> str:
    """A Slack channel's id."""
    return _id(text, _CHANNEL, _WHERE_CHANNELS)


def channels(text: str) -> frozenset[str]:
    """Ids of Slack channels."""
    return frozenset(map(channel, _parts(text)))


def approvers(text: str) -> frozenset[str]:
    """Ids of Slack users and user groups."""
    return frozenset(_id(part, _PERSON, _WHERE_PEOPLE) for part in _parts(text))


def _token(text: str, prefix: str, otherwise: str) -> str:
    if not text.startswith(prefix):
        raise ValueError(_known(text) + otherwise)
    if re.search(r"\s", text):
        raise ValueError("there is a space in it; copy it again.")
    return header_value(text)


def _known(text: str) -> str:
    """What a token is by its beginning, as the first half of a sentence; nothing where nobody can say."""
    return next((f"this is {what}; " for start, what in _BEGINNINGS.items() if text.startswith(start)), "")


def _id(text: str, form: re.Pattern[str], where: str) -> str:
    match = form.fullmatch(text)
    if match is None:
        raise ValueError(f"`{shown(text)}` is no id; {where}")
    return match[1]


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
