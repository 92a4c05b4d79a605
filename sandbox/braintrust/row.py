"""One log row of the stand-in, and what was written to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, NotRequired, Required, TypeAlias, TypedDict

Columns: TypeAlias = dict[str, Any]
Source: TypeAlias = Literal["api", "hand"]

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

# What writes change; the rest of a row stays as it was logged.
STATE = frozenset({"_xact_id", "tags", "metadata"})


class NewRow(TypedDict, total=False):
    """What a new row may be given; the rest is null."""

    id: Required[str]
    created: Required[datetime]
    tags: Required[list[str] | None]
    metadata: NotRequired[dict[str, Any] | None]
    is_root: NotRequired[bool]
    span_id: NotRequired[str]
    root_span_id: NotRequired[str]
    span_parents: NotRequired[list[str] | None]
    input: NotRequired[Any]
    output: NotRequired[Any]
    scores: NotRequired[dict[str, float] | None]


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
    def xact_id(self) -> str:
        """The transaction of the last write: digits, growing."""
        return str(self.columns["_xact_id"])

    @property
    def pagination_key(self) -> str:
        """`p` and 20 digits, fixed when the row was added."""
        return str(self.columns["_pagination_key"])

    @property
    def created(self) -> datetime:
        """When the row was logged."""
        return instant_of(self.columns["created"])

    @property
    def is_root(self) -> bool:
        """Whether the row is the root span of its trace."""
        return bool(self.columns["is_root"])

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
