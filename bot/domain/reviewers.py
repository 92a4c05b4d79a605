"""Who the reviewers are that somebody named."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.model import Reviewer


@dataclass(frozen=True, slots=True)
class User:
    """A Braintrust user, as the directory lists them."""

    id: str
    name: str
    email: str | None = None


def matched(asked: Iterable[str], users: Sequence[User]) -> tuple[tuple[Reviewer, ...], tuple[str, ...]]:
    """The reviewers behind ids and e-mails, each person once, in the order asked; and the names nobody answers to.

    Letter case does not count.  An e-mail that several users share names nobody: nothing is guessed.
    """
    found: dict[str, Reviewer] = {}
    unknown: list[str] = []
    by_name = _by_name(users)
    for name in asked:
        people = by_name.get(name.strip().lower(), {})
        if len(people) == 1:
            found |= people
        else:
            unknown.append(name)
    return tuple(found.values()), tuple(unknown)


def unlisted(asked: Iterable[str]) -> tuple[User, ...]:
    """Users for the ids in `asked`, for when the directory may not be read: their names are not known."""
    return tuple(User(name.lower(), f"reviewer {name[:8].lower()}") for name in asked if _is_id(name))


def _by_name(users: Iterable[User]) -> dict[str, dict[str, Reviewer]]:
    by_name: dict[str, dict[str, Reviewer]] = {}
    for user in users:
        for name in (user.id, user.email):
            if name:
                by_name.setdefault(name.strip().lower(), {})[user.id] = Reviewer(user.id, user.name)
    return by_name


def _is_id(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name.lower()  # other spellings are read too, but are nobody's id
    except ValueError:
        return False
