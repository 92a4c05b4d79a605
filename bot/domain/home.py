"""The homes of a database: the one Slack workspace and the one Braintrust organisation that it belongs to."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.unseen import visible

_MAX_NAME = 80


class HomeKind(StrEnum):
    """What a home is."""

    WORKSPACE = "workspace"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Home:
    """A workspace or an organisation; the id says which one it is, the name is for people."""

    kind: HomeKind
    id: str
    name: str

    def __str__(self) -> str:
        """The name as it can be shown, and the id."""
        return f"{visible(self.name[:_MAX_NAME])} ({self.id})"


_WORDS = {
    HomeKind.WORKSPACE: ("Slack workspace", "SLACK_BOT_TOKEN is of"),
    HomeKind.ORGANISATION: ("Braintrust organisation", "BRAINTRUST_API_KEY reaches the project of"),
}


def refusal(kept: Home, found: Home) -> str | None:
    """Why the database of `kept` is not used for `found`; None where they are the same."""
    if kept.id == found.id:
        return None
    what, setting = _WORDS[kept.kind]
    return (
        f"DATABASE_URL: the database belongs to the {what} {kept}, and {setting} {found}. "
        f"Name another database, or correct the setting."
    )
