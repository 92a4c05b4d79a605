"""The introduction to Slack, at the start: whether it knows the bot, and lets it do what it is made for."""

import logging

from bot.adapters.slack_tokens import Identity, refusal
from bot.domain.homes import Home
from bot.errors import SettingsError, SlackRejectedError

log = logging.getLogger(__name__)


def workspace(identity: Identity) -> Home | None:
    """Ask Slack where the bot is installed; None where that is not said.

    Raises `SettingsError` where Slack refuses the bot's token, else `SlackUnavailableError`.
    """
    try:
        home = identity.home()
    except SlackRejectedError as error:
        raise SettingsError([f"SLACK_BOT_TOKEN: {refusal(error)}"]) from error
    log.info("Slack knows the bot", extra={"as": identity.description})
    if identity.lacking:
        log.error("the Slack app lacks scopes", extra={"error": f"SLACK_BOT_TOKEN: {identity.lacking}"})
    return home
