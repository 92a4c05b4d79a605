"""A record of what the bot asked of Slack."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.slack.records import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `answer` is None and `status` 0 when the connection was reset before the answer."""

    method: str
    arguments: Json
    answer: Json | None
    at: float
    status: int = 200

    @property
    def ok(self) -> bool:
        """True when the bot got what it asked for."""
        return self.answer is not None and self.answer.get("ok") is True

    @property
    def error(self) -> str | None:
        """The error code that the bot was told."""
        return None if self.answer is None else self.answer.get("error")


class CallLog:
    """Every call since the start, oldest first.  `response_url` and `upload` count as methods.  Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Remember one more."""
        with self._lock:
            self._calls.append(call)

    def of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self if call.method == method]

    def clear(self) -> None:
        """Forget everything so far."""
        with self._lock:
            self._calls.clear()

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)
