"""Presses of the buttons.  Listeners only acknowledge; the desk takes the press, and nobody waits for what it needs."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt import Ack, App

from bot.messages.answers import BUSY
from bot.messages.buttons import APPROVE, CANCEL, RETRY, STOP, UNDO, UNDO_CONFIRM, target
from bot.services.decisions import Decider, Press, close_duplicate
from bot.services.ports.slack import PrivateAnswers
from bot.services.ports.store import SurfaceBook
from bot.services.threads import Errands
from handlers.errors import answer_error
from handlers.payloads import pressed_message, reply_to

log = logging.getLogger(__name__)

THREADS = 32  # they wait for Slack, which may take 15 s to say who somebody is
MOST_PRESSES = 500  # that wait for a thread
CLOSING_SECONDS = 5.0


class Desk:
    """Has presses carried out in threads of their own; where too many wait, the person is told."""

    def __init__(self, deciding: Decider, surfaces: SurfaceBook, answers: PrivateAnswers) -> None:
        self._deciding = deciding
        self._surfaces = surfaces
        self._answers = answers
        self._errands = Errands("press", threads=THREADS, most=MOST_PRESSES)

    def take(self, body: dict[str, Any], decide: Callable[[Decider, Press], None]) -> None:
        """Have the press in a payload decided, soon."""
        press = _press(body)
        if press is None:
            return

        def answer(error: BaseException) -> None:
            answer_error(error, body, self._answers)

        if not self._errands.take(partial(self._carry_out, press, decide), on_fault=answer):
            self._answers.send(press.reply_to, BUSY)

    def close(self) -> None:
        """Decide those that were acknowledged, and take no more."""
        self._errands.close(timeout_seconds=CLOSING_SECONDS)

    def _carry_out(self, press: Press, decide: Callable[[Decider, Press], None]) -> None:
        decide(self._deciding, press)
        close_duplicate(press, self._surfaces)


def _press(body: dict[str, Any]) -> Press | None:
    """The press in a payload; None when no button of ours sends such a value."""
    about = target(str(body["actions"][0].get("value") or ""))
    if about is None:
        log.warning("a button with a foreign value was pressed")
        return None
    to = reply_to(body)
    return None if to is None else Press(about, to, pressed_message(body))


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
