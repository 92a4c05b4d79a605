"""The log of what the stand-in was asked, in order.  Thread-safe."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, replace

from sandbox.http.request import Asked, Kind


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: `started` and `ended` are monotonic seconds; `ended` and `status` are None while it is worked off.

    A request whose connection was closed without an answer ends with status 0.  `row_ids` are the rows that it wrote.
    """

    kind: Kind
    method: str
    path: str
    text: str
    started: float
    ended: float | None = None
    status: int | None = None
    row_ids: tuple[str, ...] = ()


class RequestLog:
    """Every request since the start or the last `clear`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._seen: dict[int, Seen] = {}
        self._serial = 0
        self._by_kind: Counter[Kind] = Counter()

    def begin(self, asked: Asked) -> int:
        """Note an arrival; returns its serial number."""
        text = asked.text if asked.kind == "query" else ""
        seen = Seen(asked.kind, asked.method, asked.path, text, time.monotonic())
        with self._changed:
            self._serial += 1
            self._seen[self._serial] = seen
            self._by_kind[asked.kind] += 1
            self._changed.notify_all()
            return self._serial

    def wrote(self, serial: int, row_ids: tuple[str, ...]) -> None:
        """Note the rows that a request wrote."""
        self._note(serial, row_ids=row_ids)

    def end(self, serial: int, status: int) -> None:
        """Note the status that a request was answered with, 0 for none."""
        self._note(serial, ended=time.monotonic(), status=status)

    def all(self, kind: Kind | None = None) -> list[Seen]:
        """The requests, or those of one kind, in the order of arrival."""
        with self._changed:
            return [seen for seen in self._seen.values() if kind in (None, seen.kind)]

    def count(self, kind: Kind | None = None) -> int:
        """How many requests arrived, or how many of one kind."""
        with self._changed:
            return self._by_kind.total() if kind is None else self._by_kind[kind]

    def row_ids(self) -> list[str]:
        """The ids of all rows written through the API, each as often as it was written."""
        return [row_id for seen in self.all("insert") for row_id in seen.row_ids]

    def wait_for(self, kind: Kind, count: int, *, timeout_seconds: float = 10.0) -> None:
        """Block until `count` requests of this kind have arrived; TimeoutError when they do not."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._by_kind[kind] >= count, timeout_seconds):
                raise TimeoutError(f"{self._by_kind[kind]} of {count} {kind} requests arrived")

    def clear(self) -> None:
        """Forget everything."""
        with self._changed:
            self._seen.clear()
            self._by_kind.clear()

    def _note(self, serial: int, **changes: object) -> None:
        with self._changed:
            seen = self._seen.get(serial)
            if seen is not None:
                self._seen[serial] = replace(seen, **changes)  # type: ignore[arg-type]  # fields of Seen, by name
            self._changed.notify_all()
