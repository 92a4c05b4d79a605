"""People and groups as Slack and Braintrust list them, and which Braintrust user is which person in Slack.

Somebody who is not certain is left out with the reason; nobody is guessed.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.model import Reviewer


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a Slack account, or an app's account."""

    id: str
    name: str
    """What Slack shows of them, never an e-mail."""
    email: str | None = None
    deactivated: bool = False
    is_bot: bool = False
    status_emoji: str = ""
    status_text: str = ""
    status_until: datetime | None = None
    """None: until they clear it."""
    time_zone: str = "UTC"
    """An IANA name, as Slack has it."""


@dataclass(frozen=True, slots=True)
class Group:
    """A Braintrust group: its own users, and the groups within it."""

    id: str
    name: str
    user_ids: tuple[str, ...] = ()
    group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """A Braintrust user, as the directory lists them."""

    id: str
    name: str
    email: str | None = None


def unlisted_name(user_id: str) -> str:
    """What somebody is called whose name is not known."""
    return f"reviewer {user_id[:8].lower()}"


def is_user_id(name: str) -> bool:
    """Whether `name` is written as Braintrust writes a user's id, in any letter case."""
    try:
        return str(uuid.UUID(name)) == name.lower()  # other spellings are read too, but are nobody's id
    except ValueError:
        return False


class Exclusion(StrEnum):
    """Why somebody who was named gets nothing, in words that follow "because"."""

    UNKNOWN = "Braintrust does not know them"
    NOT_IN_SLACK = "Slack does not know them"
    AMBIGUOUS = "several share this name or e-mail"
    DEACTIVATED = "their Slack account is deactivated"
    SERVICE = "they are service accounts"
    NO_EMAIL = "Slack shows no e-mail of theirs"
    NOT_ASKED = "Slack could not be asked"
    UNLISTED = "Braintrust does not let the bot list users"
    UNREADABLE = "the group cannot be read"
    EMPTY = "nobody is in the group"


class Accounts:
    """Everybody in Braintrust and in Slack, by each of their names.  Letter case does not count.

    `users` is None where Braintrust's directory may not be read: then ids stand for themselves.  `people` is None where
    Slack cannot be asked.  `mapped` has Braintrust ids or e-mails by Slack ids or e-mails, and overrides the rest.
    """

    def __init__(
        self, *, users: Sequence[User] | None, people: Sequence[Person] | None, mapped: Mapping[str, str]
    ) -> None:
        self._users = None if users is None else {user.id.lower(): user for user in users}
        self._by_email = _by_email(users or ())
        self._people = None if people is None else {person.id.upper(): person for person in people}
        self._mapped = {key.lower(): target.lower() for key, target in mapped.items()}
        self._mapped_ids = _listed((target, key.upper()) for key, target in self._mapped.items() if "@" not in key)
        self._by_slack_email = _listed((_lower(person.email), person.id.upper()) for person in self._reachable())
        self._claims = _listed(
            (self._target(email), who)
            for email, ids in self._by_slack_email.items()
            for who in ids
            if who.lower() not in self._mapped
        )

    def user(self, name: str) -> Reviewer | Exclusion:
        """The reviewer with a Braintrust id or an e-mail, be it one that only Slack knows."""
        found = self._user(self._target(name.lower()))
        accounts = self._by_slack_email.get(name.lower(), ())
        if found in (Exclusion.UNKNOWN, Exclusion.UNLISTED) and len(accounts) == 1:
            return self.person(accounts[0])
        return found if isinstance(found, Exclusion) else self._reviewer(found)

    def person(self, slack_id: str) -> Reviewer | Exclusion:
        """The reviewer with a Slack account."""
        found = self._behind(slack_id)
        reviewer = found if isinstance(found, Exclusion) else self._reviewer(found)
        if isinstance(reviewer, Reviewer) and reviewer.slack_id != slack_id:
            return Exclusion.AMBIGUOUS  # by the map, somebody else in Slack is this reviewer
        return reviewer

    def user_name(self, user_id: str) -> str:
        """What people may see of a Braintrust user: the name, or else the id."""
        user = (self._users or {}).get(user_id)
        return user.name if user is not None and "@" not in user.name else user_id

    def person_name(self, slack_id: str) -> str:
        """What people may see of a Slack account: the name or else the id, never an e-mail that nobody typed."""
        person = (self._people or {}).get(slack_id)
        return person.name if person is not None and person.name and "@" not in person.name else slack_id

    def _reachable(self) -> Iterable[Person]:
        return [person for person in (self._people or {}).values() if person.email and not person.is_bot]

    def _target(self, name: str) -> str:
        """The Braintrust id or e-mail that an id or e-mail stands for."""
        return self._mapped.get(name, name)

    def _user(self, target: str) -> User | Exclusion:
        if is_user_id(target):
            unlisted = User(target, unlisted_name(target))
            return unlisted if self._users is None else self._users.get(target, Exclusion.UNKNOWN)
        if self._users is None:
            return Exclusion.UNLISTED
        found = self._by_email.get(target, {})
        return Exclusion.AMBIGUOUS if len(found) > 1 else next(iter(found.values()), Exclusion.UNKNOWN)

    def _behind(self, slack_id: str) -> User | Exclusion:
        target = self._mapped.get(slack_id.lower())
        person = (self._people or {}).get(slack_id)
        if target is not None:
            return self._unfit(slack_id) or self._user(target)
        if person is None:
            return Exclusion.NOT_ASKED if self._people is None else Exclusion.NOT_IN_SLACK
        if unfit := self._unfit(slack_id):
            return unfit
        return self._user(self._target(_lower(person.email))) if person.email else Exclusion.NO_EMAIL

    def _reviewer(self, user: User) -> Reviewer | Exclusion:
        if self._users is not None and not user.email:
            return Exclusion.SERVICE
        accounts = self._accounts(user)
        fit = [slack_id for slack_id in accounts if not self._unfit(slack_id)]
        if len(fit) > 1:
            return Exclusion.AMBIGUOUS
        unfit = self._unfit(accounts[0]) if accounts and not fit else None
        return unfit or Reviewer(user.id, user.name, fit[0] if fit else None)

    def _accounts(self, user: User) -> Sequence[str]:
        email = _lower(user.email)
        is_theirs = len(self._by_email.get(email, ())) == 1  # one that several share leads to none of them
        names = [user.id.lower(), *([email] if is_theirs else [])]
        mapped = [who for name in names for who in self._mapped_ids.get(name, ())]
        return mapped or [who for name in names for who in self._claims.get(name, ())]

    def _unfit(self, slack_id: str) -> Exclusion | None:
        person = (self._people or {}).get(slack_id)
        if person is None:
            return None
        if person.deactivated:
            return Exclusion.DEACTIVATED
        return Exclusion.SERVICE if person.is_bot else None


def _by_email(users: Iterable[User]) -> Mapping[str, Mapping[str, User]]:
    by_email: dict[str, dict[str, User]] = {}
    for user in users:
        if user.email:
            by_email.setdefault(_lower(user.email), {})[user.id] = user
    return by_email


def _listed(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for key, value in pairs:
        listed.setdefault(key, []).append(value)
    return listed


def _lower(email: str | None) -> str:
    return (email or "").strip().lower()
