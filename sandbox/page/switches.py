"""The page's switches: how Braintrust's stand-in behaves, and what people do there by hand."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.demo_world import World
from sandbox.http.faults import Status

SLOW_SECONDS = 2.0
LIMIT_QUERIES = 3
LIMIT_SECONDS = 10.0
FAILING_QUERIES = 3
ROWS_BY_HAND = 20


class Switches:
    """Turns things on and off, and tells how they stand."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seeds = itertools.count(8)
        self._is_slow = False
        self._is_limited = False

    @property
    def acts(self) -> Mapping[str, Callable[[], None]]:
        """What can be pressed, by name."""
        acts = (self.slow, self.limited, self.failing, self.by_hand, self.reset)
        return {act.__name__: act for act in acts}

    def state(self) -> dict[str, Any]:
        """How the switches stand; `failing` counts the queries that are still to fail."""
        return {
            "slow": self._is_slow,
            "limited": self._is_limited,
            "failing": len(self._world.braintrust.faults.armed()),
        }

    def slow(self) -> None:
        """Let every request take 2 s, or not any more."""
        self._is_slow = not self._is_slow
        self._world.braintrust.faults.latency(SLOW_SECONDS if self._is_slow else 0.0)

    def limited(self) -> None:
        """Allow 3 queries in 10 s, or any number again."""
        self._is_limited = not self._is_limited
        limit = LIMIT_QUERIES if self._is_limited else None
        self._world.braintrust.faults.rate_limit(limit, window_seconds=LIMIT_SECONDS)

    def failing(self) -> None:
        """Let the next 3 queries fail."""
        for _ in range(FAILING_QUERIES):
            self._world.braintrust.faults.next("query", Status(500))

    def by_hand(self) -> None:
        """Somebody assigns the 20 newest open rows to a colleague, in Braintrust itself."""
        rows = [row for row in self._world.matching_rows() if not row.assignments and row.status in (None, "PENDING")]
        for row in rows[-ROWS_BY_HAND:]:
            self._world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row.id, [self._world.bystander])

    def reset(self) -> None:
        """Start over with other rows, as if a new week had begun."""
        self._world.fill(next(self._seeds))
        self._world.braintrust.requests.clear()
