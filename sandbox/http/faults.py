"""Orders to misbehave: for the next request of a kind, for all, or for those that match.  Thread-safe."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sandbox.http.fault_kinds import Fault, RepeatedCursor
from sandbox.http.gates import Gate, RateLimit
from sandbox.http.request import Asked, Kind

Matches: TypeAlias = Callable[[str], bool]
Hook: TypeAlias = Callable[[Asked], None]
Moment: TypeAlias = Literal["arrival", "answer"]


@dataclass(slots=True)
class _Rule:
    """A fault that waits for its requests; `remaining` None means all, `skip` of them pass first."""

    kind: Kind
    fault: Fault
    remaining: int | None
    skip: int
    when: Matches | None

    def concerns(self, asked: Asked) -> bool:
        if asked.kind != self.kind or self.remaining == 0:
            return False
        if isinstance(self.fault, RepeatedCursor) and "cursor:" not in asked.text:
            return False
        return self.when is None or self.when(asked.text)


@dataclass(frozen=True, slots=True)
class _Hold:
    kind: Kind
    gate: Gate
    moment: Moment
    when: Matches | None


@dataclass(slots=True)
class _State:
    rules: list[_Rule] = field(default_factory=list)
    latencies: dict[Kind | None, float] = field(default_factory=dict)
    holds: list[_Hold] = field(default_factory=list)
    hooks: list[tuple[Kind, Hook]] = field(default_factory=list)
    lag_seconds: float = 0.0
    unassign: str = "any"
    rate_limit: RateLimit | None = None


class Faults:
    """What goes wrong, until `clear`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._state = _State()

    def next(
        self, kind: Kind, fault: Fault, times: int | None = 1, *, when: Matches | None = None, nth: int = 1
    ) -> None:
        """Let `fault` befall `times` requests (None: all) of this kind, from the `nth` one on.

        `when` gets the query's text, or the body's for other kinds; only requests that it accepts are counted.
        Of several faults that match, the one given first is played.
        """
        with self._lock:
            self._state.rules.append(_Rule(kind, fault, times, nth - 1, when))

    def always(self, kind: Kind, fault: Fault, *, when: Matches | None = None) -> None:
        """Let `fault` befall every request of this kind until `clear`."""
        self.next(kind, fault, None, when=when)

    def armed(self) -> list[tuple[Kind, Fault]]:
        """The faults that still wait for a request."""
        with self._lock:
            return [(rule.kind, rule.fault) for rule in self._state.rules if rule.remaining != 0]

    def latency(self, seconds: float, kind: Kind | None = None) -> None:
        """Delay every request, or every one of a kind, which then counts instead of the general delay."""
        with self._lock:
            self._state.latencies[kind] = seconds

    def visibility_lag(self, seconds: float) -> None:
        """Let queries see inserts only after so long; until then they see what was before."""
        with self._lock:
            self._state.lag_seconds = seconds

    def unassign_mode(self, mode: str) -> None:
        """Choose the one way of emptying a list of assignees that works ("array_delete", "empty_list", ...)."""
        with self._lock:
            self._state.unassign = mode

    def rate_limit(self, per_minute: int | None, *, window_seconds: float = 60.0) -> None:
        """Answer 429 with Retry-After to queries beyond so many in a rolling minute; None for no limit."""
        with self._lock:
            self._state.rate_limit = None if per_minute is None else RateLimit(per_minute, window_seconds)

    def hold(self, kind: Kind, *, at: Moment = "arrival", when: Matches | None = None) -> Gate:
        """Hold requests back on arrival, or after they were applied and before they are answered."""
        gate = Gate()
        with self._lock:
            self._state.holds.append(_Hold(kind, gate, at, when))
        return gate

    def on_request(self, kind: Kind, hook: Hook) -> None:
        """Have `hook` called before each request of this kind is worked off, on a thread of its own."""
        with self._lock:
            self._state.hooks.append((kind, hook))

    def clear(self) -> None:
        """Behave again: drop every fault, delay, limit and hook, and open all gates."""
        with self._lock:
            holds, self._state = self._state.holds, _State()
        for held in holds:
            held.gate.open()

    def take(self, asked: Asked) -> Fault | None:
        """The fault for this request, used up by it."""
        with self._lock:
            for rule in self._state.rules:
                if not rule.concerns(asked):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                rule.remaining = None if rule.remaining is None else rule.remaining - 1
                return rule.fault
            return None

    def delay_seconds(self, kind: Kind) -> float:
        """How long a request of this kind has to wait."""
        with self._lock:
            return self._state.latencies.get(kind, self._state.latencies.get(None, 0.0))

    def gates(self, asked: Asked, moment: Moment) -> list[Gate]:
        """The gates that this request has to pass."""
        with self._lock:
            holds = [held for held in self._state.holds if held.kind == asked.kind and held.moment == moment]
        return [held.gate for held in holds if held.when is None or held.when(asked.text)]

    def hooks(self, kind: Kind) -> list[Hook]:
        """What to call before a request of this kind."""
        with self._lock:
            return [hook for hooked, hook in self._state.hooks if hooked == kind]

    def retry_after_seconds(self) -> int | None:
        """None when the rate limit lets one more query pass, else after how long to try again."""
        with self._lock:
            limit = self._state.rate_limit
            return limit.retry_after_seconds() if limit else None

    @property
    def lag_seconds(self) -> float:
        """How long queries do not see an insert."""
        with self._lock:
            return self._state.lag_seconds

    @property
    def unassign(self) -> str:
        """The way of emptying a list of assignees that works."""
        with self._lock:
            return self._state.unassign
