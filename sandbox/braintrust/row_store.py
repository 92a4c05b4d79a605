"""All rows of the stand-in, by project.  Thread-safe: the server, a test and a demo page share it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, Unpack

from sandbox.braintrust.project_rows import ProjectRows
from sandbox.braintrust.row import ASSIGNMENTS, DEFAULT_LIST, REVIEW_LISTS, Columns, NewRow, Row
from sandbox.braintrust.row_writer import RowWriter, WriteRules


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """What a subscriber is told: these rows of this project were added, written or deleted."""

    project_id: str
    row_ids: tuple[str, ...]


Subscriber: TypeAlias = Callable[[RowsChanged], None]
Post: TypeAlias = Callable[[Callable[[], None]], None]


class RowStore:
    """Rows by project and id; every change is one transaction, seen whole or not at all."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._projects: dict[str, ProjectRows] = {}
        self._writer = RowWriter()
        self._subscribers: list[Subscriber] = []
        self._post: Post = _at_once

    def open_project(self, project_id: str) -> None:
        """Make a project known, with no rows."""
        with self._changed:
            self._projects.setdefault(project_id, ProjectRows())

    def knows(self, project_id: str) -> bool:
        """Whether the project was opened or has ever had a row."""
        return project_id in self._projects  # without the lock: requests are not to wait for it one by one

    def project_ids(self) -> list[str]:
        """The known projects."""
        with self._changed:
            return list(self._projects)

    def add(self, project_id: str, **row: Unpack[NewRow]) -> None:
        """Add one row, as the newest of its project; ValueError when its id is there already."""
        self.add_many(project_id, [row])

    def add_many(self, project_id: str, rows: Iterable[NewRow]) -> None:
        """Add rows, the oldest first: their order is the order of `_pagination_key`."""
        with self._writing(project_id) as (project, written):
            for row in rows:
                self._writer.append(project, project_id, row)
                written.append(row["id"])

    def get(self, project_id: str, row_id: str) -> Row | None:
        """The row as stored, also while queries do not show it yet."""
        with self._changed:
            place = self._existing(project_id).get(row_id)
            return place.row if place else None

    def all(self, project_id: str) -> list[Row]:
        """Every row of a project, the oldest first."""
        with self._changed:
            return [place.row for place in self._existing(project_id)]

    def delete(self, project_id: str, row_id: str) -> None:
        """Take a row away, as the end of its retention would."""
        with self._writing(project_id) as (project, written):
            project.remove(row_id)
            written.append(row_id)

    def assign_by_hand(self, project_id: str, row_id: str, user_ids: Sequence[str]) -> None:
        """Assign a row as somebody does in Braintrust's UI; [] takes the assignees away."""
        self._by_hand(project_id, row_id, {"metadata": {ASSIGNMENTS: list(user_ids)}})

    def finish_by_hand(self, project_id: str, row_id: str, status: str = "COMPLETE") -> None:
        """Set a row's status in the default review list, as a reviewer does in Braintrust's UI."""
        self._by_hand(project_id, row_id, {"metadata": {REVIEW_LISTS: {DEFAULT_LIST: {"status": status}}}})

    def set_tags(self, project_id: str, row_id: str, tags: Sequence[str]) -> None:
        """Replace a row's tags."""
        self._by_hand(project_id, row_id, {"tags": list(tags), "_merge_paths": [["tags"]]})

    def write(self, project_id: str, events: Sequence[Columns], rules: WriteRules) -> None:
        """Apply insert events, already validated and each with an id, as one transaction."""
        with self._writing(project_id) as (project, written):
            self._writer.write(project, project_id, events, rules)
            written.extend(event["id"] for event in events)

    def counts_by_assignee(self, project_id: str) -> dict[str | None, int]:
        """How many root rows each person has, and under None how many have nobody."""
        counts: Counter[str | None] = Counter()
        for row in self.all(project_id):
            if row.is_root:
                counts.update(row.assignments or (None,))
        return dict(counts)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Have `subscriber` called after every change, on the server's thread while it runs; returns the way out."""
        with self._changed:
            self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def wait_until(self, condition: Callable[["RowStore"], bool], *, timeout_seconds: float = 10.0) -> None:
        """Block until `condition(store)` holds after some change; TimeoutError when it does not come to that."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), timeout_seconds):
                raise TimeoutError("the rows did not come to the state waited for")

    def post_through(self, post: Post | None) -> None:
        """Call subscribers by way of `post` (an event loop's `call_soon_threadsafe`), or at once for None."""
        self._post = post or _at_once

    @contextmanager
    def reading(self, project_id: str) -> Iterator[ProjectRows]:
        """The project's rows, held still, as queries may see them now."""
        with self._changed:
            self._writer.reveal()
            yield self._existing(project_id)

    @property
    def last_xact_id(self) -> str:
        """The newest transaction's `_xact_id`."""
        with self._changed:
            return self._writer.last_xact_id

    def _existing(self, project_id: str) -> ProjectRows:
        return self._projects.get(project_id, _NO_ROWS)

    def _by_hand(self, project_id: str, row_id: str, event: Columns) -> None:
        with self._changed:
            if row_id not in self._existing(project_id):
                raise KeyError(f"no row {row_id} in project {project_id}")
            self.write(project_id, [{"id": row_id, "_is_merge": True, **event}], WriteRules(source="hand"))

    @contextmanager
    def _writing(self, project_id: str) -> Iterator[tuple[ProjectRows, list[str]]]:
        """Lock, yield the project and a list for the ids of what changes, then tell whoever waits for changes."""
        written: list[str] = []
        with self._changed:
            yield self._projects.setdefault(project_id, ProjectRows()), written
            self._changed.notify_all()
        if self._subscribers and written:
            self._post(lambda: self._tell(RowsChanged(project_id, tuple(written))))

    def _tell(self, change: RowsChanged) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(change)


_NO_ROWS = ProjectRows()


def _at_once(call: Callable[[], None]) -> None:
    call()
