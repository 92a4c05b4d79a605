"""The rows of all projects, in SQLite in memory.  Thread-safe: the server, a test and a demo page share it."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, Unpack

from sandbox.braintrust.merge import UnassignMode, merged, obeyed
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
    assignments_in,
    instant_text,
    status_in,
)

# `logged` never changes.  `state` is what queries see of the rest (NULL: nothing of the row yet), `hidden` what is
# stored of it until `shows_at`.  `history` are changes as JSON arrays, with commas between them.
# The index begins with the id: the walk by `number` must not be led astray by one that begins with the project.
_SCHEMA = """
CREATE TABLE projects (id TEXT PRIMARY KEY);
CREATE TABLE rows (
    number INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    id TEXT NOT NULL,
    created TEXT NOT NULL,
    root_span_id TEXT NOT NULL,
    tags TEXT AS (nullif(state -> '$.tags', 'null')) STORED,
    assignments TEXT AS (nullif(state -> '$.metadata."~__bt_assignments"', 'null')) STORED,
    review_lists TEXT AS (nullif(state -> '$.metadata."~__bt_review_lists"', 'null')) STORED,
    status TEXT AS (state ->> '$.metadata."~__bt_review_lists"."__bt_default_review_list".status') STORED,
    shows_at REAL,
    phantom INTEGER NOT NULL,
    history TEXT NOT NULL,
    state TEXT,
    hidden TEXT,
    logged TEXT NOT NULL,
    UNIQUE (id, project)
);
CREATE INDEX hidden_rows ON rows (shows_at) WHERE hidden IS NOT NULL;
"""
_SHOW = "UPDATE rows SET state = hidden, hidden = NULL WHERE hidden IS NOT NULL AND shows_at <= ?"
_STORED = "SELECT logged, ifnull(hidden, state), history, phantom FROM rows"
_STATES = """
SELECT id, ifnull(hidden, state) FROM rows WHERE id IN (SELECT value FROM json_each(?)) AND project = ?
"""
_ADD = """
INSERT INTO rows (number, project, id, created, root_span_id, logged, state, hidden, shows_at, history, phantom)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, iif(?8 IS NULL, ?7, NULL), iif(?8 IS NULL, NULL, ?7), ?8, ?9, ?9 <> '')
"""
_REWRITE = """
UPDATE rows SET state = iif(?1 IS NULL, ?2, state), hidden = iif(?1 IS NULL, NULL, ?2), shows_at = ?1,
    history = iif(history = '', '', history || ',') || ?3
WHERE id = ?4 AND project = ?5
"""
_PER_SECOND = 1 << 16
_XACT_PREFIX = 0x0DE1 << 48


@dataclass(frozen=True, slots=True)
class RowsChanged:
    """What a subscriber is told: these rows of this project were added, written or deleted."""

    project_id: str
    row_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteRules:
    """How a write behaves: who writes, when queries see it, which way of unassigning works."""

    source: Source = "api"
    lag_seconds: float = 0.0
    unassign: UnassignMode = UnassignMode.ANY


Subscriber: TypeAlias = Callable[[RowsChanged], None]
Post: TypeAlias = Callable[[Callable[[], None]], None]


class RowStore:
    """Rows by project and id; every change is one transaction, seen whole or not at all."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._sql = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._sql.executescript(_SCHEMA)
        self._transaction = 0
        self._subscribers: list[Subscriber] = []
        self._post: Post = _at_once

    def open_project(self, project_id: str) -> None:
        """Make a project known, with no rows."""
        with self._changed:
            self._sql.execute("INSERT OR IGNORE INTO projects VALUES (?)", (project_id,))

    def knows(self, project_id: str) -> bool:
        """Whether the project was opened or has ever had a row."""
        return project_id in self.project_ids()

    def project_ids(self) -> list[str]:
        """The known projects."""
        with self._changed:
            return [project_id for (project_id,) in self._sql.execute("SELECT id FROM projects ORDER BY rowid")]

    def add(self, project_id: str, **row: Unpack[NewRow]) -> None:
        """Add one row, as the newest of its project; ValueError when its id is there already."""
        self.add_many(project_id, [row])

    def add_many(self, project_id: str, rows: Iterable[NewRow]) -> None:
        """Add rows, the oldest first: their order is the order of `_pagination_key`."""
        with self._writing(project_id) as written:
            try:
                self._sql.executemany(_ADD, (self._logged(project_id, row, written) for row in rows))
            except sqlite3.IntegrityError as error:
                raise ValueError(f"a row with the id {written[-1]} is there already") from error

    def get(self, project_id: str, row_id: str) -> Row | None:
        """The row as stored, also while queries do not show it yet."""
        with self._changed:
            found = self._sql.execute(f"{_STORED} WHERE id = ? AND project = ?", (row_id, project_id)).fetchone()
        return _row(*found) if found else None

    def all(self, project_id: str) -> list[Row]:
        """Every row of a project, the oldest first."""
        with self._changed:
            found = self._sql.execute(f"{_STORED} WHERE project = ? ORDER BY number", (project_id,)).fetchall()
        return [_row(*stored) for stored in found]

    def delete(self, project_id: str, row_id: str) -> None:
        """Take a row away, as the end of its retention would."""
        with self._writing(project_id) as written:
            self._sql.execute("DELETE FROM rows WHERE id = ? AND project = ?", (row_id, project_id))
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
        """Merge insert events, already validated, as one transaction."""
        with self._writing(project_id) as written:
            written += [event["id"] for event in events]
            states = dict(self._sql.execute(_STATES, (json.dumps(written), project_id)).fetchall())
            transaction = self._begin(time.time())
            shows_at = time.monotonic() + rules.lag_seconds if rules.lag_seconds > 0 else None
            rewritten: list[tuple[Any, ...]] = []
            for row_number, event in enumerate(events):
                if before := states.get(event["id"]):
                    state, change = _merged(json.loads(before), event, transaction, rules)
                    rewritten.append((shows_at, state, change, event["id"], project_id))
                else:
                    phantom = _phantom(project_id, event, (transaction, row_number), rules.source)
                    self._sql.execute(_ADD, (*phantom[:-1], shows_at, phantom[-1]))
            self._sql.executemany(_REWRITE, rewritten)

    def select(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What an SQL query finds in the rows as queries may see them now."""
        with self._changed:
            self._sql.execute(_SHOW, (time.monotonic(),))
            return self._sql.execute(query, values).fetchall()

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

    def _by_hand(self, project_id: str, row_id: str, event: Columns) -> None:
        with self._changed:
            if self.get(project_id, row_id) is None:
                raise KeyError(f"no row {row_id} in project {project_id}")
            self.write(project_id, [{"id": row_id, "_is_merge": True, **event}], WriteRules(source="hand"))

    @contextmanager
    def _writing(self, project_id: str) -> Iterator[list[str]]:
        """One transaction; yields a list for the ids of what changes, then tells whoever waits for changes."""
        written: list[str] = []
        with self._changed:
            self._sql.execute("BEGIN")
            with self._sql:  # commits, or rolls back
                self._sql.execute("INSERT OR IGNORE INTO projects VALUES (?)", (project_id,))
                yield written
            self._changed.notify_all()
        if self._subscribers and written:
            self._post(lambda: self._tell(RowsChanged(project_id, tuple(written))))

    def _tell(self, change: RowsChanged) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(change)

    def _begin(self, seconds: float) -> int:
        """The number of a new transaction: it only grows, and follows the clock where it can."""
        self._transaction = max(self._transaction + 1, int(seconds) * _PER_SECOND)
        return self._transaction

    def _logged(self, project_id: str, row: NewRow, written: list[str]) -> tuple[Any, ...]:
        written.append(row["id"])
        transaction = self._begin(row["created"].timestamp())
        return *_new_row(project_id, {**row}, instant_text(row["created"]), (transaction, 0)), None, ""


def _row(logged: str, state: str, history: str, phantom: int) -> Row:
    fixed, changing, changes = json.loads(f"[{logged},{state},[{history}]]")
    past = tuple(Change(xact, source, tuple(who), status) for xact, source, who, status in changes)
    return Row(fixed | changing, past, bool(phantom))


def _new_row(project_id: str, values: Columns, created: str, at: tuple[int, int]) -> tuple[Any, ...]:
    """The first values of `_ADD`; the row's number comes from its transaction and its place in it."""
    transaction, row_number = at
    number = (transaction << 16) | row_number
    span_id = values.get("span_id") or values["id"]
    root_span_id = values.get("root_span_id") or span_id
    standard: Columns = {
        "_pagination_key": f"p{number:020d}",
        "created": created,
        "project_id": project_id,
        "is_root": values.get("is_root", not values.get("span_parents")),
        "span_id": span_id,
        "root_span_id": root_span_id,
    }
    logged = {key: value for key, value in values.items() if key not in STATE} | standard
    state = {key: values.get(key) for key in STATE} | {"_xact_id": _xact_id(transaction)}
    return number, project_id, values["id"], created, root_span_id, _json(logged), _json(state)


def _phantom(project_id: str, event: Columns, at: tuple[int, int], source: Source) -> tuple[Any, ...]:
    """A merge onto an id that is not there makes a row out of nothing."""
    values = {key: value for key, value in event.items() if key[0] != "_"}
    row = _new_row(project_id, values, instant_text(datetime.now(UTC)), at)
    return *row, _change(_xact_id(at[0]), values.get("metadata"), source)


def _merged(before: Columns, event: Columns, transaction: int, rules: WriteRules) -> tuple[str, str]:
    """A row's new state, and the change as its history has it."""
    state = obeyed(before, merged(before, event), event, rules.unassign)
    state["_xact_id"] = _xact_id(transaction)
    return _json(state), _change(state["_xact_id"], state["metadata"], rules.source)


def _change(xact_id: str, metadata: Columns | None, source: Source) -> str:
    return _json([xact_id, source, assignments_in(metadata), status_in(metadata)])


_json = json.JSONEncoder(separators=(",", ":")).encode


def _xact_id(transaction: int) -> str:
    """The `_xact_id` of a transaction: 19 digits."""
    return str(_XACT_PREFIX | transaction)


def _at_once(call: Callable[[], None]) -> None:
    call()
