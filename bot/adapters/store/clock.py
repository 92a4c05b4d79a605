"""The database's clock, which all processes share: theirs may be wrong, each in its own way."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.adapters.store.database import Database
from bot.adapters.store.tables import database_clock
from bot.errors import StoreUnavailableError

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
"""After so long the database is asked again: its clock may be set, and another server may take over."""
MOST_SKEW_SECONDS = 5.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _since_boot() -> float:
    """Seconds that go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class DatabaseClock:
    """The `Clock` port: what the database said last, and what has passed since.  On SQLite that is the machine's clock.

    Nothing of this process's own time of day goes in, so setting it changes nothing.
    """

    def __init__(
        self,
        database: Database,
        *,
        passed: Callable[[], float] = _since_boot,
        time_of_day: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._passed = passed
        self._time_of_day = time_of_day
        self._looking = threading.Lock()
        self._began_at = 0.0
        self._looked_at = float("-inf")
        self._look()

    def __call__(self) -> datetime:
        """The time; raises nothing, for while the database does not answer, its last answer goes on."""
        if self._passed() - self._looked_at >= LOOK_SECONDS and self._looking.acquire(blocking=False):
            try:
                self._look()
            except StoreUnavailableError as error:
                log.warning("the database does not tell the time", extra={"error": str(error)})
            finally:
                self._looking.release()
        return _EPOCH + timedelta(seconds=self._began_at + self._passed())

    def skew(self) -> str | None:
        """How far this process's clock is from the database's, in a sentence; None where nobody has to mind."""
        seconds = self._time_of_day() - (self() - _EPOCH).total_seconds()
        if abs(seconds) <= MOST_SKEW_SECONDS:
            return None
        way = "ahead of" if seconds > 0 else "behind"
        return (
            f"This machine's clock is {abs(seconds):,.0f} s {way} the database's, which counts. "
            "Set both by a time server, or Slack's requests may be refused as too old."
        )

    def _look(self) -> None:
        self._looked_at = self._passed()
        with self._database.read() as connection:
            asked_at = self._passed()
            seconds = connection.execute(select(database_clock())).scalar_one()
            self._began_at = seconds - (asked_at + self._passed()) / 2
