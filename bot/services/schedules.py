"""Schedules, as people see and change them."""

import logging
from collections.abc import Callable
from dataclasses import replace

from bot.domain.options import COMMAND, DEFAULT_QUEUE
from bot.domain.plain_text import shown
from bot.domain.preferences import valid_until
from bot.domain.schedule import BY_SETTINGS, Schedule, ScheduleAct, ScheduleCommand
from bot.domain.weekly import WeeklyTime, next_time
from bot.domain.working_hours import zone
from bot.errors import CommandError, NotAllowedError, SlackError
from bot.messages.blocks import Message
from bot.messages.schedules import (
    added_schedule,
    known_schedule,
    paused_schedule,
    removed_schedule,
    resumed_schedule,
    schedule_list,
)
from bot.services.permissions import Permissions
from bot.services.ports.schedules import Places, ScheduleBook
from bot.services.ports.slack import ReplyTo
from bot.services.ports.store import QueueBook
from bot.services.ports.work import Clock

log = logging.getLogger(__name__)

TRIES = 3
CHANGED = "It fired, or somebody changed it, at this moment. Look at `/assign-reviews schedule list` again."
NOT_DIRECT = "A schedule belongs to a channel, where its plans are approved. Add it there."


class ScheduleKeeper:
    """Keeps the schedules that people make."""

    def __init__(
        self,
        book: ScheduleBook,
        *,
        queues: QueueBook,
        permissions: Permissions,
        slack: Places,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._book = book
        self._queues = queues
        self._permissions = permissions
        self._slack = slack
        self._clock = clock
        self._new_id = new_id

    def carry_out(self, asked: ScheduleCommand, to: ReplyTo) -> Message:
        """Do what was asked for; the private answer.

        Raises `CommandError`, `NotAllowedError`, and `SlackError` where Slack has to be asked.
        """
        if asked.act is ScheduleAct.LIST:
            return schedule_list(self._all(), now=self._clock(), viewer=self._zone_of(to.user))
        self._permissions.require_admin(to.user)
        if asked.act is ScheduleAct.ADD and asked.weekly is not None:
            return self._add(asked.weekly, asked.queue, to)
        schedule = self.named(asked.id)
        match asked.act:
            case ScheduleAct.PAUSE:
                return self._pause(schedule, asked.until)
            case ScheduleAct.RESUME:
                resumed = schedule.resumed(self._clock())
                self._change(schedule, resumed)
                return resumed_schedule(resumed)
            case _:
                return self._remove(schedule)

    def named(self, schedule_id: str) -> Schedule:
        """The schedule of this id; raises `CommandError`."""
        schedule = self._book.get(schedule_id)
        if schedule is None:
            raise CommandError(f"There is no schedule `{shown(schedule_id)}`. `{COMMAND} schedule list` has their ids.")
        return schedule

    def to_run(self, schedule_id: str, channel: str) -> str:
        """The queue of a schedule that is to be run now; raises `NotAllowedError` in another channel than its own."""
        schedule = self.named(schedule_id)
        home = self._channel_of(schedule.queue) or schedule.channel
        if channel != home:
            raise NotAllowedError(f"The schedule `{schedule.id}` belongs to <#{home}>. Run it there.")
        return schedule.queue

    def ending_with(self, queue: str) -> int:
        """How many schedules end with a queue."""
        return sum(schedule.queue == queue for schedule in self._book.all())

    def _all(self) -> tuple[Schedule, ...]:
        """Every schedule, in the channel where its plans go now."""
        channels = {queue.name: queue.channel for queue in self._queues.all()}
        return tuple(replace(one, channel=channels.get(one.queue) or one.channel) for one in self._book.all())

    def _add(self, weekly: WeeklyTime, queue: str, to: ReplyTo) -> Message:
        channel = self._channel_of(queue) or to.channel or ""
        self._require_home(channel)
        now = self._clock()
        following = next_time(weekly, after=now)
        for _ in range(TRIES):  # an id may be taken
            schedule = Schedule(self._new_id(), weekly, queue, channel, owner=to.user, next_fire_at=following)
            if self._book.add(schedule):
                return added_schedule(schedule, now=now, viewer=self._zone_of(to.user))
            same = (weekly, queue, channel)
            for known in self._book.all():
                if (known.weekly, known.queue, known.channel) == same:
                    return known_schedule(known)
        raise CommandError(CHANGED)

    def _require_home(self, channel: str) -> None:
        """Raise `NotAllowedError` for a conversation that no schedule may post to, and `SlackError`."""
        if not channel or channel.startswith("D"):
            raise NotAllowedError(NOT_DIRECT)
        self._permissions.require_channel(channel)
        self._permissions.require_unshared(self._slack.channel(channel))

    def _channel_of(self, name: str) -> str | None:
        """The channel that a queue has of its own; raises `CommandError` where there is no such queue."""
        if name == DEFAULT_QUEUE:
            return None
        queue = self._queues.get(name)
        if queue is None:
            raise CommandError(f"There is no queue `{shown(name)}`. `{COMMAND} queues` lists those that exist.")
        return queue.channel

    def _pause(self, schedule: Schedule, until: str) -> Message:
        today = self._clock().astimezone(zone(schedule.weekly.zone)).date()
        form = f"schedule pause {schedule.id} until"
        day = valid_until(until, today=today, form=form) if until else None
        self._change(schedule, schedule.paused(day))
        return paused_schedule(schedule, day)

    def _change(self, schedule: Schedule, after: Schedule) -> None:
        if not self._book.change(schedule, after, now=self._clock()):
            raise CommandError(CHANGED)

    def _remove(self, schedule: Schedule) -> Message:
        if schedule.id == BY_SETTINGS:
            raise CommandError(
                "This schedule comes from the bot's settings (`WEEKLY_POST`): the operator changes it there. "
                f"`{COMMAND} schedule pause {BY_SETTINGS}` holds it up."
            )
        self._book.remove(schedule.id)
        return removed_schedule(schedule)

    def _zone_of(self, user: str) -> str | None:
        """Where somebody is; None while Slack does not say."""
        try:
            return self._slack.time_zone(user)
        except SlackError as error:
            log.warning("a time zone is not known", extra={"user": user, "cause": type(error).__name__})
            return None
