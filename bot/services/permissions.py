"""Who may do what, decided at the moment of the press or of the reading."""

from bot.domain.model import Plan
from bot.errors import NotAllowedError
from bot.messages.text import mention
from bot.services.people_ports import Directory
from bot.services.ports import Channel
from bot.settings import PolicySettings


class Permissions:
    """The rules of the settings, applied to people as Slack knows them now."""

    def __init__(self, policy: PolicySettings, directory: Directory) -> None:
        self._policy = policy
        self._directory = directory

    def require_channel(self, channel: str) -> None:
        """Raise `NotAllowedError` where the command may not be used."""
        if self._policy.allowed_channels and channel not in self._policy.allowed_channels:
            allowed = ", ".join(f"<#{name}>" for name in sorted(self._policy.allowed_channels))
            raise NotAllowedError(f"The command cannot be used here. Use it in {allowed}.")

    def require_unshared(self, channel: Channel) -> None:
        """Raise `NotAllowedError` in a channel with another organisation, unless the operator named it."""
        if channel.is_shared and channel.id not in self._policy.allowed_channels:
            raise NotAllowedError(
                "This channel is shared with another organisation. Use another one, "
                f"or ask the bot's operator to name `{channel.id}` in ALLOWED_CHANNELS."
            )

    def require_requester(self, user: str) -> None:
        """Raise `NotAllowedError` for guests and people of other organisations whom the operator did not name."""
        if self._directory.is_outsider(user) and not self._is_named(user):
            raise NotAllowedError(
                "Guests and people from other organisations cannot ask for a plan. Let somebody else ask, "
                "or ask the bot's operator to name you in APPROVERS."
            )

    def to_approve(self, plan: Plan, user: str) -> str | None:
        """Why `user` may not approve `plan`; None when they may."""
        if self._policy.four_eyes and user == plan.request.requested_by:
            return f"You asked for it, so somebody else has to approve it. {self._who_may()}"
        return None if self._is_approver(user) else self._who_may()

    def to_end(self, plan: Plan, user: str) -> str | None:
        """Why `user` may not cancel or stop `plan`; None when they may.  The requester always may."""
        if user == plan.request.requested_by or self._is_approver(user):
            return None
        asked = mention(plan.request.requested_by) + " or an approver" if plan.request.requested_by else "An approver"
        return f"{asked} may end it. {self._who_may()}"

    def to_undo(self, plan: Plan, user: str) -> str | None:
        """Why `user` may not have the rows of `plan` taken back; None when they may."""
        if user in (plan.request.requested_by, plan.decided_by) or self._is_named(user):
            return None
        return "The person who asked for it, the one who approved it, and the APPROVERS may have it taken back."

    def _is_approver(self, user: str) -> bool:
        return self._is_named(user) if self._policy.approvers else not self._directory.is_outsider(user)

    def _is_named(self, user: str) -> bool:
        groups = [name for name in self._policy.approvers if name.startswith("S")]
        return user in self._policy.approvers or any(user in self._directory.group_members(name) for name in groups)

    def _who_may(self) -> str:
        if not self._policy.approvers:
            return "Guests and people from other organisations cannot approve; everybody else in the channel can."
        names = [
            f"<!subteam^{name}>" if name.startswith("S") else mention(name) for name in sorted(self._policy.approvers)
        ]
        return f"Approvers are {', '.join(names)}."
