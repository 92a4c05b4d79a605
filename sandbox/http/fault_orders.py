"""Orders to misbehave: for the next request of a kind, for all, or for those that match.  Thread-safe."""

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self, TypeAlias

from sandbox.http.faults import Fault
from sandbox.http.request import Asked, Kind

Matches: TypeAlias = Callable[[str], bool]
Hook: TypeAlias = Callable[[Asked], None]
Moment: TypeAlias = Literal["arrival", "answer"]

_GLANCE_SECONDS = 0.002


class Gate:
    """Requests wait at it without blocking the server; open it from any thread, or by leaving its `with` block."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_open = threading.Event()
        self.arrivals = 0

    def open(self) -> None:
        """Let everybody pass, now and later."""
        self._is_open.set()

    def wait_for_arrivals(self, count: int = 1, timeout_seconds: float = 30.0) -> None:
        """Block until `count` requests have come to the gate; TimeoutError when they do not."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.arrivals >= count, timeout_seconds):
                raise TimeoutError(f"{self.arrivals} of {count} requests came to the gate")

    async def passage(self, _asked: Asked) -> None:
        """Wait at the gate, as one request."""
        with self._changed:
            self.arrivals += 1
            self._changed.notify_all()
        while not self._is_open.is_set():
            await asyncio.sleep(_GLANCE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.open()


@dataclass(slots=True)
class _Rule:
    """A fault that waits for its requests; `remaining` None means all, `skip` of them pass first."""

    kind: Kind
    fault: Fault
    remaining: int | None
    skip: int
    when: Matches

    def takes(self, asked: Asked) -> bool:
        """Whether the fault befalls this request, which then is counted."""
        if asked.kind != self.kind or self.remaining == 0 or not self.when(asked.text):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.remaining = None if self.remaining is None else self.remaining - 1
        return True


class _Stop(NamedTuple):
    """What requests pass at a moment."""

    kind: Kind
    at: Moment
    when: Matches
    passage: Callable[[Asked], Awaitable[None]]


class Faults:
    """What goes wrong, until `clear`.

    Of Braintrust: queries see inserts only after `lag_seconds`, and until then what was before; `unassign` names the
    one way of emptying a list of assignees that works ("array_delete", "empty_list", ...).
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._gates: list[Gate] = []
        self.clear()

    def next(
        self, kind: Kind, fault: Fault, times: int | None = 1, *, when: Matches = lambda _: True, nth: int = 1
    ) -> None:
        """Let `fault` befall `times` requests (None: all) of this kind, from the `nth` one on.

        `when` gets the query's text, or the body's for other kinds; only requests that it accepts are counted.
        Of several faults that match, the one given first is played.
        """
        with self._lock:
            self._rules.append(_Rule(kind, fault, times, nth - 1, when))

    def always(self, kind: Kind, fault: Fault, *, when: Matches = lambda _: True) -> None:
        """Let `fault` befall every request of this kind until `clear`."""
        self.next(kind, fault, None, when=when)

    def armed(self) -> list[tuple[Kind, Fault]]:
        """The faults that still wait for a request."""
        with self._lock:
            return [(rule.kind, rule.fault) for rule in self._rules if rule.remaining != 0]

    def latency(self, seconds: float, kind: Kind | None = None) -> None:
        """Delay every request, or every one of a kind, which then counts instead of the general delay."""
        with self._lock:
            self._latencies[kind] = seconds

    def rate_limit(self, per_minute: int | None, *, window_seconds: float = 60.0) -> None:
        """Answer 429 with Retry-After to queries beyond so many in a rolling minute; None for no limit."""
        with self._lock:
            self._limit, self._window_seconds = per_minute, window_seconds
            self._passed: deque[float] = deque()

    @property
    def is_limited(self) -> bool:
        """Whether there is a rate limit."""
        return self._limit is not None

    def hold(self, kind: Kind, *, at: Moment = "arrival", when: Matches = lambda _: True) -> Gate:
        """Hold requests back on arrival, or after they were applied and before they are answered."""
        gate = Gate()
        with self._lock:
            self._gates.append(gate)
            self._stops.append(_Stop(kind, at, when, gate.passage))
        return gate

    def on_request(self, kind: Kind, hook: Hook) -> None:
        """Have `hook` called before each request of this kind is worked off, on a thread of its own."""
        with self._lock:
            self._stops.append(_Stop(kind, "arrival", lambda _: True, lambda asked: asyncio.to_thread(hook, asked)))

    def clear(self) -> None:
        """Behave again: drop every fault, delay, limit and hook, and open all gates."""
        with self._lock:
            held, self._gates = self._gates, []
            self._rules: list[_Rule] = []
            self._stops: list[_Stop] = []
            self._latencies: dict[Kind | None, float] = {}
            self.lag_seconds, self.unassign = 0.0, "any"
            self.rate_limit(None)
        for gate in held:
            gate.open()

    def take(self, asked: Asked) -> Fault | None:
        """The fault for this request, used up by it."""
        with self._lock:
            return next((rule.fault for rule in self._rules if rule.takes(asked)), None)

    def delay_seconds(self, kind: Kind) -> float:
        """How long a request of this kind has to wait."""
        with self._lock:
            return self._latencies.get(kind, self._latencies.get(None, 0.0))

    async def stop(self, asked: Asked, moment: Moment) -> None:
        """Let a request pass what stands in its way at this moment."""
        with self._lock:
            stops = [one for one in self._stops if (one.kind, one.at) == (asked.kind, moment)]
        for one in stops:
            if one.when(asked.text):
                await one.passage(asked)

    def retry_after_seconds(self) -> int | None:
        """None when the rate limit lets one more query pass (it is counted), else after how long to try again."""
        with self._lock:
            now = time.monotonic()
            while self._passed and self._passed[0] <= now - self._window_seconds:
                self._passed.popleft()
            if self._limit is None or len(self._passed) < self._limit:
                self._passed.append(now)
                return None
            oldest = self._passed[0] if self._passed else now
            return max(1, math.ceil(oldest + self._window_seconds - now))
