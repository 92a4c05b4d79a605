"""Presses of the buttons."""

from typing import Any

from slack_bolt import Ack, App

from bot.messages.buttons import APPROVE, CANCEL, RETRY, STOP, UNDO, UNDO_CONFIRM
from bot.services.decisions import Decider
from handlers.desk import Desk


def register(app: App) -> None:
    """Listen to every button."""
    app.action(APPROVE)(approve)
    app.action(CANCEL)(cancel)
    app.action(STOP)(stop)
    app.action(RETRY)(retry)
    app.action(UNDO)(undo)
    app.action(UNDO_CONFIRM)(undo_confirm)


def approve(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
    """Approve was pressed."""
    ack()
    desk.take(body, Decider.approve)


def cancel(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
    """Cancel was pressed."""
    ack()
    desk.take(body, Decider.cancel)


def stop(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
    """Stop was pressed."""
    ack()
    desk.take(body, Decider.stop)


def retry(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
    """Retry was pressed."""
    ack()
    desk.take(body, Decider.retry)


def undo(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
    """Undo was pressed: it tells what it would do, and does nothing yet."""
    ack()
    desk.take(body, Decider.preview_undo)


def undo_confirm(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
    """Take back was pressed."""
    ack()
    desk.take(body, Decider.undo)
