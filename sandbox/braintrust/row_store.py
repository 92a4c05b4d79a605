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
from typing import Any, Unpack

from sandbox.braintrust.merge import UnassignMode, WriteRules, brief, merge, to_json
from sandbox.braintrust.row import (
    ASSIGNMENTS,
    DEFAULT_LIST,
    REVIEW_LISTS,
    STATE,
    Change,
    Columns,
    NewRow,
    Row,
    Source,
    assignees_in,
    instant_text,
)
from sandbox.braintrust.row_sql import METADATA

# `logged` never changes.  `metadata` is without the assignments and the review lists, which have columns of their own.
# Queries see `rows`; what they are not to see yet is in `hidden`, until `shows_at`.
# The index begins with the id: the walk by `number` must not be led astray by one that begins with the project.
_COLUMNS = """
    number INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    created TEXT NOT NULL,
    root_span_id TEXT NOT NULL,
    phantom INTEGER NOT NULL,
    xact_id TEXT NOT NULL,
    tags TEXT,
    assignments TEXT,
    review_lists TEXT,
    metadata TEXT,
    logged TEXT NOT NULL,
    shows_at REAL,
    UNIQUE (id, project)
"""
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
CREATE TABLE rows ({_COLUMNS});
CREATE TABLE hidden ({_COLUMNS});
CREATE VIEW stored AS
    SELECT * FROM rows WHERE number NOT IN (SELECT number FROM hidden) UNION ALL SELECT * FROM hidden;
"""
_ADD = f"INSERT INTO {{}} VALUES ({', '.join('?' * 13)})"
_READ = f"SELECT number, phantom, logged, json_array(xact_id, json(tags), json({METADATA})) FROM stored WHERE "
_WRITTEN = "project = :project AND id IN (SELECT value ->> 0 FROM json_each(:events))"
_HIDE = f"INSERT OR IGNORE INTO hidden SELECT * FROM rows WHERE {_WRITTEN}"
_SHOW = f"UPDATE hidden SET shows_at = 0 WHERE {_WRITTEN}"  # what is written now shows what was written before
_PLACE_BITS = 16  # of a row's number, for its place in the transaction that added it
_PER_SECOND = 1 << 16
_XACT_PREFIX = 0x0DE1 << 48


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
        self._history: defaultdict[int, list[tuple[str, Source, str | None, str | None]]] = defaultdict(list)
        self._transaction = 0
        self._subscribers: list[Callable[[], None]] = []

    def add(self, project_id: str, **row: Unpack[NewRow]) -> None:
        """Add one row, as the newest of its project; ValueError when its id is there already."""
        self.add_many(project_id, [row])

    def add_many(self, project_id: str, rows: Iterable[NewRow]) -> None:
        """Add rows, the oldest first: their order is the order of `_pagination_key`."""
        with self._writing(project_id):
            values = (
                _values(project_id, {**row}, self._begin(row["created"].timestamp()) << _PLACE_BITS) for row in rows
            )
            try:
                self._sql.executemany(_ADD.format("rows"), values)
            except sqlite3.IntegrityError as error:
                raise ValueError("a row with this id is there already") from error

    def get(self, project_id: str, row_id: str) -> Row | None:
        """The row as stored, also while queries do not show it yet."""
        found = self._read("project = ? AND id = ?", project_id, row_id)
        return found[0] if found else None

    def all(self, project_id: str) -> list[Row]:
        """Every row of a project, the oldest first."""
        return self._read("project = ? ORDER BY number", project_id)

    def delete(self, project_id: str, row_id: str) -> None:
        """Take a row away, as the end of its retention would."""
        with self._writing(project_id):
            for table in ("rows", "hidden"):
                self._sql.execute(f"DELETE FROM {table} WHERE project = ? AND id = ?", (project_id, row_id))

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
            tagged = (to_json(tags), project_id, row_id)
            self._sql.execute("UPDATE rows SET tags = ? WHERE project = ? AND id = ?", tagged)

    def write(self, project_id: str, events: Sequence[Columns], rules: WriteRules) -> None:
        """Merge the events of an insert, already validated, as one transaction; an unknown id makes a row."""
        with self._writing(project_id):
            transaction = self._begin(time.time())
            known = self._merge(project_id, events, transaction, rules)
            unknown = [event for event in events if event["id"] not in known] if len(known) < len(events) else []
            for place, event in enumerate(unknown):
                row = {"id": event["id"], "created": datetime.now(UTC)}
                values = _values(project_id, row, (transaction << _PLACE_BITS) | place, is_phantom=True)
                self._sql.execute(_ADD.format("hidden" if rules.lag_seconds else "rows"), values)
            if unknown:
                self._merge(project_id, unknown, transaction, rules)

    def select(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What an SQL query finds in the rows as queries may see them now."""
        with self._changed:
            self._reveal(self.clock())
            return self._sql.execute(query, values).fetchall()

    def subscribe(self, subscriber: Callable[[], None]) -> None:
        """Have `subscriber` called after every change, on the thread that made it."""
        with self._changed:
            self._subscribers.append(subscriber)

    def wait_until(self, condition: Callable[["RowStore"], bool], *, timeout_seconds: float = 30.0) -> None:
        """Block until `condition(store)` holds after some change; TimeoutError when it does not come to that."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), timeout_seconds):
                raise TimeoutError("the rows did not come to the state waited for")

    def _merge(self, project_id: str, events: Sequence[Columns], transaction: int, rules: WriteRules) -> set[str]:
        """Merge events into the rows that are there; the ids of these."""
        xact_id = str(_XACT_PREFIX | transaction)
        values = {
            "project": project_id,
            "events": to_json([brief(event, rules) for event in events]),
            "delete_works": rules.allow(UnassignMode.ARRAY_DELETE),
            "xact_id": xact_id,
            "shows_at": self.clock() + rules.lag_seconds,
        }
        if rules.lag_seconds:
            self._sql.execute(_HIDE, values)
        else:
            self._sql.execute(_SHOW, values)
            self._reveal(0.0)
        found = self._sql.execute(merge("hidden" if rules.lag_seconds else "rows"), values).fetchall()
        for number, _, people, status in found:
            self._history[number].append((xact_id, rules.source, people, status))
        return {row_id for _, row_id, _, _ in found}

    def _reveal(self, now: float) -> None:
        """Let queries see what was hidden until `now`."""
        self._sql.execute("INSERT OR REPLACE INTO rows SELECT * FROM hidden WHERE shows_at <= ?", (now,))
        self._sql.execute("DELETE FROM hidden WHERE shows_at <= ?", (now,))

    def _by_hand(self, project_id: str, row_id: str, metadata: Columns) -> None:
        with self._changed:
            if self.get(project_id, row_id) is None:
                raise KeyError(f"no row {row_id} in project {project_id}")
            self.write(project_id, [{"id": row_id, "metadata": metadata}], WriteRules(source="hand"))

    def _read(self, condition: str, *values: str) -> list[Row]:
        with self._changed:
            found = self._sql.execute(_READ + condition, values).fetchall()
            return [self._row(*values) for values in found]

    def _row(self, number: int, phantom: int, logged: str, state: str) -> Row:
        xact_id, tags, metadata = json.loads(state)
        columns = json.loads(logged) | {"_xact_id": xact_id, "tags": tags, "metadata": metadata}
        history = (
            Change(xact, source, assignees_in(json.loads(people or "null")), status)
            for xact, source, people, status in self._history.get(number, ())
        )
        return Row(columns, tuple(history), bool(phantom))

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


def _values(project_id: str, row: Columns, number: int, *, is_phantom: bool = False) -> tuple[Any, ...]:
    """What `_ADD` needs; the number comes from the row's transaction and its place in it."""
    span_id = row.get("span_id") or row["id"]
    metadata = {**(row.get("metadata") or {})}
    people, lists = metadata.pop(ASSIGNMENTS, None), metadata.pop(REVIEW_LISTS, None)
    standard = {
        "_pagination_key": f"p{number:020d}",
        "created": instant_text(row["created"]),
        "project_id": project_id,
        "is_root": row.get("is_root", not row.get("span_parents")),
        "span_id": span_id,
        "root_span_id": row.get("root_span_id") or span_id,
    }
    logged = {key: value for key, value in row.items() if key not in STATE} | standard
    return (
        number,
        project_id,
        row["id"],
        standard["created"],
        standard["root_span_id"],
        is_phantom,
        str(_XACT_PREFIX | number >> _PLACE_BITS),
        *(None if value is None else to_json(value) for value in (row.get("tags"), people, lists, metadata or None)),
        to_json(logged),
        0.0,
    )
