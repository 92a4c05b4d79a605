"""Presses of the buttons.  Listeners only acknowledge; the desk takes the press, and nobody waits for what it needs."""

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App

from bot.domain.command import PlanCommand
from bot.domain.plan import Origin
from bot.errors import BotError
from bot.messages.answers import BUSY, problem
from bot.messages.buttons import APPROVE, CANCEL, RETRY, RUN_QUEUE, STOP, UNDO, UNDO_CONFIRM, target
from bot.services.decisions import Decider, Press, close_duplicate
from bot.services.planning import Asker
from bot.services.ports.slack import PrivateAnswers
from bot.services.ports.store import SurfaceBook
from bot.services.threads import Errands
from handlers.commands import Counter
from handlers.errors import answer_error
from handlers.payloads import pressed_message, reply_to

log = logging.getLogger(__name__)

THREADS = 32  # they wait for Slack, which may take 15 s to say who somebody is
MOST_PRESSES = 500  # that wait for a thread
CLOSING_SECONDS = 5.0

Decision = Callable[[Decider, Press], None]
DECISIONS: dict[str, Decision] = {
    APPROVE: Decider.approve,
    CANCEL: Decider.cancel,
    STOP: Decider.stop,
    RETRY: Decider.retry,
    UNDO: Decider.preview_undo,
    UNDO_CONFIRM: Decider.undo,
}
"""What a press of each button does."""


class Desk:
    """Has presses carried out in threads of their own; where too many wait, the person is told."""

    def __init__(self, deciding: Decider, surfaces: SurfaceBook, answers: PrivateAnswers) -> None:
        self._deciding = deciding
        self._surfaces = surfaces
        self._answers = answers
        self._errands = Errands("press", threads=THREADS, most=MOST_PRESSES)

    def take(self, body: dict[str, Any], decide: Decision) -> None:
        """Have the press in a payload decided, soon."""
        press = _press(body)
        if press is None:
            return

        def carry_out() -> None:
            decide(self._deciding, press)
            close_duplicate(press, self._surfaces)

        def answer(error: BaseException) -> None:
            answer_error(error, body, self._answers)

        if not self._errands.take(carry_out, on_fault=answer):
            self._answers.send(press.reply_to, BUSY)

    def close(self) -> None:
        """Decide those that were acknowledged, and take no more."""
        self._errands.close(timeout_seconds=CLOSING_SECONDS)


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
    for action_id, decide in DECISIONS.items():
        app.action(action_id)(_listener(decide))
    app.action(RUN_QUEUE)(run_queue)


def run_queue(ack: Ack, body: dict[str, Any], counter: Counter) -> None:
    """Ask for a plan of the queue whose button was pressed, as the command does."""
    to = reply_to(body)
    if to is not None:
        asker = Asker(Origin.COMMAND, to.user, to.channel, to.response_url)
        try:
            answer = counter.plan(PlanCommand(queue=str(body["actions"][0].get("value"))), asker)
        except BotError as error:
            answer = problem(error)
        counter.answers.send(to, answer)
    ack()


def _listener(decide: Decision) -> Callable[[Ack, dict[str, Any], Desk], None]:
    def press(ack: Ack, body: dict[str, Any], desk: Desk) -> None:
        ack()
        desk.take(body, decide)

    return press
