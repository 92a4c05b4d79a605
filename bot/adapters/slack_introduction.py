"""The introduction to Slack, at the start: whether it knows the bot, and lets it do what it is made for."""

import logging
import threading

from bot.adapters.slack_tokens import Identity, refusal
from bot.errors import SettingsError, SlackRejectedError, SlackUnavailableError
from bot.services.background import in_background

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0


class Introduction:
    """Asks Slack who the bot is.  An outage is waited for in the background, and the log tells of it."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._ended = threading.Event()

    def begin(self) -> None:
        """Ask once now; raises `SettingsError` where Slack refuses the bot's token."""
        pause = FIRST_PAUSE_SECONDS
        if not self._is_made(pause):
            in_background(lambda: self._insist(pause), name="introduction")

    def end(self) -> None:
        """Wait for nothing any more."""
        self._ended.set()

    def _insist(self, pause: float) -> None:
        while not self._ended.wait(pause):
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            try:
                if self._is_made(pause):
                    return
            except SettingsError as error:
                log.error("Slack cannot be used", extra={"error": str(error)})  # noqa: TRY400 - no bug of ours
                return

    def _is_made(self, pause: float) -> bool:
        try:
            self._identity.learn()
        except SlackUnavailableError as error:
            log.warning(
                "Slack does not say who the bot is", extra={"error": str(error), "asked_again_in_seconds": pause}
            )
            return False
        except SlackRejectedError as error:
            raise SettingsError([f"SLACK_BOT_TOKEN: {refusal(error)}"]) from error
        log.info("Slack knows the bot", extra={"as": self._identity.description})
        if self._identity.lacking:
            log.error("the Slack app lacks scopes", extra={"error": f"SLACK_BOT_TOKEN: {self._identity.lacking}"})
        return True
