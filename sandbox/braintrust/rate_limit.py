"""A limit on requests in a rolling window."""

import math
import time
from collections import deque


class RateLimit:
    """At most `count` requests in any `window_seconds`; a refused request does not count."""

    def __init__(self, count: int, window_seconds: float) -> None:
        self._count = count
        self._window_seconds = window_seconds
        self._times: deque[float] = deque()

    def retry_after_seconds(self) -> int | None:
        """None when one more request may pass now (it is counted); else after how many seconds to try again."""
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._window_seconds:
            self._times.popleft()
        if len(self._times) < self._count:
            self._times.append(now)
            return None
        oldest = self._times[0] if self._times else now
        return max(1, math.ceil(oldest + self._window_seconds - now))
