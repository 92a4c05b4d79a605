"""Merge an inserted event into a stored row.  Pure, and without changing either; the rules are those of
Braintrust's SDK (`merge_dicts_with_paths`): dicts recurse, arrays are replaced, only top-level tags are united.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
KeyPath = tuple[str, ...]

# A merge leaves these as they are (OpenAPI, InsertProjectLogsEvent).
KEPT_ON_MERGE = frozenset({"id", "created", "span_id", "root_span_id", "span_parents"})


def merged(stored: Json, event: Json) -> Json:
    """The row `stored` after the merge event; control keys (`_merge_paths`, ...) are obeyed, not stored."""
    stops = frozenset(tuple(path) for path in event.get("_merge_paths") or ())
    incoming = {key: value for key, value in event.items() if key[0] != "_" and key not in KEPT_ON_MERGE}
    result = _merged_dict(stored, incoming, (), stops)
    for deletion in event.get("_array_delete") or ():
        result = _without(result, deletion["path"], deletion["delete"])
    return result


def _merged_dict(into: Json, incoming: Mapping[str, Any], path: KeyPath, stops: frozenset[KeyPath]) -> Json:
    result = dict(into)
    for key, value in incoming.items():
        here = (*path, key)
        result[key] = value if here in stops else _merged_value(into.get(key), value, here, stops)
    return result


def _merged_value(before: object, value: object, path: KeyPath, stops: frozenset[KeyPath]) -> object:
    if isinstance(before, dict) and isinstance(value, dict):
        return _merged_dict(before, value, path, stops)
    if path == ("tags",) and isinstance(before, list) and isinstance(value, list):
        return before + [tag for tag in dict.fromkeys(value) if tag not in before]
    return value


def _without(row: Json, path: Sequence[str], values: Sequence[Any]) -> Json:
    """`row` with `values` taken out of the array at `path`; unchanged where there is no array."""
    key, *deeper = path
    inner = row.get(key)
    if deeper and isinstance(inner, dict):
        return row | {key: _without(inner, deeper, values)}
    if not deeper and isinstance(inner, list):
        return row | {key: [item for item in inner if item not in values]}
    return row
