"""The timetable: fires schedules that are due, once each, whichever process is first, and pauses what cannot go on."""

import logging
from datetime import timedelta

from bot.domain.command import PlanCommand
from bot.domain.options import DEFAULT_QUEUE
from bot.domain.plan import Origin, Plan
from bot.domain.schedule import BY_SETTINGS, Schedule
from bot.domain.weekly import local_key, next_time
from bot.errors import CommandError, NotAllowedError, SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages.schedules import stopped_schedule
from bot.services.planning import Asker, Planner
from bot.services.ports.people import People
from bot.services.ports.schedules import FiringBook
from bot.services.ports.slack import Slack
from bot.services.ports.work import Clock
from bot.services.surfaces import GIVEN_UP
from bot.settings import Settings

log = logging.getLogger(__name__)

LATE = timedelta(hours=6)
"""A time that was missed by more than this is passed over: nobody wants Monday's plan on Tuesday."""
LEFT = "Its owner has left the workspace."


class Timetable:
    """Keeps the schedule of the settings in step with them, and fires all schedules."""

    def __init__(
        self, book: FiringBook, *, planner: Planner, people: People, slack: Slack, settings: Settings, clock: Clock
    ) -> None:
        self._book = book
        self._planner = planner
        self._people = people
        self._slack = slack
        self._settings = settings
        self._clock = clock

    def tick(self) -> int:
        """Fire what is due; how many plans were asked for."""
        self._book.sync(self._of_settings())
        fired = sum(self._fire(schedule) for schedule in self._book.due(now=self._clock()))
        for schedule, why in self._book.refused():
            if why != GIVEN_UP:  # that says nothing about the channel
                self._stop(schedule, why)
        self._tell()
        return fired

    def _of_settings(self) -> Schedule | None:
        queue = self._settings.queue
        if queue.weekly_post is None:
            return None
        following = next_time(queue.weekly_post, after=self._clock())
        return Schedule(BY_SETTINGS, queue.weekly_post, DEFAULT_QUEUE, queue.channel or "", next_fire_at=following)

    def _fire(self, schedule: Schedule) -> bool:
        now, due = self._clock(), schedule.next_fire_at
        if due is None:
            return False
        about = {"schedule": schedule.id, "due": due.isoformat()}
        plan = None
        if now - due > LATE:
            log.warning("a scheduled plan was missed by too long and is skipped", extra=about)
        elif self._has_left(schedule.owner):
            self._stop(schedule, LEFT)
            return False
        else:
            try:
                plan = self._plan(schedule)
            except (CommandError, NotAllowedError) as error:
                self._stop(schedule, str(error))
                return False
        following = next_time(schedule.weekly, after=now)
        key = f"{schedule.id} {local_key(schedule.weekly, due)}"
        return self._book.fire(schedule, next_fire_at=following, plan=plan, fire_key=key)

    def _plan(self, schedule: Schedule) -> Plan:
        channel = self._planner.queue(schedule.queue).channel or schedule.channel
        return self._planner.plan_for(PlanCommand(schedule.queue), Asker(Origin.SCHEDULE, channel=channel))

    def _has_left(self, owner: str | None) -> bool:
        """Whether Slack says so; while it says nothing, nobody has."""
        if owner is None:
            return False
        try:
            person = self._people.person(owner)
        except SlackError as error:
            log.warning("Slack does not say whether a schedule's owner has left", extra={"error": str(error)})
            return False
        return person is None or person.deactivated

    def _stop(self, schedule: Schedule, why: str) -> None:
        log.warning("a schedule is paused", extra={"schedule": schedule.id, "reason": why})
        self._book.change(schedule, schedule.paused(trouble=why), now=self._clock())

    def _tell(self) -> None:
        """Tell the owner of each schedule that was paused; where that cannot be, the first of the admins."""
        while (schedule := self._book.claim_trouble(now=self._clock())) is not None:
            people = (None if self._has_left(schedule.owner) else schedule.owner, self._first_admin())
            try:
                is_told = any(self._is_told(person, schedule) for person in people if person is not None)
            except SlackUnavailableError as error:
                log.warning("nobody could be told yet about a schedule", extra={"error": str(error)})
                continue
            if not is_told:
                log.error("nobody can be told about a schedule", extra={"schedule": schedule.id})
            self._book.told(schedule)

    def _is_told(self, person: str, schedule: Schedule) -> bool:
        try:
            self._slack.send_directly(person, stopped_schedule(schedule))
        except SlackRejectedError as error:
            log.warning("a person cannot be told", extra={"schedule": schedule.id, "error": str(error)})
            return False
        return True

    def _first_admin(self) -> str | None:
        return next((one for one in sorted(self._settings.policy.admins) if not one.startswith("S")), None)
