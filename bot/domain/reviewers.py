"""Braintrust's users, among whom the reviewers are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """A Braintrust user, as the directory lists them."""

    id: str
    name: str
    email: str | None = None


def unlisted_name(user_id: str) -> str:
    """What somebody is called whose name is not known."""
    return f"reviewer {user_id[:8].lower()}"
