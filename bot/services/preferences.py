"""What people say about themselves: whether they are told about their rows, and until when they take none."""

from bot.domain.personal import AwayCommand, BackCommand, MuteCommand, PersonalCommand, valid_away
from bot.messages import answers
from bot.messages.message import Message
from bot.services.people_ports import Preferences
from bot.services.ports import Clock


class Preferring:
    """Stores what somebody says, for the person who says it alone."""

    def __init__(self, *, preferences: Preferences, clock: Clock) -> None:
        self._preferences = preferences
        self._clock = clock

    def carry_out(self, command: PersonalCommand, user: str) -> Message:
        """Do what was asked for; the private answer; raises `CommandError` for a date that does not do."""
        match command:
            case MuteCommand(muted):
                self._preferences.set_muted(user, muted=muted)
                return answers.muted() if muted else answers.unmuted()
            case AwayCommand(until):
                day = valid_away(until, today=self._clock().date())
                self._preferences.set_away(user, until=day)
                return answers.away(day)
            case BackCommand():
                self._preferences.set_away(user, until=None)
                return answers.back()
