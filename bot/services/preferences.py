"""Preferences as people state them: whether they are told about their rows, and until when they take none."""

import logging
from datetime import date, timedelta

from bot.domain.preferences import PersonalCommand, PersonalWord, valid_until
from bot.domain.working_hours import zone
from bot.errors import BotError, SlackError
from bot.messages import answers
from bot.messages.blocks import Message
from bot.services.ports.people import PreferenceBook, TimeZones
from bot.services.ports.slack import PrivateAnswers, ReplyTo
from bot.services.ports.work import Clock

log = logging.getLogger(__name__)

WEST_OF_ALL = timedelta(hours=-12)
"""Where a day begins last: what has begun there has begun everywhere."""


class PreferenceKeeper:
    """Stores what somebody says, for the person who says it alone."""

    def __init__(
        self, *, preferences: PreferenceBook, time_zones: TimeZones, private_answers: PrivateAnswers, clock: Clock
    ) -> None:
        self._preferences = preferences
        self._time_zones = time_zones
        self._answers = private_answers
        self._clock = clock

    def carry_out(self, command: PersonalCommand, user: str) -> Message:
        """Do what was asked for; the private answer.  An absence is only announced: `note_absence` does the rest."""
        match command.word:
            case PersonalWord.MUTE | PersonalWord.UNMUTE:
                muted = command.word is PersonalWord.MUTE
                self._preferences.set_muted(user, muted=muted)
                return answers.MUTED if muted else answers.UNMUTED
            case PersonalWord.AWAY:
                return answers.NOTING_ABSENCE
            case PersonalWord.BACK:
                self._preferences.set_away(user, until=None)
                return answers.BACK

    def note_absence(self, command: PersonalCommand, reply_to: ReplyTo) -> None:
        """Store, soon, until when somebody is away by the date where they are; their private note then says so."""
        self._answers.run(lambda: self._answers.send(reply_to, self._absence(command, reply_to.user), replace=True))

    def _absence(self, command: PersonalCommand, user: str) -> Message:
        try:
            day = valid_until(command.until, today=self._today(user))
            self._preferences.set_away(user, until=day)
        except BotError as error:
            return answers.problem(error)
        return answers.away(day)

    def _today(self, user: str) -> date:
        """The date where somebody is; while Slack does not tell where, no day is refused that may be to come."""
        now = self._clock()
        try:
            name = self._time_zones.time_zone(user)
        except SlackError as error:
            log.warning("a time zone is not known", extra={"user": user, "cause": type(error).__name__})
            name = None
        return now.astimezone(zone(name)).date() if name else (now + WEST_OF_ALL).date()
