"""The bot's health, for the platform that runs it: anybody may ask, so asking costs next to nothing."""

import time
from collections.abc import Callable
from typing import Protocol

from bot.errors import StoreError

TRIED_SECONDS = 2.0  # how long the answer of a transaction that writes counts

Answer = tuple[str, dict[str, str]]
"""An HTTP status, and what the body says."""


class Threads(Protocol):
    """The worker, as far as health goes."""

    def is_alive(self) -> bool:
        """Whether its threads run."""


class Writable(Protocol):
    """The database, as far as health goes."""

    def try_writing(self) -> None:
        """Raise `StoreError` unless a transaction that writes works."""


class Health:
    """Whether the worker runs, and whether what people decide can be stored."""

    def __init__(self, worker: Threads, database: Writable, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._worker = worker
        self._database = database
        self._monotonic = monotonic
        self._tried_at = float("-inf")
        self._is_writable = False

    def alive(self) -> Answer:
        """200 while the worker's threads run."""
        if self._worker.is_alive():
            return "200 OK", {"status": "ok"}
        return "503 Service Unavailable", {"status": "the worker does not run"}

    def ready(self) -> Answer:
        """200 while the database takes changes, too."""
        if self._monotonic() - self._tried_at >= TRIED_SECONDS:
            self._is_writable = self._writes()
            self._tried_at = self._monotonic()
        if self._is_writable:
            return self.alive()
        return "503 Service Unavailable", {"status": "the database takes no changes"}

    def _writes(self) -> bool:
        try:
            self._database.try_writing()
        except StoreError:
            return False
        return True
