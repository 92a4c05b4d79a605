"""Presses of the buttons."""

import logging
from typing import Any

from slack_bolt import Ack, App

from bot.messages.buttons import APPROVE, CANCEL, RETRY, STOP, UNDO, UNDO_CONFIRM, target
from bot.services.deciding import Deciding, Press
from handlers.reply_to import reply_to

log = logging.getLogger(__name__)


def register(app: App) -> None:
    """Listen to every button."""
    app.action(APPROVE)(approve)
    app.action(CANCEL)(cancel)
    app.action(STOP)(stop)
    app.action(RETRY)(retry)
    app.action(UNDO)(undo)
    app.action(UNDO_CONFIRM)(undo_confirm)


def approve(ack: Ack, body: dict[str, Any], deciding: Deciding) -> None:
    """Approve was pressed."""
    ack()
    if (press := _press(body)) is not None:
        deciding.approve(press)


def cancel(ack: Ack, body: dict[str, Any], deciding: Deciding) -> None:
    """Cancel was pressed."""
    ack()
    if (press := _press(body)) is not None:
        deciding.cancel(press)


def stop(ack: Ack, body: dict[str, Any], deciding: Deciding) -> None:
    """Stop was pressed."""
    ack()
    if (press := _press(body)) is not None:
        deciding.stop(press)


def retry(ack: Ack, body: dict[str, Any], deciding: Deciding) -> None:
    """Retry was pressed."""
    ack()
    if (press := _press(body)) is not None:
        deciding.retry(press)


def undo(ack: Ack, body: dict[str, Any], deciding: Deciding) -> None:
    """Undo was pressed: it tells what it would do, and does nothing yet."""
    ack()
    if (press := _press(body)) is not None:
        deciding.preview_undo(press)


def undo_confirm(ack: Ack, body: dict[str, Any], deciding: Deciding) -> None:
    """Take back was pressed."""
    ack()
    if (press := _press(body)) is not None:
        deciding.undo(press)


def _press(body: dict[str, Any]) -> Press | None:
    """The press in a payload; None when no button of ours sends such a value."""
    about = target(str(body["actions"][0].get("value") or ""))
    if about is None:
        log.warning("a button with a foreign value was pressed")
        return None
    to = reply_to(body)
    return None if to is None else Press(about, to)
