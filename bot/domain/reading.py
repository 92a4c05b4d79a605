"""One log row as it was read, and the count of many."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMED_IDS = 5
MAX_WORD_LENGTH = 255  # of tags, assignees and statuses: as long as a tag that can be asked for
MAX_STATUSES = 20
UNKNOWN_WORD = "?"
_UNQUOTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories: controls, surrogates, line and paragraph breaks
PENDING = "PENDING"  # the status that the assignment itself writes
USUAL_OPEN_STATUSES = (PENDING, "BACKLOG")
"""The statuses of rows that can still be assigned: those that Braintrust's pages call pending and not yet started."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One Braintrust log row as read: its id, who it is assigned to, and how its review stands."""

    id: str
    """As Braintrust has it, "" where it gave none."""
    assignees: tuple[str, ...]
    status: str | None
    tags: tuple[str, ...] = ()
    group: str | None = None
    """What it has in common with the rows that belong to it, as text; None without anything, or where not asked."""

    @property
    def assigned(self) -> bool:
        """Whether somebody already has it."""
        return bool(self.assignees)

    def is_finished(self, open_statuses: Collection[str]) -> bool:
        """Whether its review has a status that is none of these (Braintrust does not document its words)."""
        return self.status is not None and self.status.upper() not in open_statuses


@dataclass(frozen=True, slots=True)
class ReadingCounts:
    """How the rows that match a plan's filter fall apart; `matched` is the sum of the other four."""

    matched: int = 0
    assigned: int = 0
    finished: int = 0
    unassigned: int = 0
    unaddressable: int = 0
    """Rows with an id that cannot be asked for, so that nobody can check or write them."""
    statuses: tuple[tuple[str, int], ...] = ()
    """The most frequent review statuses of the finished ones, the most frequent first."""


NOTHING_READ = ReadingCounts()


@dataclass(slots=True)
class FoundRows:
    """The rows that a reading found, from the newest on; each counts once, however often it comes."""

    open_statuses: Collection[str] = USUAL_OPEN_STATUSES
    free: list[str] = field(default_factory=list)
    """The ids of the rows that can be handed out, newest first."""
    group_of: dict[str, str] = field(default_factory=dict)
    odd_ids: list[str] = field(default_factory=list)
    """The ids of the first few rows that cannot be asked for."""
    _seen: set[str] = field(default_factory=set)
    _statuses: Counter[str] = field(default_factory=Counter)
    _unaddressable: int = 0

    @property
    def rows(self) -> int:
        """How many rows there are so far."""
        return len(self._seen) + self._unaddressable

    @property
    def counts(self) -> ReadingCounts:
        """How they fall apart so far."""
        finished, free = self._statuses.total(), len(self.free)
        assigned = len(self._seen) - finished - free
        statuses = tuple(self._statuses.most_common(MAX_STATUSES))
        return ReadingCounts(self.rows, assigned, finished, free, self._unaddressable, statuses)

    def add(self, rows: Iterable[LogRow]) -> None:
        """Count `rows`, which follow those that were added before."""
        for row in rows:
            if not row.id or not is_quotable(row.id):  # nobody can ask for it
                self._unaddressable += 1
                self.odd_ids += [row.id][: NAMED_IDS - len(self.odd_ids)]
                continue
            if row.id in self._seen:
                continue
            self._seen.add(row.id)
            if row.assigned:
                continue
            if row.is_finished(self.open_statuses):
                self._statuses[row.status or ""] += 1
                continue
            self.free.append(row.id)
            if row.group is not None:
                self.group_of[row.id] = row.group


def log_row(record: Mapping[str, Any]) -> LogRow:
    """The row behind one record of a query's answer.

    Columns are looked up by alias, by exact text and by last component, because a server may name them by any of
    these.
    """
    row_id = record.get("id")
    lists = _column(record, "review_lists", "~__bt_review_lists")
    return LogRow(
        id=row_id if isinstance(row_id, str) else "",
        assignees=_strings(_column(record, "assignments", "~__bt_assignments")),
        status=None if lists is None else _default_status(_json(lists)),
        tags=_strings(record.get("tags")),
        group=_group(record["group_key"]) if "group_key" in record else None,
    )


def is_quotable(value: str) -> bool:
    """Whether `value` can stand in a BTQL string: no backslash (its meaning is undocumented), no control character."""
    if value.isascii():  # ids are, in their hundred thousands
        return "\\" not in value and (value.isprintable() or not value)
    return "\\" not in value and all(unicodedata.category(character) not in _UNQUOTABLE for character in value)


def _group(value: Any) -> str | None:
    """Any JSON value as text that is the same for equal values; nothing, or nothing in it, belongs to nobody."""
    if value in (None, "", [], {}):
        return None
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= MAX_WORD_LENGTH else hashlib.sha256(text.encode()).hexdigest()


def _column(record: Mapping[str, Any], alias: str, key: str) -> Any:
    if alias in record:
        return record[alias]
    for name in (f'metadata."{key}"', key, f"metadata.{key}"):
        if name in record:
            return record[name]
    metadata = record.get("metadata")
    return metadata.get(key) if isinstance(metadata, Mapping) else None


def _json(value: Any) -> Any:
    """`value`, parsed when it is JSON in a string (some servers send objects that way)."""
    if isinstance(value, str) and value[:1] in ("[", "{", '"'):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    value = _json(value)
    items = value if isinstance(value, list) else [value]
    return tuple(_word(item) for item in items if item)


def _default_status(lists: Any) -> str | None:
    entry = _json(lists.get("__bt_default_review_list")) if isinstance(lists, Mapping) else None
    status = entry.get("status") if isinstance(entry, Mapping) else None
    return _word(status) if status else None


def _word(value: Any) -> str:
    """A word as text; one that is none, but stands in its place, is something nobody knows."""
    return str(value)[:MAX_WORD_LENGTH] if isinstance(value, str | int | float) else UNKNOWN_WORD
