"""The way into a plan's channel: looked at before anything is read."""

import logging

from bot.domain.model import Origin, Plan
from bot.errors import SlackUnavailableError
from bot.services.permissions import Permissions
from bot.services.ports import Slack

log = logging.getLogger(__name__)


class Entrance:
    """Lets plans in that may be asked for by this person and in this channel, and that can be posted there."""

    def __init__(self, slack: Slack, permissions: Permissions) -> None:
        self._slack = slack
        self._permissions = permissions

    def enter(self, plan: Plan) -> None:
        """Make the bot a member; raises `NotAllowedError` or `SlackRejectedError` with a sentence that says what to do.

        Raises `SlackUnavailableError` while nobody can say who asks.
        """
        request = plan.request
        if request.requested_by is not None:
            self._permissions.require_requester(request.requested_by)
        if request.channel is not None:
            self._enter(plan, request.channel)

    def _enter(self, plan: Plan, channel: str) -> None:
        try:
            known = self._slack.channel(channel)
            if plan.request.origin is Origin.COMMAND:  # that of a weekly plan was chosen by the operator
                self._permissions.require_unshared(known)
            self._slack.join(known)
        except SlackUnavailableError:
            log.warning("Slack did not say whether the bot is in the channel", extra={"plan": plan.id})
