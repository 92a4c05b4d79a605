"""The merge of an inserted event into a stored row.  Pure, and without changing either; the rules are those of
Braintrust's SDK (`merge_dicts_with_paths`): dicts recurse, arrays are replaced, only top-level tags are united.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sandbox.braintrust.row import ASSIGNMENTS, assignments_in

Json = dict[str, Any]
KeyPath = tuple[str, ...]

# A merge leaves these as they are (OpenAPI, InsertProjectLogsEvent).
KEPT_ON_MERGE = frozenset({"id", "created", "span_id", "root_span_id", "span_parents"})


def merged(stored: Json, event: Json) -> Json:
    """The row `stored` after the merge event; control keys (`_merge_paths`, ...) are obeyed, not stored."""
    stops = frozenset(map(tuple, event.get("_merge_paths") or ()))
    incoming = {key: value for key, value in event.items() if key[0] != "_" and key not in KEPT_ON_MERGE}
    result = _merged_dict(stored, incoming, (), stops)
    for deletion in event.get("_array_delete") or ():
        result = _without(result, deletion["path"], deletion["delete"])
    return result


def _merged_dict(into: Json, incoming: Mapping[str, Any], path: KeyPath, stops: frozenset[KeyPath]) -> Json:
    result = into.copy()
    for key, value in incoming.items():
        before, here = into.get(key), (*path, key)
        if here in stops or before is None:  # what is new comes as it is
            result[key] = value
        elif isinstance(before, dict) and isinstance(value, dict):
            result[key] = _merged_dict(before, value, here, stops)
        elif here == ("tags",) and isinstance(before, list) and isinstance(value, list):
            result[key] = before + [tag for tag in dict.fromkeys(value) if tag not in before]
        else:
            result[key] = value
    return result


def _without(row: Json, path: Sequence[str], values: Sequence[Any]) -> Json:
    """`row` with `values` taken out of the array at `path`; unchanged where there is no array."""
    key, *deeper = path
    inner = row.get(key)
    if deeper and isinstance(inner, dict):
        return row | {key: _without(inner, deeper, values)}
    if not deeper and isinstance(inner, list):
        return row | {key: [item for item in inner if item not in values]}
    return row


class UnassignMode(StrEnum):
    """The one way that empties a list of assignees; the others are accepted and leave it as it was."""

    ANY = "any"
    ARRAY_DELETE = "array_delete"
    EMPTY_LIST = "empty_list"
    NULL = "null"
    NONE = "none"


def obeyed(before: Json, after: Json, event: Json, mode: UnassignMode) -> Json:
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
