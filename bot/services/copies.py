"""Copies of a plan's messages: Slack took one, and its answer was lost; a press tells the bot of it."""

import logging

from bot.errors import StoreError
from bot.services.deciding import Press
from bot.services.slack_ports import Surfaces

log = logging.getLogger(__name__)


class Copies:
    """Has a message closed that is none of those the plan is known to have, so that its buttons go."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces

    def close(self, press: Press) -> None:
        """Note the message of a press, where nobody knew of it; raises nothing."""
        channel, ts = press.reply_to.channel, press.message_ts
        if channel is None or ts is None or press.reply_to.is_private:
            return
        try:
            if self._surfaces.note_copy(press.target.plan_id, channel=channel, ts=ts):
                log.warning("a second message of a plan was found", extra={"plan": press.target.plan_id, "ts": ts})
        except StoreError as error:
            log.warning("a second message of a plan is not closed", extra={"error": str(error)})
