"""The installation of the app: the one the bot is, and the one that Slack sends something for."""

from dataclasses import dataclass


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
