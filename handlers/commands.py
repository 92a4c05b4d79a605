"""`/assign-reviews`: understood, stored, and answered privately within Slack's 3 seconds."""

import logging
from dataclasses import dataclass
from typing import Any

from slack_bolt import Ack, App

from bot.domain.command import Command, HelpCommand, PlanCommand, QueueAct, QueueCommand, parsed
from bot.domain.options import COMMAND
from bot.domain.plan import Origin
from bot.domain.preferences import PersonalCommand, PersonalWord
from bot.domain.schedule import ScheduleAct, ScheduleCommand
from bot.errors import BotError, CommandError, NotAllowedError
from bot.messages.answers import problem, reading, twin
from bot.messages.blocks import Message
from bot.messages.help import help_message
from bot.messages.queues import queue_list, removed_queue, removing_queue
from bot.messages.schedules import LOOKING
from bot.services.permissions import Permissions
from bot.services.planning import Asker, Planner
from bot.services.ports.slack import PrivateAnswers, ReplyTo
from bot.services.preferences import PreferenceKeeper
from bot.services.queue_forms import QueueForms
from bot.services.queues import QueueKeeper
from bot.services.schedules import ScheduleKeeper
from handlers.payloads import reply_to

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Counter:
    """Where commands are handed in: what each of them needs of the bot."""

    planner: Planner
    permissions: Permissions
    preferences: PreferenceKeeper
    queues: QueueKeeper
    schedules: ScheduleKeeper
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
                ended = self.schedules.ending_with(name)
                self.queues.remove(name, who=to.user)
            except BotError as error:
                return problem(error)
            return removed_queue(name, schedules=ended)

        self.answers.run(lambda: self.answers.send(to, removed(), replace=True))

    def run_schedule(self, schedule_id: str, asker: Asker) -> Message:
        """Ask for the plan of a schedule now; the private answer."""
        queue = self.schedules.to_run(schedule_id, str(asker.channel))
        return self.plan(PlanCommand(queue), asker)

    def about_schedules(self, asked: ScheduleCommand, to: ReplyTo) -> None:
        """Show or change schedules once Slack says who the person is; their private note then says what became."""

        def answer() -> Message:
            try:
                return self.schedules.carry_out(asked, to)
            except BotError as error:
                return problem(error)

        self.answers.run(lambda: self.answers.send(to, answer(), replace=True))


def register(app: App) -> None:
    """Listen to the slash command."""
    app.command(COMMAND)(assign_reviews)


def assign_reviews(ack: Ack, command: dict[str, Any], counter: Counter, queue_forms: QueueForms) -> None:
    """Store a plan to be read, then acknowledge: a command that is killed in between shows an error, never silence."""
    asked = None
    try:
        asked = parsed(str(command.get("text") or ""), counter.queues.names)
        answer = _answer(asked, command, counter, queue_forms)
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
    if isinstance(asked, ScheduleCommand) and asked.act is not ScheduleAct.RUN and to is not None:
        counter.about_schedules(asked, to)


def _answer(asked: Command, command: dict[str, Any], counter: Counter, queue_forms: QueueForms) -> Message | None:
    """The private answer; None where a form opens instead."""
    user = str(command["user_id"])
    match asked:
        case HelpCommand():
            return help_message()
        case PersonalCommand():
            return counter.preferences.carry_out(asked, user)
        case QueueCommand(QueueAct.NEW | QueueAct.EDIT, name):
            queue_forms.open(str(command["trigger_id"]), user, name=name or None, to=reply_to(command))
            return None
        case QueueCommand():
            return _about_queues(asked, counter)
        case ScheduleCommand(ScheduleAct.RUN, schedule_id):
            return counter.run_schedule(schedule_id, _asker(command))
        case ScheduleCommand():
            return LOOKING
        case PlanCommand():
            return counter.plan(asked, _asker(command))


def _about_queues(asked: QueueCommand, counter: Counter) -> Message:
    if asked.act is QueueAct.REMOVE:
        return removing_queue(asked.name)
    return queue_list(counter.planner.default_queue, counter.queues.all())


def _asker(command: dict[str, Any]) -> Asker:
    return Asker(Origin.COMMAND, str(command["user_id"]), str(command["channel_id"]), command.get("response_url"))
