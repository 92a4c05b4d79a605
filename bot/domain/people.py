"""People and groups as Slack and Braintrust list them, and which Braintrust user is which person in Slack.

Somebody who is not certain is left out with the reason; nobody is guessed.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from bot.domain.plan import Reviewer

_T = TypeVar("_T")


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
        self._people = None if people is None else {person.id.upper(): person for person in people}
        self._mapped = {key.lower(): target.lower() for key, target in mapped.items()}
        self._by_email = _listed((_lower(user.email), user) for user in (self._users or {}).values() if user.email)
        self._mapped_ids = _listed((target, key.upper()) for key, target in self._mapped.items() if "@" not in key)
        reachable = [person for person in (self._people or {}).values() if person.email and not person.is_bot]
        self._by_slack_email = _listed((_lower(person.email), person.id.upper()) for person in reachable)
        self._claims = _listed(
            (self._target(email), who)
            for email, ids in self._by_slack_email.items()
            for who in ids
            if who.lower() not in self._mapped
        )

    def user(self, name: str) -> Reviewer | Exclusion:
        """The reviewer with a Braintrust id or an e-mail, be it one that only Slack knows."""
        found = self._user(self._target(name.lower()))
        accounts = self._by_slack_email.get(name.lower(), [])
        if found in (Exclusion.UNKNOWN, Exclusion.UNLISTED) and len(accounts) == 1:
            return self.person(accounts[0])
        return self._reviewer(found)

    def person(self, slack_id: str) -> Reviewer | Exclusion:
        """The reviewer with a Slack account."""
        reviewer = self._reviewer(self._behind(slack_id))
        is_another_s = isinstance(reviewer, Reviewer) and reviewer.slack_id != slack_id  # by the map
        return Exclusion.AMBIGUOUS if is_another_s else reviewer

    def name(self, key: str) -> str:
        """What people may see of an id: the name or else the id, never an e-mail that nobody typed."""
        one = (self._users or {}).get(key) or (self._people or {}).get(key)
        return one.name if one is not None and one.name and "@" not in one.name else key

    def _target(self, name: str) -> str:
        """The Braintrust id or e-mail that an id or e-mail stands for."""
        return self._mapped.get(name, name)

    def _user(self, target: str) -> User | Exclusion:
        if is_user_id(target):
            unlisted = User(target, unlisted_name(target))
            return unlisted if self._users is None else self._users.get(target, Exclusion.UNKNOWN)
        if self._users is None:
            return Exclusion.UNLISTED
        found = self._by_email.get(target, [Exclusion.UNKNOWN])
        return found[0] if len(found) == 1 else Exclusion.AMBIGUOUS

    def _behind(self, slack_id: str) -> User | Exclusion:
        person, target = (self._people or {}).get(slack_id), self._mapped.get(slack_id.lower())
        if person is None and target is None:
            return Exclusion.NOT_ASKED if self._people is None else Exclusion.NOT_IN_SLACK
        if unfit := self._unfit(slack_id):
            return unfit
        email = _lower(person.email) if person is not None else ""
        return self._user(target or self._target(email)) if target or email else Exclusion.NO_EMAIL

    def _reviewer(self, user: User | Exclusion) -> Reviewer | Exclusion:
        if isinstance(user, Exclusion):
            return user
        if self._users is not None and not user.email:
            return Exclusion.SERVICE
        email = _lower(user.email)
        is_theirs = len(self._by_email.get(email, [])) == 1  # one that several share leads to none of them
        names = [user.id.lower(), *([email] if is_theirs else [])]
        mapped = [who for name in names for who in self._mapped_ids.get(name, [])]
        accounts = mapped or [who for name in names for who in self._claims.get(name, [])]
        fit = [slack_id for slack_id in accounts if not self._unfit(slack_id)]
        if len(fit) > 1:
            return Exclusion.AMBIGUOUS
        unfit = self._unfit(accounts[0]) if accounts and not fit else None
        return unfit or Reviewer(user.id, user.name, fit[0] if fit else None)

    def _unfit(self, slack_id: str) -> Exclusion | None:
        person = (self._people or {}).get(slack_id)
        if person is None:
            return None
        if person.deactivated:
            return Exclusion.DEACTIVATED
        return Exclusion.SERVICE if person.is_bot else None


def _listed(pairs: Iterable[tuple[str, _T]]) -> dict[str, list[_T]]:
    listed: dict[str, list[_T]] = {}
    for key, value in pairs:
        listed.setdefault(key, []).append(value)
    return listed


def _lower(email: str | None) -> str:
    return (email or "").strip().lower()
