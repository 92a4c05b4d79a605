"""Who is meant by the names that people type: each person once, with a weight; and who is left out, and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain.accounts import Accounts, Exclusion
from bot.domain.model import LeftOut, Reviewer
from bot.domain.people import Group, Person
from bot.domain.reviewer_names import NameKind, ReviewerName, group_key
from bot.domain.reviewers import User

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
class Found:
    """A reviewer who was named."""

    reviewer_id: str
    name: str
    weight: int
    """0: named to get nothing."""
    slack_id: str | None


@dataclass(frozen=True, slots=True)
class Roster:
    """Whom the names lead to, in the order asked; the reasons are `Exclusion`s."""

    found: tuple[Found, ...]
    left_out: tuple[LeftOut, ...]
    disputed: tuple[tuple[Found, int], ...] = ()
    """Who was named again, under another name and with this other weight."""


def resolved(names: Iterable[ReviewerName], known: Known) -> Roster:
    """Everybody who is named, once: the first naming wins, but the weight of a person beats that of a group."""
    before = {slack_id: reviewer_id for reviewer_id, slack_id in known.accounts.items() if slack_id is not None}
    accounts = Accounts(users=known.users, people=known.people, mapped=before | dict(known.mapped))
    found: dict[str, Found] = {}
    left_out: dict[str, LeftOut] = {}
    named: set[str] = set()
    disputed: dict[str, int] = {}
    for name, kind, value in _singly(names, known, left_out):
        result = _reviewer(kind, value, accounts)
        if isinstance(result, Exclusion):
            left_out.setdefault(value, LeftOut(_shown(kind, value, accounts), result))
            continue
        found.setdefault(result.id, Found(result.id, result.name, name.weight, result.slack_id))
        if kind is not name.kind:  # as a member of a group
            continue
        if result.id not in named:
            named.add(result.id)
            found[result.id] = replace(found[result.id], weight=name.weight)
        elif name.weight != found[result.id].weight:
            disputed[result.id] = name.weight
    doubts = tuple((found[reviewer_id], weight) for reviewer_id, weight in disputed.items())
    return Roster(tuple(found.values()), tuple(left_out.values()), doubts)


def _singly(
    names: Iterable[ReviewerName], known: Known, left_out: dict[str, LeftOut]
) -> Iterator[tuple[ReviewerName, NameKind, str]]:
    """Every single person who is named, with the name and the kind of their own; groups without any are left out."""
    for name in names:
        kind = _MEMBERS.get(name.kind)
        members = _members(name, known)
        if isinstance(members, Exclusion):
            left_out.setdefault(name.text, LeftOut(_unweighted(name), members))
        else:
            yield from ((name, kind or name.kind, value) for value in members)


def _members(name: ReviewerName, known: Known) -> Sequence[str] | Exclusion:
    if name.kind not in _MEMBERS:
        return [name.value]
    is_slacks = name.kind is NameKind.USER_GROUP
    members = known.members.get(name.value) if is_slacks else _group_members(name.value, known.groups)
    if members is None:
        return Exclusion.UNREADABLE
    return members or Exclusion.EMPTY


def _group_members(name: str, groups: Sequence[Group] | None) -> Sequence[str] | Exclusion | None:
    if groups is None:
        return None
    found = [group for group in groups if group_key(group.name) == name]
    if len(found) != 1:
        return Exclusion.AMBIGUOUS if found else Exclusion.UNKNOWN
    return _within(found[0], {group.id: group for group in groups})


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


def _reviewer(kind: NameKind, value: str, accounts: Accounts) -> Reviewer | Exclusion:
    return accounts.person(value) if kind is NameKind.PERSON else accounts.user(value)


def _shown(kind: NameKind, value: str, accounts: Accounts) -> str:
    match kind:
        case NameKind.PERSON:
            return accounts.person_name(value)
        case NameKind.USER:
            return accounts.user_name(value)
    return value  # an e-mail, which somebody typed


def _unweighted(name: ReviewerName) -> str:
    return f"group:{name.value}" if name.kind is NameKind.GROUP else name.value
