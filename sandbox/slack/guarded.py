"""State that several threads read, change, wait for and watch."""

import threading
import time
from collections.abc import Callable
from typing import Self, TypeVar

from sandbox.slack.clock import Clock
from sandbox.slack.records import Change, ChangeKind, Item

T = TypeVar("T")


class Guarded:
    """One lock around everything, a way to wait for a change, and a list of those who watch."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.changed = threading.Condition(threading.RLock())
        self._version = 0
        self._watchers: list[Callable[[Change], None]] = []

    def subscribe(self, callback: Callable[[Change], None]) -> None:
        """Call `callback` with every change, in order, while the lock is held: it must return at once."""
        with self.changed:
            self._watchers.append(callback)

    def wait_until(self, predicate: Callable[[Self], T], timeout_seconds: float) -> T | None:
        """The first truthy value of `predicate`, tried at once and after each change; None when time ran out.

        The lock is not held while `predicate` runs, so that it may take its time or ask a server.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            seen = self._version
            if value := predicate(self):
                return value
            if not self._changes_since(seen, deadline - time.monotonic()):
                return predicate(self) or None

    def touch(self) -> None:
        """Let those who wait look again."""
        with self.changed:
            self._version += 1
            self.changed.notify_all()

    def _changes_since(self, version: int, timeout_seconds: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self._version != version, timeout_seconds)

    def _announce(self, kind: ChangeKind, item: Item) -> None:
        change = Change(kind, item)
        for callback in self._watchers:
            callback(change)
        self.touch()
