"""Ports to the stored schedules: for those who change them, and for the timetable that fires them."""

from datetime import datetime
from typing import Protocol

from bot.domain.plan import Plan
from bot.domain.schedule import Schedule
from bot.services.ports.people import TimeZones
from bot.services.ports.slack import Channel


class ScheduleBook(Protocol):
    """The schedules, as people see and change them."""

    def all(self) -> tuple[Schedule, ...]:
        """Every schedule, by queue."""

    def get(self, schedule_id: str) -> Schedule | None:
        """The schedule of this id, as it is now."""

    def add(self, schedule: Schedule) -> bool:
        """Store a new one; False where the id is taken, or there is one of the same queue, channel and time."""

    def change(self, before: Schedule, after: Schedule, *, now: datetime) -> bool:
        """Pause or resume; False where it fired, or somebody changed it, since `before` was read.

        Where `after` says what troubles it, somebody is told from `now` on.
        """

    def remove(self, schedule_id: str) -> bool:
        """Forget a schedule; its plans stay.  False where there is none."""


class FiringBook(Protocol):
    """The schedules, as they are fired."""

    def sync(self, wanted: Schedule | None) -> None:
        """Make the stored schedule of the settings this one; None removes it.  An unchanged time stays as it is."""

    def due(self, *, now: datetime) -> tuple[Schedule, ...]:
        """Every schedule whose next time has come."""

    def fire(self, schedule: Schedule, *, next_fire_at: datetime, plan: Plan | None, fire_key: str) -> bool:
        """In one transaction, advance the schedule and store its plan; False when another process was first.

        Without a plan, the time is recorded as missed.
        """

    def refused(self) -> tuple[tuple[Schedule, str], ...]:
        """The schedules of people whose last plan Slack did not let the bot post, with the reason; not the paused."""

    def change(self, before: Schedule, after: Schedule, *, now: datetime) -> bool:
        """Pause or resume; as in `ScheduleBook`."""

    def claim_trouble(self, *, now: datetime) -> Schedule | None:
        """A schedule about whose trouble somebody is to be told; nobody else gets it for a while."""

    def told(self, schedule: Schedule) -> None:
        """Nobody has to be told any more."""


class Places(TimeZones, Protocol):
    """Channels, and where people are."""

    def channel(self, channel: str) -> Channel:
        """What is known of a conversation; raises `SlackRejectedError` with a sentence that says what to do."""
