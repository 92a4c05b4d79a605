"""People and groups as Slack and Braintrust list them."""

from dataclasses import dataclass
from datetime import datetime


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
