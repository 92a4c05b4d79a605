"""APScheduler's ticks: scheduled plans, expiry, reminders, messages to reviewers, clean-up.

Times, and who is first, are decided in the database.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from bot.domain.rhythm import Rhythm
from bot.errors import BotError
from bot.services.notices import NoticeSender
from bot.services.ports.plans import PlanUpkeep
from bot.services.ports.store import SurfaceBook
from bot.services.ports.work import Clock
from bot.services.timetable import Timetable

log = logging.getLogger(__name__)

CLEAN_UP_HOURS = 6


class Ticks:
    """Ticks in a thread of its own."""

    def __init__(
        self,
        *,
        timetable: Timetable,
        notifying: NoticeSender,
        plans: PlanUpkeep,
        surfaces: SurfaceBook,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._surfaces = surfaces
        self._timetable = timetable
        self._notifying = notifying
        self._stopping = threading.Event()
        self._plans = plans
        self._clock = clock
        self._wake = wake
        self._ticks = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self, rhythm: Rhythm, *, retention: timedelta) -> None:
        """Begin to tick; plans that have rested for longer than `retention` are deleted."""
        ticks = (self._fire, self._expire, self._remind)
        first = datetime.now(UTC)  # APScheduler goes by the clock of the process; what is due goes by `clock`
        for tick, seconds in (*((tick, rhythm.tick_seconds) for tick in ticks), (self._notify, rhythm.notice_seconds)):
            self._ticks.add_job(self._guarded, "interval", args=[tick], seconds=seconds, next_run_time=first)
        clean_up = [self._clean_up, retention]
        self._ticks.add_job(self._guarded, "interval", args=clean_up, hours=CLEAN_UP_HOURS, next_run_time=first)
        self._ticks.start()

    def stop(self) -> None:
        """Tick no more."""
        self._stopping.set()
        if self._ticks.running:
            self._ticks.shutdown(wait=False)

    def _fire(self) -> None:
        if self._timetable.tick():
            self._wake()

    def _expire(self) -> None:
        if self._plans.expire(now=self._clock()):
            self._wake()

    def _remind(self) -> None:
        if self._surfaces.remind(now=self._clock()):
            self._wake()

    def _notify(self) -> None:
        has_more = True
        while has_more and not self._stopping.is_set():
            has_more = self._notifying.step()

    def _clean_up(self, retention: timedelta) -> None:
        if forgotten := self._plans.forget(before=self._clock() - retention):
            log.info("old plans were forgotten", extra={"plans": forgotten})

    @staticmethod
    def _guarded(tick: Callable[..., None], *arguments: object) -> None:
        try:
            tick(*arguments)
        except BotError as error:
            log.warning("a tick met a fault", extra={"tick": tick.__name__, "error": str(error)})
        except Exception:
            log.exception("a tick failed", extra={"tick": tick.__name__})
