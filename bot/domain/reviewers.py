"""Reviewers by the names that people type: each person once, with a weight; the others are left out with the reason."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.domain.people import Accounts, Exclusion, Group, Person, User, is_user_id
from bot.domain.plain_text import quoted, shown
from bot.domain.plan import LeftOut, Reviewer
from bot.errors import CommandError

MAX_WEIGHT = 100
MAX_CAP = 1_000_000
MAX_NAME_LENGTH = 255
_MENTION = re.compile(r"<(?:@(?=[UW])|!subteam\^(?=S))([A-Z0-9]{2,})(?:\|[^<>]*)?>", re.IGNORECASE)
# Without brackets a word might be a name: an id has a digit in second place, as Slack's have today, or is long.
_BARE = re.compile(r"@?([UWS](?:[0-9][A-Z0-9]+|(?=[A-Z]*[0-9])[A-Z0-9]{8,}))", re.IGNORECASE)
_EMAIL = re.compile(r"""[^\s@<>()\[\]\\,;:"|`]+@[^\s@<>()\[\]\\,;:"'|`]+""")
_GROUP = re.compile(r"group:(.*)", re.IGNORECASE)
_WEIGHTED = re.compile(r"(.*):([^:<>]*)")
_WEIGHTED_GROUP = re.compile(r"(.*):\s*([-+.0-9]+)")
_CAPPED = re.compile(r"(.*?)\s*(?:<=|\u2264)\s*([^<>@]*)")


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
    cap: int | None = None
    """How many open rows each of them may have in all."""

    @property
    def text(self) -> str:
        """The name in its normal form, which `parsed_name` reads again."""
        text = f"group:{self.value}" if self.kind is NameKind.GROUP else self.value
        could_be_weighted = self.kind is NameKind.GROUP and _WEIGHTED_GROUP.fullmatch(self.value)
        weighted = f"{text}:{self.weight}" if self.weight != 1 or could_be_weighted else text
        return weighted if self.cap is None else f"{weighted}<={self.cap}"


def parsed_name(text: str) -> ReviewerName:
    """The name in `text`, perhaps with a weight (`:2`) and a cap (`<=40`) behind it.

    Raises `CommandError` with the nearest valid form.
    """
    typed = " ".join(text.split())
    if capped := _CAPPED.fullmatch(typed):
        return replace(parsed_name(capped[1]), cap=_cap(capped[2], typed))
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


_MEMBERS = {NameKind.USER_GROUP: NameKind.PERSON, NameKind.GROUP: NameKind.USER}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of people when names are resolved."""

    users: Sequence[User] | None
    """Braintrust's users; None where they may not be listed: then ids stand for themselves."""
    groups: Sequence[Group] | None = None
    """Braintrust's groups; None where they cannot be read."""
    people: Sequence[Person] | None = None
    """Slack's people; None where Slack cannot be asked."""
    members: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    """The Slack ids in each Slack user group that is named; None, or no entry, where it cannot be read."""
    accounts: Mapping[str, str | None] = field(default_factory=dict)
    """The Slack ids of reviewers, by theirs in Braintrust, as they were found before; None: they have no account."""
    mapped: Mapping[str, str] = field(default_factory=dict)
    """Braintrust ids or e-mails by Slack ids or e-mails: overrides everything else."""


@dataclass(frozen=True, slots=True)
class Member:
    """A reviewer who takes part, or was named to."""

    reviewer: Reviewer
    weight: int = 1
    """0: named to get nothing."""
    open_rows: int | None = None
    """None where nobody could say."""
    cap: int | None = None
    """How many open rows they may have in all, where that was said of them."""
    room: int | None = None
    """How many more rows they can be given; None: any number."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody who takes part, in the order in which they were named, and who does not; the reasons are `Exclusion`s,
    or say why somebody is away.
    """

    members: tuple[Member, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def resolved(names: Iterable[ReviewerName], known: Known) -> Staff:
    """Everybody who is named, once: the first naming wins, but that of a person beats that of a group."""
    before = {slack_id: reviewer_id for reviewer_id, slack_id in known.accounts.items() if slack_id is not None}
    accounts = Accounts(users=known.users, people=known.people, mapped=before | dict(known.mapped))
    found: dict[str, Member] = {}
    left_out: dict[str, LeftOut] = {}
    themselves: dict[str, ReviewerName] = {}
    disputed: dict[str, ReviewerName] = {}
    for name in names:
        kind, people = _MEMBERS.get(name.kind, name.kind), _people_behind(name, known)
        if isinstance(people, Exclusion):
            shown = f"group:{name.value}" if name.kind is NameKind.GROUP else name.value
            left_out.setdefault(name.text, LeftOut(shown, people))
            continue
        for value in people:
            result = accounts.person(value) if kind is NameKind.PERSON else accounts.user(value)
            if isinstance(result, Exclusion):
                left_out.setdefault(value, LeftOut(accounts.name(value), result))
                continue
            found.setdefault(result.id, Member(result, name.weight, cap=name.cap))
            if kind is name.kind and _terms(themselves.setdefault(result.id, name)) != _terms(name):
                disputed[result.id] = name
    doubts = tuple(
        f"{quoted(found[one].reviewer.name)} is named with {_terms(themselves[one])} and with {_terms(other)}: "
        f"{_terms(themselves[one])} counts."
        for one, other in disputed.items()
    )
    for reviewer_id, name in themselves.items():
        found[reviewer_id] = replace(found[reviewer_id], weight=name.weight, cap=name.cap)
    return Staff(tuple(found.values()), tuple(left_out.values()), doubts)


def _terms(name: ReviewerName) -> str:
    """The weight and the cap behind a name, in words."""
    cap = "" if name.cap is None else f" and at most {name.cap:,} open rows"
    return f"the weight {name.weight}{cap}"


def _cap(digits: str, typed: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", digits) or not 1 <= int(digits) <= MAX_CAP:
        raise CommandError(
            f"The cap in `{shown(typed)}` is no whole number from 1 to {MAX_CAP:,}: `reviewers=ana@example.com<=40`."
        )
    return int(digits)


def _group(rest: str, typed: str) -> ReviewerName:
    name, weight = _split(rest, _WEIGHTED_GROUP)
    value = group_key(name)
    if not value or not value.isprintable() or len(value) > MAX_NAME_LENGTH:
        raise CommandError(f"`{shown(typed)}` names no Braintrust group: `reviewers=group:Support`.")
    return ReviewerName(NameKind.GROUP, value, weight)


def _split(text: str, form: re.Pattern[str]) -> tuple[str, int]:
    """The name in `text`, and the weight behind it."""
    match = form.fullmatch(text)
    if match is None:
        return text, 1
    digits = match[2].strip()
    if not re.fullmatch(r"[0-9]{1,3}", digits) or int(digits) > MAX_WEIGHT:
        raise CommandError(
            f"The weight in `{shown(text)}` is no whole number from 0 to {MAX_WEIGHT}: "
            "`reviewers=ana@example.com:2,ben@example.com`."
        )
    return match[1].strip(), int(digits)


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


def _people_behind(name: ReviewerName, known: Known) -> Sequence[str] | Exclusion:
    """The ids or e-mails of the single people whom a name means."""
    members: Sequence[str] | None = None
    match name.kind:
        case NameKind.USER_GROUP:
            members = known.members.get(name.value)
        case NameKind.GROUP if known.groups is not None:
            found = [group for group in known.groups if group_key(group.name) == name.value]
            if len(found) != 1:
                return Exclusion.AMBIGUOUS if found else Exclusion.UNKNOWN
            members = _within(found[0], {group.id: group for group in known.groups})
        case NameKind.USER | NameKind.EMAIL | NameKind.PERSON:
            members = [name.value]
    return Exclusion.UNREADABLE if members is None else members or Exclusion.EMPTY


def _within(outermost: Group, groups: Mapping[str, Group]) -> Sequence[str]:
    """The users of a group and of all groups within it, each once; groups may contain each other."""
    seen: set[str] = set()
    users: dict[str, None] = {}
    waiting = [outermost]
    while waiting:
        group = waiting.pop()
        if group.id not in seen:
            seen.add(group.id)
            users |= dict.fromkeys(user_id.lower() for user_id in group.user_ids)
            waiting += [groups[inner] for inner in reversed(group.group_ids) if inner in groups]
    return list(users)
