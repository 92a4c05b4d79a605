"""The weekly plan: one stored time, fired once by whichever process is first."""

import logging
from datetime import timedelta

from bot.domain.command import PlanCommand
from bot.domain.plan import Origin
from bot.domain.weekly import local_key, next_time, parsed_weekly
from bot.services.planning import Asker, Planner
from bot.services.ports.store import Schedules
from bot.services.ports.work import Clock
from bot.settings import QueueSettings

log = logging.getLogger(__name__)

WEEKLY = "weekly"
LATE = timedelta(hours=6)
"""A post that was missed by more than this is skipped: nobody wants Monday's plan on Tuesday."""


class WeeklyPost:
    """Keeps the stored schedule in step with the settings, and fires it."""

    def __init__(self, *, schedules: Schedules, planner: Planner, queue: QueueSettings, clock: Clock) -> None:
        self._schedules = schedules
        self._planner = planner
        self._queue = queue
        self._clock = clock

    def tick(self) -> int:
        """Fire what is due; how many plans were asked for."""
        weekly = self._queue.weekly_post
        next_fire_at = next_time(weekly, after=self._clock()) if weekly else None
        self._schedules.sync(WEEKLY, str(weekly or ""), next_fire_at=next_fire_at)
        fired = 0
        for schedule_id, weekly_text, was_due in self._schedules.due(now=self._clock()):
            now, due = self._clock(), parsed_weekly(weekly_text)
            asker = Asker(Origin.SCHEDULE, channel=self._queue.channel)
            plan = None if now - was_due > LATE else self._planner.plan_for(PlanCommand(), asker)
            if plan is None:
                log.warning("a weekly post was missed by too long and is skipped", extra={"due": was_due.isoformat()})
            key = f"{schedule_id} {local_key(due, was_due)}"
            upcoming = next_time(due, after=now)
            fired += self._schedules.fire(schedule_id, was_due=was_due, next_fire_at=upcoming, plan=plan, fire_key=key)
        return fired
