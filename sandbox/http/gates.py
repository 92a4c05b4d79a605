"""Gates, which hold requests back until somebody opens them, and a limit on requests in a rolling window."""

import asyncio
import math
import threading
import time
from collections import deque
from types import TracebackType
from typing import Self


class Gate:
    """Requests wait at it without blocking the server; open it from any thread, or by leaving its `with` block."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._arrivals = 0
        self._open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        """Let everybody pass, now and later."""
        with self._changed:
            self._open = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def wait_for_arrivals(self, count: int = 1, timeout_seconds: float = 10.0) -> None:
        """Block until `count` requests have come to the gate; TimeoutError when they do not."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._arrivals >= count, timeout_seconds):
                raise TimeoutError(f"{self._arrivals} of {count} requests came to the gate")

    @property
    def arrivals(self) -> int:
        """How many requests have come to the gate."""
        with self._changed:
            return self._arrivals

    async def passage(self) -> None:
        """Wait at the gate, as one request."""
        event = asyncio.Event()
        with self._changed:
            self._arrivals += 1
            self._changed.notify_all()
            if self._open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open()


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
