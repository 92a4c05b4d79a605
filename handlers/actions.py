"""Presses of the buttons."""

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.messages.buttons import APPROVE, CANCEL, RETRY, STOP, UNDO, UNDO_CONFIRM, target
from bot.services.copies import Copies
from bot.services.deciding import Deciding, Press
from handlers.reply_to import pressed_message, reply_to

log = logging.getLogger(__name__)


def register(app: App) -> None:
    """Listen to every button."""
    app.action(APPROVE)(approve)
    app.action(CANCEL)(cancel)
    app.action(STOP)(stop)
    app.action(RETRY)(retry)
    app.action(UNDO)(undo)
    app.action(UNDO_CONFIRM)(undo_confirm)


def approve(ack: Ack, body: dict[str, Any], deciding: Deciding, copies: Copies) -> None:
    """Approve was pressed."""
    ack()
    _carry_out(body, deciding.approve, copies)


def cancel(ack: Ack, body: dict[str, Any], deciding: Deciding, copies: Copies) -> None:
    """Cancel was pressed."""
    ack()
    _carry_out(body, deciding.cancel, copies)


def stop(ack: Ack, body: dict[str, Any], deciding: Deciding, copies: Copies) -> None:
    """Stop was pressed."""
    ack()
    _carry_out(body, deciding.stop, copies)


def retry(ack: Ack, body: dict[str, Any], deciding: Deciding, copies: Copies) -> None:
    """Retry was pressed."""
    ack()
    _carry_out(body, deciding.retry, copies)


def undo(ack: Ack, body: dict[str, Any], deciding: Deciding, copies: Copies) -> None:
    """Undo was pressed: it tells what it would do, and does nothing yet."""
    ack()
    _carry_out(body, deciding.preview_undo, copies)


def undo_confirm(ack: Ack, body: dict[str, Any], deciding: Deciding, copies: Copies) -> None:
    """Take back was pressed."""
    ack()
    _carry_out(body, deciding.undo, copies)


def _carry_out(body: dict[str, Any], decide: Callable[[Press], None], copies: Copies) -> None:
    if (press := _press(body)) is not None:
        decide(press)
        copies.close(press)


def _press(body: dict[str, Any]) -> Press | None:
    """The press in a payload; None when no button of ours sends such a value."""
    about = target(str(body["actions"][0].get("value") or ""))
    if about is None:
        log.warning("a button with a foreign value was pressed")
        return None
    to = reply_to(body)
    return None if to is None else Press(about, to, pressed_message(body))
