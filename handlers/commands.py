"""`/assign-reviews`: understood, stored, and answered privately within Slack's 3 seconds."""

import logging
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App

from bot.domain.command import Command, HelpCommand, PlanCommand, QueueAct, QueueCommand, parsed
from bot.domain.options import COMMAND
from bot.domain.plan import Origin
from bot.domain.preferences import PersonalCommand, PersonalWord
from bot.errors import BotError, CommandError, NotAllowedError
from bot.messages.answers import problem, reading, twin
from bot.messages.blocks import Message
from bot.messages.help import help_message
from bot.messages.queues import queue_list, removed_queue, removing_queue
from bot.services.permissions import Permissions
from bot.services.planning import Asker, Planner
from bot.services.ports.slack import PrivateAnswers, ReplyTo
from bot.services.preferences import PreferenceKeeper
from bot.services.queue_forms import QueueForms
from bot.services.queues import QueueKeeper
from handlers.payloads import reply_to

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """Where commands are handed in: what each of them needs of the bot."""

    planner: Planner
    permissions: Permissions
    preferences: PreferenceKeeper
    queues: QueueKeeper
    forms: QueueForms
    answers: PrivateAnswers

    def plan(self, asked: PlanCommand, asker: Asker) -> Message:
        """Ask for a plan; the private answer."""
        self.permissions.require_channel(str(asker.channel))
        requested = self.planner.request(asked, asker)
        return reading(requested.plan) if requested.is_new else twin(requested.plan)

    def remove_queue(self, name: str, to: ReplyTo) -> None:
        """Remove a queue once Slack says that the person may; their private note then says so."""

        def removed() -> Message:
            try:
                self.permissions.require_admin(to.user)
                self.queues.remove(name, who=to.user)
            except BotError as error:
                return problem(error)
            return removed_queue(name)

        self.answers.run(lambda: self.answers.send(to, removed(), replace=True))


def register(app: App) -> None:
    """Listen to the slash command."""
    app.command(COMMAND)(assign_reviews)


def assign_reviews(ack: Ack, command: dict[str, Any], counter: Counter) -> None:
    """Store a plan to be read, then acknowledge: a command that is killed in between shows an error, never silence."""
    asked = None
    try:
        asked = parsed(str(command.get("text") or ""), counter.queues.names)
        answer = _answer(asked, command, counter)
    except (CommandError, NotAllowedError) as error:
        answer = problem(error)
    except BotError as error:
        log.warning("a command met a fault", extra={"error": str(error)}, exc_info=True)
        answer = problem(error)
    if answer is None:
        ack()
        return
    ack(text=answer.text, blocks=list(answer.blocks))
    to = reply_to(command)
    if isinstance(asked, PersonalCommand) and asked.word is PersonalWord.AWAY and to is not None:
        counter.preferences.note_absence(asked, to)
    if isinstance(asked, QueueCommand) and asked.act is QueueAct.REMOVE and to is not None:
        counter.remove_queue(asked.name, to)


def _answer(asked: Command, command: dict[str, Any], counter: Counter) -> Message | None:
    """The private answer; None where a form opens instead."""
    user = str(command["user_id"])
    match asked:
        case HelpCommand():
            return help_message()
        case PersonalCommand():
            return counter.preferences.carry_out(asked, user)
        case QueueCommand(QueueAct.REMOVE, name):
            return removing_queue(name)
        case QueueCommand(QueueAct.NEW | QueueAct.EDIT, name):
            counter.forms.open(str(command["trigger_id"]), user, name=name or None)
            return None
        case QueueCommand():
            return queue_list(counter.planner.default_queue, counter.queues.all())
        case PlanCommand():
            asker = Asker(Origin.COMMAND, user, str(command["channel_id"]), command.get("response_url"))
            return counter.plan(asked, asker)
