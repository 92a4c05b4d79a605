"""The stand-in's time: real, plus an offset that tests move, and Slack's unique message time stamps."""

import threading
import time


class Clock:
    """Seconds since 1970 that can be moved forward without waiting."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0
        self._last_microsecond = 0
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time, as this workspace sees it."""
        return time.time() + self.offset_seconds

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.offset_seconds += seconds

    def next_ts(self) -> str:
        """A message time stamp, greater than every earlier one."""
        with self._lock:
            self._last_microsecond = max(self._last_microsecond + 1, int(self.now() * 1_000_000))
            seconds, microseconds = divmod(self._last_microsecond, 1_000_000)
        return f"{seconds}.{microseconds:06d}"
