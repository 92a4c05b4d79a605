"""Write rows: add, merge, replace, delete; and let queries see a write only later, if asked.
Not thread-safe: RowStore holds the lock.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.braintrust.instants import instant_of, instant_text
from sandbox.braintrust.merge import merged
from sandbox.braintrust.project_rows import Place, ProjectRows
from sandbox.braintrust.row import Change, Columns, NewRow, Row, Source, assignments_in, status_in
from sandbox.braintrust.transactions import Transactions, pagination_key, pagination_number, xact_id
from sandbox.braintrust.unassigning import UnassignMode, obeyed


@dataclass(frozen=True, slots=True)
class WriteRules:
    """How a write behaves: who writes, when queries see it, which way of unassigning works."""

    source: Source = "api"
    lag_seconds: float = 0.0
    unassign: UnassignMode = UnassignMode.ANY


class RowWriter:
    """Turns new rows and insert events into stored rows, one transaction after the other."""

    def __init__(self) -> None:
        self._transactions = Transactions()
        self._hidden: list[tuple[float, Place, Columns]] = []

    @property
    def last_xact_id(self) -> str:
        """The newest transaction's `_xact_id`."""
        return xact_id(self._transactions.last)

    def append(self, project: ProjectRows, project_id: str, row: NewRow) -> None:
        """Add a row as the newest, seen at once; ValueError when its id is taken."""
        if row["id"] in project:
            raise ValueError(f"a row with the id {row['id']} is there already")
        created = row["created"]
        transaction = self._transactions.begin(created.timestamp())
        columns = _new_columns(project_id, dict(row), instant_text(created), transaction)
        number = pagination_number(transaction)
        columns["_pagination_key"] = pagination_key(number)
        project.append(Place(number, Row(columns), columns))

    def write(self, project: ProjectRows, project_id: str, events: Sequence[Columns], rules: WriteRules) -> None:
        """Apply insert events, each with an id, as one transaction."""
        transaction = self._transactions.begin(time.time())
        for row_number, event in enumerate(events):
            place = project.get(event["id"])
            if event.get("_object_delete"):
                project.remove(event["id"])
            elif place is None:
                self._insert(project, project_id, event, (transaction, row_number), rules)
            else:
                self._rewrite(place, project_id, event, transaction, rules)

    def reveal(self) -> None:
        """Let queries see the writes whose lag is over."""
        if not self._hidden:
            return
        now = time.monotonic()
        for visible_at, place, columns in self._hidden:
            if visible_at <= now:
                _show(place, columns)
        self._hidden = [entry for entry in self._hidden if entry[0] > now]

    def _insert(
        self, project: ProjectRows, project_id: str, event: Columns, at: tuple[int, int], rules: WriteRules
    ) -> None:
        transaction, row_number = at
        values = {key: value for key, value in event.items() if key[0] != "_"}
        created = (
            instant_text(instant_of(event["created"])) if event.get("created") else instant_text(datetime.now(UTC))
        )
        columns = _new_columns(project_id, values, created, transaction)
        number = pagination_number(transaction, row_number)
        columns["_pagination_key"] = pagination_key(number)
        row = Row(columns, (_change(columns, rules.source),), phantom=bool(event.get("_is_merge")))
        place = Place(number, row, None)
        project.append(place)
        self._show_after(place, columns, rules.lag_seconds)

    def _rewrite(self, place: Place, project_id: str, event: Columns, transaction: int, rules: WriteRules) -> None:
        before = place.row.columns
        if event.get("_is_merge"):
            columns = obeyed(before, merged(before, event), event, rules.unassign)
            columns["_xact_id"] = xact_id(transaction)
        else:
            values = {key: value for key, value in event.items() if key[0] != "_"}
            columns = _new_columns(project_id, values, before["created"], transaction)
            columns["_pagination_key"] = before["_pagination_key"]
        history = (*place.row.history, _change(columns, rules.source))
        place.row = Row(columns, history, place.row.phantom)
        self._show_after(place, columns, rules.lag_seconds)

    def _show_after(self, place: Place, columns: Columns, seconds: float) -> None:
        if seconds > 0:
            self._hidden.append((time.monotonic() + seconds, place, columns))
        else:
            _show(place, columns)


def _show(place: Place, columns: Columns) -> None:
    """Show `columns`, unless something newer is shown already."""
    if place.shown is None or place.shown["_xact_id"] <= columns["_xact_id"]:
        place.shown = columns


def _new_columns(project_id: str, values: Columns, created: str, transaction: int) -> Columns:
    span_id = values.get("span_id") or values["id"]
    standard: dict[str, Any] = {
        "_xact_id": xact_id(transaction),
        "created": created,
        "project_id": project_id,
        "is_root": values.get("is_root", not values.get("span_parents")),
        "span_id": span_id,
        "root_span_id": values.get("root_span_id") or span_id,
    }
    return {"tags": None, "metadata": None, "input": None, "output": None} | values | standard


def _change(columns: Columns, source: Source) -> Change:
    metadata = columns["metadata"]
    return Change(columns["_xact_id"], source, assignments_in(metadata), status_in(metadata))
