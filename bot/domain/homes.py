"""Homes of a bot and of its database: the one Slack workspace and the one Braintrust organisation they belong to."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.plain_text import visible

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


@dataclass(frozen=True, slots=True)
class Installation:
    """In one workspace (`team`), or in all of an `enterprise`; None is what Slack did not say."""

    app: str | None = None
    team: str | None = None
    enterprise: str | None = None
    is_for_enterprise: bool = False

    def may_be(self, told: "Installation") -> bool:
        """Whether what was sent for `told` may be for this one: Slack leaves out a lot, and that speaks for nobody.

        In an enterprise people act from all its workspaces, so an installation in all of them is known by it alone.
        """
        if self.is_for_enterprise:
            is_other = _differ(self.enterprise, told.enterprise)
        elif told.is_for_enterprise and self.team is not None and told.enterprise is not None:
            is_other = told.enterprise != self.enterprise
        else:
            is_other = _differ(self.team, told.team) or _differ(self.enterprise, told.enterprise)
        return not (is_other or _differ(self.app, told.app))


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
