"""Faults that no listener foresaw: logged with a reference, and told to the person who acted."""

import logging
import uuid
from typing import Any

from slack_bolt import App, BoltResponse
from slack_bolt.error import BoltUnhandledRequestError

from bot.errors import BotError
from bot.messages.answers import failure, problem
from bot.services.ports.slack import PrivateAnswers
from handlers.payloads import reply_to

log = logging.getLogger(__name__)


def register(app: App) -> None:
    """Catch what listeners raise."""
    app.error(answer_error)


def answer_error(error: BaseException, body: dict[str, Any], private_answers: PrivateAnswers) -> BoltResponse:
    """A calm sentence for the person, whatever happened; then 200, because Slack repeats nothing anyway."""
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("Slack sent something that the bot does not listen to", extra={"type": body.get("type")})
        return BoltResponse(status=404, body="")
    if isinstance(error, BotError):
        log.warning("a listener met a fault", extra={"error": str(error)}, exc_info=error)
        message = problem(error)
    else:
        reference = uuid.uuid4().hex[:8]
        log.error("a listener failed", extra={"reference": reference}, exc_info=error)
        message = failure(reference)
    to = reply_to(body)
    if to is not None:
        private_answers.send(to, message)
    return BoltResponse(status=200, body="")
