"""`/assign-reviews`: understood, stored, and answered privately within Slack's 3 seconds."""

import logging
from typing import Any

from slack_bolt import Ack, App

from bot.domain.command import HelpCommand, PlanCommand, parsed
from bot.domain.options import COMMAND
from bot.domain.plan import Origin
from bot.domain.preferences import PersonalCommand, PersonalWord
from bot.errors import BotError, CommandError, NotAllowedError
from bot.messages.answers import problem, reading, twin
from bot.messages.blocks import Message
from bot.messages.help import help_message
from bot.services.permissions import Permissions
from bot.services.planning import Asker, Planner
from bot.services.preferences import PreferenceKeeper
from handlers.payloads import reply_to

log = logging.getLogger(__name__)


def register(app: App) -> None:
    """Listen to the slash command."""
    app.command(COMMAND)(assign_reviews)


def assign_reviews(
    ack: Ack, command: dict[str, Any], planner: Planner, permissions: Permissions, preferences: PreferenceKeeper
) -> None:
    """Store a plan to be read, then acknowledge: a command that is killed in between shows an error, never silence."""
    asked = None
    try:
        asked = parsed(str(command.get("text") or ""))
        answer = _answer(asked, command, planner, permissions, preferences)
    except (CommandError, NotAllowedError) as error:
        answer = problem(error)
    except BotError as error:
        log.warning("a command met a fault", extra={"error": str(error)}, exc_info=True)
        answer = problem(error)
    ack(text=answer.text, blocks=list(answer.blocks))
    to = reply_to(command)
    if isinstance(asked, PersonalCommand) and asked.word is PersonalWord.AWAY and to is not None:
        preferences.note_absence(asked, to)


def _answer(
    asked: HelpCommand | PlanCommand | PersonalCommand,
    command: dict[str, Any],
    planner: Planner,
    permissions: Permissions,
    preferences: PreferenceKeeper,
) -> Message:
    if isinstance(asked, HelpCommand):
        return help_message()
    if not isinstance(asked, PlanCommand):
        return preferences.carry_out(asked, str(command["user_id"]))
    channel = str(command["channel_id"])
    permissions.require_channel(channel)
    asker = Asker(Origin.COMMAND, str(command["user_id"]), channel, command.get("response_url"))
    requested = planner.request(asked, asker)
    return reading(requested.plan) if requested.is_new else twin(requested.plan)
