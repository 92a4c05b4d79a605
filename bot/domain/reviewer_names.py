"""The names that reviewers and groups of reviewers go by, and the weights behind them."""

import re
import uuid
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.typed import shown
from bot.errors import CommandError

MAX_WEIGHT = 100
MAX_NAME_LENGTH = 255

_MENTION = re.compile(r"<(?:@(?=[UW])|!subteam\^(?=S))([A-Z0-9]{2,})(?:\|[^<>]*)?>", re.IGNORECASE)
# Without brackets a word might be a name: an id has a digit in second place, as Slack's have today, or is long.
_BARE = re.compile(r"@?([UWS](?:[0-9][A-Z0-9]+|(?=[A-Z]*[0-9])[A-Z0-9]{8,}))", re.IGNORECASE)
_EMAIL = re.compile(r"""[^\s@<>()\[\]\\,;:"|`]+@[^\s@<>()\[\]\\,;:"'|`]+""")
_GROUP = re.compile(r"group:(.*)", re.IGNORECASE)
_WEIGHTED = re.compile(r"(.*):([^:<>]*)")
_WEIGHTED_GROUP = re.compile(r"(.*):\s*([-+.0-9]+)")


class NameKind(StrEnum):
    """What sort of name it is."""

    USER = "user"
    """A Braintrust user's id."""
    EMAIL = "email"
    PERSON = "person"
    """A Slack account's id."""
    USER_GROUP = "user group"
    """A Slack user group's id."""
    GROUP = "group"
    """A Braintrust group's name."""


@dataclass(frozen=True, slots=True)
class ReviewerName:
    """One person or group, as they were named; equal for whatever letter case was typed."""

    kind: NameKind
    value: str
    weight: int = 1
    """How many times the share of somebody with weight 1 they get; 0: nothing."""

    @property
    def text(self) -> str:
        """The name in its normal form, which `parsed_name` reads again."""
        text = f"group:{self.value}" if self.kind is NameKind.GROUP else self.value
        could_be_weighted = self.kind is NameKind.GROUP and _WEIGHTED_GROUP.fullmatch(self.value)
        return f"{text}:{self.weight}" if self.weight != 1 or could_be_weighted else text


def parsed_name(text: str) -> ReviewerName:
    """The name in `text`, perhaps with `:N` behind it; raises `CommandError` with the nearest valid form."""
    typed = " ".join(text.split())
    if group := _GROUP.fullmatch(typed):
        return _group(group[1], typed)
    name, weight = _split(typed, _WEIGHTED)
    if match := _MENTION.fullmatch(name) or _BARE.fullmatch(name):
        slack_id = match[1].upper()
        return ReviewerName(NameKind.USER_GROUP if slack_id[0] == "S" else NameKind.PERSON, slack_id, weight)
    if is_user_id(name):
        return ReviewerName(NameKind.USER, name.lower(), weight)
    address = name.replace("\u2019", "'")  # phones bend the apostrophe
    if _EMAIL.fullmatch(address) and address.isprintable() and len(address) <= MAX_NAME_LENGTH:
        return ReviewerName(NameKind.EMAIL, address.lower(), weight)
    raise _not_understood(name)


def group_key(name: str) -> str:
    """A Braintrust group's name as it is compared: letter case, spaces around and quotes around do not count."""
    return " ".join(name.split()).strip("\"' ").lower()


def is_user_id(name: str) -> bool:
    """Whether `name` is written as Braintrust writes a user's id, in any letter case."""
    try:
        return str(uuid.UUID(name)) == name.lower()  # other spellings are read too, but are nobody's id
    except ValueError:
        return False


def _group(rest: str, typed: str) -> ReviewerName:
    name, weight = _split(rest, _WEIGHTED_GROUP)
    value = group_key(name)
    if not value or not value.isprintable() or len(value) > MAX_NAME_LENGTH:
        raise CommandError(f"`{shown(typed)}` names no Braintrust group: `reviewers=group:Support`.")
    return ReviewerName(NameKind.GROUP, value, weight)


def _split(text: str, form: re.Pattern[str]) -> tuple[str, int]:
    match = form.fullmatch(text)
    return (match[1].strip(), _weight(match[2].strip(), text)) if match else (text, 1)


def _weight(digits: str, typed: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", digits) or int(digits) > MAX_WEIGHT:
        raise CommandError(
            f"The weight in `{shown(typed)}` is no whole number from 0 to {MAX_WEIGHT}: "
            "`reviewers=ana@example.com:2,ben@example.com`."
        )
    return int(digits)


def _not_understood(name: str) -> CommandError:
    if name.startswith("@"):
        return CommandError(
            f"`{shown(name)}` alone does not say who that is. Pick the person from the list that Slack shows while you "
            "type, so that Slack sends the id, or name an e-mail: `reviewers=ana@example.com`."
        )
    return CommandError(
        f"I don't know whom `{shown(name)}` means. Name a Braintrust user id or e-mail, a person or user group picked "
        "from Slack's list, or a Braintrust group: `reviewers=ana@example.com,group:Support`."
    )
