"""The rows of all projects, in SQLite in memory.  Thread-safe: the server, a test and a demo page share it."""

import json
import sqlite3
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sandbox.braintrust.row import (
    ASSIGNMENTS,
    DEFAULT_LIST,
    REVIEW_LISTS,
    Change,
    Columns,
    Row,
    Source,
    Unassign,
    instant_text,
    merged,
)


class _Stored(NamedTuple):
    """A line of the table; `tags`, `metadata` and `logged` are JSON.  `logged` never changes."""

    number: int
    project: str
    id: str
    created: str
    root_span_id: str
    phantom: bool
    xact_id: str
    tags: str | None
    metadata: str | None
    logged: str


# The index begins with the id: the walk by `number` must not be led astray by one that begins with the project.
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
CREATE TABLE rows (number INTEGER PRIMARY KEY, {", ".join(_Stored._fields[1:])}, UNIQUE (id, project));
"""
_PLACE_BITS = 16  # of a row's number, for its place in the transaction that added it
_PER_SECOND = 1 << 16
_XACT_PREFIX = 0x0DE1 << 48

_to_json = json.JSONEncoder(separators=(",", ":")).encode


class RowStore:
    """Rows by project and id; every change is seen whole or not at all."""

    def __init__(self) -> None:
        self.projects: dict[str, str] = {}  # their names, by id
        self.clock = time.monotonic
        """By which a change becomes visible; for a test that has a clock of its own."""
        self._changed = threading.Condition(threading.RLock())
        self._sql = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._sql.executescript(_SCHEMA)
        weakref.finalize(self, self._sql.close)
        self._hidden: dict[int, tuple[float, _Stored]] = {}  # until when queries see what is in the table
        self._history: defaultdict[int, list[Change]] = defaultdict(list)
        self._transaction = 0
        self._subscribers: list[Callable[[], None]] = []

    def add(self, project_id: str, **row: Any) -> None:
        """Add one row, as the newest of its project; ValueError when its id is there already."""
        self.add_many(project_id, [row])

    def add_many(self, project_id: str, rows: Iterable[Columns]) -> None:
        """Add rows, the oldest first: their order is the order of `_pagination_key`.

        Each has an `id` and a moment at which it was `created`; other columns that are not given are null.
        """
        with self._writing(project_id):
            new = (_new(project_id, row, self._begin(row["created"].timestamp()) << _PLACE_BITS) for row in rows)
            try:
                self._put("INSERT", new)
            except sqlite3.IntegrityError as error:
                raise ValueError("a row with this id is there already") from error

    def get(self, project_id: str, row_id: str) -> Row | None:
        """The row as stored, also while queries do not show it yet."""
        with self._changed:
            found = self._stored(project_id, [row_id]).get(row_id)
            return found and self._row(found)

    def all(self, project_id: str) -> list[Row]:
        """Every row of a project, the oldest first."""
        with self._changed:
            return [self._row(stored) for stored in self._stored(project_id).values()]

    def delete(self, project_id: str, row_id: str) -> None:
        """Take a row away, as the end of its retention would."""
        with self._writing(project_id):
            for stored in self._stored(project_id, [row_id]).values():
                self._hidden.pop(stored.number, None)
                self._sql.execute("DELETE FROM rows WHERE number = ?", (stored.number,))

    def assign_by_hand(self, project_id: str, row_id: str, user_ids: Sequence[str]) -> None:
        """Assign a row as somebody does in Braintrust's UI; [] takes the assignees away."""
        self._by_hand(project_id, row_id, {ASSIGNMENTS: list(user_ids)})

    def finish_by_hand(self, project_id: str, row_id: str, status: str = "COMPLETE") -> None:
        """Set a row's status in the default review list, as a reviewer does in Braintrust's UI."""
        self._by_hand(project_id, row_id, {REVIEW_LISTS: {DEFAULT_LIST: {"status": status}}})

    def set_tags(self, project_id: str, row_id: str, tags: Sequence[str]) -> None:
        """Replace a row's tags."""
        with self._changed:
            self._by_hand(project_id, row_id, {})
            tagged = (_to_json(tags), project_id, row_id)
            self._sql.execute("UPDATE rows SET tags = ? WHERE project = ? AND id = ?", tagged)

    def write(
        self,
        project_id: str,
        events: Sequence[Columns],
        *,
        source: Source = "api",
        lag_seconds: float = 0.0,
        unassign: Unassign = "any",
    ) -> None:
        """Merge the events of an insert, already validated, as one transaction; an unknown id makes a phantom row.

        Queries see it after `lag_seconds`; `unassign` is the one way of emptying a list of assignees that works.
        """
        with self._writing(project_id):
            transaction = self._begin(time.time())
            known = self._stored(project_id, [event["id"] for event in events])
            written = []
            for place, event in enumerate(events):
                number = (transaction << _PLACE_BITS) | place
                old = known.get(event["id"]) or _new(project_id, _phantom(event["id"]), number, is_phantom=True)
                metadata = merged(json.loads(old.metadata or "{}"), event, unassign)
                now = old._replace(xact_id=_xact_id(transaction), metadata=_to_json(metadata) if metadata else None)
                row = self._row(now)
                self._history[now.number].append(Change(now.xact_id, source, row.assignments, row.status))
                written.append(now)
            self._hidden |= {one.number: (self.clock() + lag_seconds, one) for one in written}
            if not lag_seconds:
                self._reveal({one.number for one in written})

    def select(self, query: str) -> list[tuple[Any, ...]]:
        """What an SQL query finds in the rows as queries may see them now."""
        with self._changed:
            now = self.clock()
            self._reveal({number for number, (shows_at, _) in self._hidden.items() if shows_at <= now})
            return self._sql.execute(query).fetchall()

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        """Have `subscriber` called after every change, on the thread that made it."""
        with self._changed:
            self._subscribers.append(subscriber)

    def wait_until(self, condition: Callable[["RowStore"], bool], *, timeout_seconds: float = 30.0) -> None:
        """Block until `condition(store)` holds after some change; TimeoutError when it does not come to that."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), timeout_seconds):
                raise TimeoutError("the rows did not come to the state waited for")

    def _stored(self, project_id: str, row_ids: Iterable[str] | None = None) -> dict[str, _Stored]:
        """The rows of a project, or those with these ids, as they were written last."""
        ids = row_ids and set(row_ids)
        chosen = "" if ids is None else " AND id IN (SELECT value FROM json_each(?))"
        values = (project_id,) if ids is None else (project_id, json.dumps([*ids]))
        found = self._sql.execute(f"SELECT * FROM rows WHERE project = ?{chosen} ORDER BY number", values)
        hidden = (one for _, one in self._hidden.values() if one.project == project_id and (not ids or one.id in ids))
        return {one.id: one for one in (*map(_Stored._make, found), *hidden)}

    def _put(self, how: str, rows: Iterable[_Stored]) -> None:
        self._sql.executemany(f"{how} INTO rows VALUES ({', '.join('?' * len(_Stored._fields))})", rows)

    def _reveal(self, numbers: Iterable[int]) -> None:
        """Let queries see what was hidden."""
        self._put("REPLACE", [self._hidden.pop(number)[1] for number in numbers])

    def _by_hand(self, project_id: str, row_id: str, metadata: Columns) -> None:
        with self._changed:
            if self.get(project_id, row_id) is None:
                raise KeyError(f"no row {row_id} in project {project_id}")
            self.write(project_id, [{"id": row_id, "metadata": metadata}], source="hand")

    def _row(self, stored: _Stored) -> Row:
        tags, metadata = json.loads(stored.tags or "null"), json.loads(stored.metadata or "null")
        columns = json.loads(stored.logged) | {"_xact_id": stored.xact_id, "tags": tags, "metadata": metadata}
        return Row(columns, tuple(self._history.get(stored.number, ())), bool(stored.phantom))

    @contextmanager
    def _writing(self, project_id: str) -> Iterator[None]:
        """Nobody sees the rows meanwhile; then whoever waits for changes is told."""
        with self._changed:
            self.projects.setdefault(project_id, f"project-{project_id[:8]}")
            yield
            self._changed.notify_all()
            for subscriber in self._subscribers:
                subscriber()

    def _begin(self, seconds: float) -> int:
        """The number of a new transaction: it only grows, and follows the clock where it can."""
        self._transaction = max(self._transaction + 1, int(seconds) * _PER_SECOND)
        return self._transaction


def _new(project_id: str, row: Columns, number: int, *, is_phantom: bool = False) -> _Stored:
    """A row as it is added; the number comes from its transaction and its place in it."""
    span_id = row.get("span_id") or row["id"]
    logged = {
        **{key: value for key, value in row.items() if key not in ("_xact_id", "tags", "metadata")},
        "_pagination_key": f"p{number:020d}",
        "created": instant_text(row["created"]),
        "project_id": project_id,
        "is_root": row.get("is_root", not row.get("span_parents")),
        "span_id": span_id,
        "root_span_id": row.get("root_span_id") or span_id,
    }
    return _Stored(
        number,
        project_id,
        row["id"],
        logged["created"],
        logged["root_span_id"],
        is_phantom,
        _xact_id(number >> _PLACE_BITS),
        _to_json(row["tags"]) if row.get("tags") is not None else None,
        _to_json(row["metadata"]) if row.get("metadata") else None,
        _to_json(logged),
    )


def _phantom(row_id: str) -> Columns:
    return {"id": row_id, "created": datetime.now(UTC)}


def _xact_id(transaction: int) -> str:
    return str(_XACT_PREFIX | transaction)
