"""The way into a plan's channel: looked at before anything is read."""

from bot.domain.model import Origin, Plan
from bot.services.permissions import Permissions
from bot.services.slack_ports import Slack


class Entrance:
    """Lets plans in that may be asked for by this person and in this channel, and that can be posted there."""

    def __init__(self, slack: Slack, permissions: Permissions) -> None:
        self._slack = slack
        self._permissions = permissions

    def enter(self, plan: Plan) -> None:
        """Make the bot a member; raises `NotAllowedError` or `SlackRejectedError` with a sentence that says what to do.

        Raises `SlackUnavailableError` while Slack does not say who asks, or who would see the plan.
        """
        request = plan.request
        if request.requested_by is not None:
            self._permissions.require_requester(request.requested_by)
        self._permissions.require_decidable(plan)
        if request.channel is not None:
            channel = self._slack.channel(request.channel)
            if request.origin is Origin.COMMAND:  # that of a weekly plan was chosen by the operator
                self._permissions.require_unshared(channel)
            self._slack.join(channel)
