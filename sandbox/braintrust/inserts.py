"""`POST /v1/project_logs/{project_id}/insert`: events, checked strictly, then applied all together."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.braintrust.refusals import bad_request, no_project
from sandbox.braintrust.row import ASSIGNMENTS, REVIEW_LISTS, Columns
from sandbox.braintrust.row_store import RowStore
from sandbox.http.fault_orders import Faults
from sandbox.http.request import Answer, Asked, RefusedError


def answer(rows: RowStore, faults: Faults, asked: Asked) -> Answer:
    """Apply the events and answer their row ids, one to one; RefusedError, with none applied, when one is wrong."""
    project_id = asked.places["project_id"]
    if project_id not in rows.projects:
        raise RefusedError(no_project(project_id))
    events = _events(asked.body)
    row_ids = tuple(event["id"] for event in events)
    if len(set(row_ids)) != len(row_ids):
        raise RefusedError(bad_request("the same id twice in one request"))
    rows.write(project_id, events, lag_seconds=faults.lag_seconds, unassign=faults.unassign)
    return Answer({"row_ids": list(row_ids)}, row_ids=row_ids)


def _events(body: bytes) -> list[Columns]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RefusedError(bad_request("Invalid JSON")) from error
    if not isinstance(found, dict) or set(found) != {"events"} or not isinstance(found["events"], list):
        raise RefusedError(bad_request("the body is an object with a list of events"))
    for event in found["events"]:
        _check(event)
    return found["events"]


def _check(event: object) -> None:
    """Refuse an event that is not one of the bot's."""
    if not isinstance(event, dict):
        raise RefusedError(bad_request("an event is an object"))
    for key, value in event.items():
        if key not in _CHECKS or not _CHECKS[key](value):
            raise RefusedError(bad_request(f"Unrecognized key or invalid value: {key}"))
    if "id" not in event or "_is_merge" not in event:
        raise RefusedError(bad_request("the sandbox takes merges by id only"))


def _is_metadata(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() - {ASSIGNMENTS, REVIEW_LISTS}:
        return False
    lists = value.get(REVIEW_LISTS, {})
    return (
        _is_list(value.get(ASSIGNMENTS))
        and isinstance(lists, dict)
        and all(isinstance(one, dict) for one in lists.values())
    )


def _is_list(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(name, str) for name in value))


def _is_deletion(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 1
        and value[0].keys() == {"path", "delete"}
        and value[0]["path"] == ["metadata", ASSIGNMENTS]
        and _is_list(value[0]["delete"])
    )


# Paths at which the merge of an event stops; with these, arrays are replaced and review lists united all the same.
_MERGE_PATHS = ([["metadata", ASSIGNMENTS, REVIEW_LISTS]], [["metadata", ASSIGNMENTS]])

# The keys of an event that the bot sends, and what it puts there (OpenAPI, InsertProjectLogsEvent).
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "id": lambda value: isinstance(value, str) and value != "",
    "metadata": _is_metadata,
    "_is_merge": lambda value: value is True,
    "_merge_paths": lambda value: value in _MERGE_PATHS,
    "_array_delete": _is_deletion,
}
