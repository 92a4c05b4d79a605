"""`POST /v1/project_logs/{project_id}/insert`: check the events strictly, then apply them all."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sandbox.braintrust.asked import Answer, Asked, RefusedError
from sandbox.braintrust.instants import instant_of
from sandbox.braintrust.refusals import bad_request, no_project
from sandbox.braintrust.row_store import RowStore
from sandbox.braintrust.row_writer import WriteRules


class Inserts:
    """Writes events into the rows."""

    def __init__(self, rows: RowStore, rules: Callable[[], WriteRules]) -> None:
        self._rows = rows
        self._rules = rules

    def answer(self, asked: Asked) -> Answer:
        """Apply the events and answer their row ids, one to one; RefusedError, with none applied, when one is wrong."""
        project_id = asked.places["project_id"]
        if not self._rows.knows(project_id):
            raise RefusedError(no_project(project_id))
        events = [_with_id(event) for event in _events(asked.body)]
        row_ids = tuple(event["id"] for event in events)
        if len(set(row_ids)) != len(row_ids):
            raise RefusedError(bad_request("the same id twice in one request"))
        self._rows.write(project_id, events, self._rules())
        return Answer({"row_ids": list(row_ids)}, row_ids=row_ids)


def _events(body: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RefusedError(bad_request("Invalid JSON")) from error
    if not isinstance(found, dict) or set(found) != {"events"} or not isinstance(found["events"], list):
        raise RefusedError(bad_request("the body is an object with a list of events"))
    for event in found["events"]:
        complaint = _complaint(event)
        if complaint:
            raise RefusedError(bad_request(complaint))
    return found["events"]


def _with_id(event: dict[str, Any]) -> dict[str, Any]:
    return event if event.get("id") else event | {"id": str(uuid4())}


def _complaint(event: object) -> str | None:
    """What is wrong with an event; None when nothing is."""
    if not isinstance(event, dict):
        return "an event is an object"
    for key, value in event.items():
        if key not in _CHECKS:
            return f"Unrecognized key in object: {key}"
        if value is not None and not _CHECKS[key](value):
            return f"Invalid value for {key}"
    return None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_paths(value: object) -> bool:
    return isinstance(value, list) and all(path and _is_texts(path) for path in value)


def _is_deletions(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict)
        and set(item) == {"path", "delete"}
        and _is_paths([item["path"]])
        and isinstance(item["delete"], list)
        for item in value
    )


def _is_instant(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(instant_of(value))
    except ValueError:
        return False


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_anything(_value: object) -> bool:
    return True


# The keys of an event and their types (OpenAPI, InsertProjectLogsEvent).
_CHECKS: dict[str, Callable[[object], bool]] = {
    "id": _is_text,
    "created": _is_instant,
    "input": _is_anything,
    "output": _is_anything,
    "expected": _is_anything,
    "error": _is_anything,
    "scores": _is_object,
    "metadata": _is_object,
    "tags": _is_texts,
    "metrics": _is_object,
    "context": _is_object,
    "facets": _is_object,
    "origin": _is_object,
    "span_attributes": _is_object,
    "span_id": _is_text,
    "root_span_id": _is_text,
    "span_parents": _is_texts,
    "_is_merge": _is_flag,
    "_merge_paths": _is_paths,
    "_array_delete": _is_deletions,
    "_object_delete": _is_flag,
}
