"""One log row of the stand-in, and what was written to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

Columns: TypeAlias = dict[str, Any]
Source: TypeAlias = Literal["api", "hand"]
Unassign: TypeAlias = str  # the way that empties a list: array_delete, empty_list, null, none of them, or any

ASSIGNMENTS = "~__bt_assignments"
REVIEW_LISTS = "~__bt_review_lists"
DEFAULT_LIST = "__bt_default_review_list"

# What `select: *` answers for project logs, in recorded traffic.
_COLUMNS = """
_async_scoring_state _pagination_key _xact_id audit_data classifications comments context created error expected facets
id input is_root log_id metadata metrics org_id origin output project_id root_span_id scores span_attributes span_id
span_parents tags
"""
COLUMN_NAMES = frozenset(_COLUMNS.split())


class Change(NamedTuple):
    """One write to a row after it was added, with the assignees and the status that it left behind."""

    xact_id: str
    source: Source
    assignments: tuple[str, ...]
    status: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row as stored; never changed, a write puts a new one in its place.

    `phantom` marks a row that a merge made because it met no row with its id.
    """

    columns: Columns
    history: tuple[Change, ...] = ()
    phantom: bool = False

    @property
    def id(self) -> str:
        """The row's id."""
        return str(self.columns["id"])

    @property
    def created(self) -> datetime:
        """When the row was logged."""
        return instant_of(self.columns["created"])

    @property
    def tags(self) -> list[str]:
        """The row's tags."""
        return list(self.columns["tags"] or ())

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The row's metadata."""
        return self.columns["metadata"] or {}

    @property
    def assignments(self) -> tuple[str, ...]:
        """The ids of the people who are to review the row."""
        return assignees_in(self.metadata.get(ASSIGNMENTS))

    @property
    def status(self) -> str | None:
        """Where the row stands in the default review list, for instance PENDING."""
        value: Any = self.metadata
        for key in (REVIEW_LISTS, DEFAULT_LIST, "status"):
            value = value.get(key) if isinstance(value, dict) else None
        return value if isinstance(value, str) else None


def merged(metadata: Columns, event: Columns, unassign: Unassign) -> Columns:
    """A row's metadata after an event, as Braintrust's SDK merges it (`merge_dicts_with_paths`) with the bot's paths.

    Arrays are replaced, dicts united.  Only the one way of emptying a list of assignees works that `unassign` names.
    """
    new, given = dict(metadata), event.get("metadata", {})
    if ASSIGNMENTS in given:
        people = given[ASSIGNMENTS]
        if people or unassign in ("any", "null" if people is None else "empty_list"):
            new[ASSIGNMENTS] = people
    for deletion in event.get("_array_delete", ()):
        people = [who for who in assignees_in(new.get(ASSIGNMENTS)) if who not in deletion["delete"]]
        if people or unassign in ("any", "array_delete"):
            new[ASSIGNMENTS] = people
    for name, fields in given.get(REVIEW_LISTS, {}).items():
        lists = new.get(REVIEW_LISTS) or {}
        new[REVIEW_LISTS] = {**lists, name: {**lists.get(name, {}), **fields}}
    return new


def assignees_in(value: Any) -> tuple[str, ...]:
    """The assignees that a row's metadata names; a single one may stand without a list."""
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str) and value else ()


def instant_text(moment: datetime) -> str:
    """`moment` as rows carry it: `2026-05-18T09:00:00.000000Z`, so that text order is time order."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def instant_of(text: str) -> datetime:
    """The moment that an ISO 8601 text names; ValueError when it names none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
