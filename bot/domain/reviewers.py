"""Who the reviewers are that somebody named."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.model import Reviewer
from bot.domain.reviewer_names import is_user_id


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
    return tuple(User(name.lower(), unlisted_name(name)) for name in asked if is_user_id(name))


def unlisted_name(user_id: str) -> str:
    """What somebody is called whose name is not known."""
    return f"reviewer {user_id[:8].lower()}"


def _by_name(users: Iterable[User]) -> dict[str, dict[str, Reviewer]]:
    by_name: dict[str, dict[str, Reviewer]] = {}
    for user in users:
        for name in (user.id, user.email):
            if name:
                by_name.setdefault(name.strip().lower(), {})[user.id] = Reviewer(user.id, user.name)
    return by_name
