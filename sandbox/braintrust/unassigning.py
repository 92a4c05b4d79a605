"""Which way of emptying a row's assignments really works; undocumented, so a test chooses."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sandbox.braintrust.row import ASSIGNMENTS, Columns, assignments_in


class UnassignMode(StrEnum):
    """The one way that empties a list of assignees; the others are accepted and leave it as it was."""

    ANY = "any"
    ARRAY_DELETE = "array_delete"
    EMPTY_LIST = "empty_list"
    NULL = "null"
    NONE = "none"


def obeyed(before: Columns, after: Columns, event: Columns, mode: UnassignMode) -> Columns:
    """`after`, with the assignees of `before` put back when the event emptied them in a way that does not work."""
    had = assignments_in(before.get("metadata"))
    emptied = had and not assignments_in(after.get("metadata"))
    way = _way(event) if emptied else None
    if way is None or mode in (UnassignMode.ANY, way):
        return after
    kept = before["metadata"][ASSIGNMENTS]
    return after | {"metadata": (after["metadata"] or {}) | {ASSIGNMENTS: kept}}


def _way(event: Mapping[str, Any]) -> UnassignMode | None:
    """How the event empties the assignees; None when it replaces all metadata, which always works."""
    metadata = event.get("metadata")
    if isinstance(metadata, dict) and ASSIGNMENTS in metadata:
        return UnassignMode.NULL if metadata[ASSIGNMENTS] is None else UnassignMode.EMPTY_LIST
    deletions = event.get("_array_delete") or ()
    by_delete = any(deletion["path"] == ["metadata", ASSIGNMENTS] for deletion in deletions)
    return UnassignMode.ARRAY_DELETE if by_delete else None
