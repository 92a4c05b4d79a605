"""The log of what a stand-in was asked, in order.  Thread-safe."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.http.request import Answer, Asked, Kind


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: `started` and `ended` are monotonic seconds; `ended` and `status` are None while it is worked off.

    A request whose connection was closed without an answer ends with status 0.  `row_ids` are the rows that it wrote.
    """

    kind: Kind
    path: str
    text: str
    arguments: Mapping[str, Any]
    started: float
    ended: float | None = None
    status: int | None = None
    answer: Any = None
    row_ids: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether Slack said so."""
        return self.answer is not None and self.answer.get("ok") is True

    @property
    def error(self) -> str | None:
        """The error code that Slack told."""
        return None if self.answer is None else self.answer.get("error")


class RequestLog:
    """Every request since the start or the last `clear`.  To go through it is to see those that were answered."""

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._on_change = on_change
        self._changed = threading.Condition()
        self._seen: dict[int, Seen] = {}
        self._serial = 0

    def begin(self, asked: Asked) -> int:
        """Note an arrival; returns its serial number."""
        text = asked.text if asked.kind == "query" else ""
        with self._changed:
            self._serial += 1
            self._seen[self._serial] = Seen(asked.kind, asked.path, text, asked.arguments, time.monotonic())
            self._changed.notify_all()
            return self._serial

    def note(self, serial: int, **changes: Any) -> None:
        """Note what became of a request: fields of Seen."""
        with self._changed:
            if serial in self._seen:
                self._seen[serial] = replace(self._seen[serial], **changes)
            self._changed.notify_all()
        self._on_change()

    def end(self, serial: int, status: int, told: Answer | None) -> None:
        """Note the status that a request was answered with, 0 for none, and what it was told."""
        self.note(serial, ended=time.monotonic(), status=status, answer=told and _json(told))

    def all(self, kind: Kind | None = None) -> list[Seen]:
        """The requests, or those of one kind, in the order of arrival."""
        with self._changed:
            return [seen for seen in self._seen.values() if kind in (None, seen.kind)]

    def of(self, kind: Kind) -> list[Seen]:
        """The requests of one kind that were answered."""
        return [seen for seen in self if seen.kind == kind]

    def count(self, kind: Kind | None = None) -> int:
        """How many requests arrived, or how many of one kind."""
        return len(self.all(kind))

    def row_ids(self) -> list[str]:
        """The ids of all rows written through the API, each as often as it was written."""
        return [row_id for seen in self.all("insert") for row_id in seen.row_ids]

    def wait_for(self, kind: Kind, count: int, *, timeout_seconds: float = 30.0) -> None:
        """Block until `count` requests of this kind have arrived; TimeoutError when they do not."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.count(kind) >= count, timeout_seconds):
                raise TimeoutError(f"{self.count(kind)} of {count} {kind} requests arrived")

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._seen.clear()

    def __iter__(self) -> Iterator[Seen]:
        return (seen for seen in self.all() if seen.ended is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _json(told: Answer) -> Any:
    """What a client was told, as JSON; Slack says some things in plain words."""
    if isinstance(told.payload, dict):
        return told.payload
    is_fine = told.status == 200 and not told.content_type
    return {"ok": True} if is_fine else {"ok": False, "error": f"status {told.status}"}
