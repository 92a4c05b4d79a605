"""The forms of tokens and ids in the settings: each function reads one text, or raises `ValueError` with what to write.

Ids are understood where they stand in a link or a mention too, as Slack and Braintrust hand them out.
"""

import re
import uuid
from collections.abc import Callable

from bot.domain.plain_text import shown

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
    return _each(text, channel)


def approvers(text: str) -> frozenset[str]:
    """Ids of Slack users and user groups."""
    return _each(text, lambda part: _id(part, _PERSON, _WHERE_PEOPLE))


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


def _each(text: str, read: Callable[[str], str]) -> frozenset[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ValueError("there is nothing between the commas.")
    return frozenset(read(part) for part in parts)
