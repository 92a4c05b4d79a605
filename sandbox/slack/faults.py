"""Faults to order: what shall go wrong with the next calls of a method."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Error:
    """Answer 200 with this error code; nothing is applied."""

    code: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Answer 429 with `Retry-After`; nothing is applied."""

    retry_after: int = 1


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this HTTP status and no JSON; nothing is applied."""

    code: int
    body: str = "upstream error"


@dataclass(frozen=True, slots=True)
class Reset:
    """Cut the connection; nothing is applied."""


@dataclass(frozen=True, slots=True)
class AppliedThenReset:
    """Apply the call, then cut the connection before the answer."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Apply and answer as always, but only after so many seconds."""

    seconds: float


Fault: TypeAlias = Error | RateLimited | Status | Reset | AppliedThenReset | Delay


class SlackFaults:
    """Faults waiting for their call, by method; `response_url` and `upload` are methods too.  Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._latency: dict[str | None, float] = {}

    def next(self, method: str, fault: Fault, times: int = 1) -> None:
        """Let the next `times` calls of `method` meet `fault`; orders for one method queue up."""
        with self._lock:
            self._waiting[method].extend([fault] * times)

    def latency(self, seconds: float, method: str | None = None) -> None:
        """Answer every call (of `method`) only after so many seconds, until told otherwise."""
        with self._lock:
            self._latency[method] = seconds

    def armed(self) -> list[tuple[str, Fault]]:
        """The faults that still wait for their call."""
        with self._lock:
            return [(method, fault) for method, waiting in self._waiting.items() for fault in waiting]

    def clear(self) -> None:
        """Order nothing any more."""
        with self._lock:
            self._waiting.clear()
            self._latency.clear()

    def take(self, method: str) -> Fault | None:
        """The fault for the call that has just come in."""
        with self._lock:
            waiting = self._waiting.get(method)
            return waiting.popleft() if waiting else None

    def seconds(self, method: str) -> float:
        """How long a call of `method` takes at least."""
        with self._lock:
            return self._latency.get(method, self._latency.get(None, 0.0))
