"""`POST /btql`: from a request to a page of rows."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sandbox.braintrust.asked import Answer, Asked, RefusedError
from sandbox.braintrust.btql_parser import parse
from sandbox.braintrust.btql_pins import eliminates_segments
from sandbox.braintrust.btql_syntax import Query
from sandbox.braintrust.btql_tokens import BtqlError
from sandbox.braintrust.refusals import bad_query, bad_request, no_project
from sandbox.braintrust.row_query import Page, page_of
from sandbox.braintrust.row_store import RowStore

# Further keys of the body that Braintrust takes and that change nothing here.
_IGNORED_KEYS = frozenset(
    {"tz_offset", "use_columnstore", "use_brainstore", "brainstore_realtime", "query_source", "client_version"}
    | {"query_timeout_seconds", "api_version", "lint_mode"}
)
_NO_SEGMENTS = {
    "code": "missingSegmentEliminationSpecs",
    "message": "No filters available for segment elimination. Add a range filter on created, _xact_id, or "
    "_pagination_key, or scope to a specific root_span_id or id.",
    "stage": "optimizer",
    "severity": "warning",
}


def query_text(body: bytes) -> str:
    """The query in a request's body; "" when there is none to be found."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    query = found.get("query") if isinstance(found, dict) else None
    return query if isinstance(query, str) else ""


class Queries:
    """Answers queries from the rows."""

    def __init__(self, rows: RowStore, max_limit: int) -> None:
        self._rows = rows
        self.max_limit = max_limit

    def answer(self, asked: Asked) -> Answer:
        """The page that was asked for; RefusedError when the query is not understood."""
        _check_body(asked.body)
        try:
            query = parse(asked.text)
            return self._answer(query, asked.max_rows or self.max_limit)
        except BtqlError as error:
            raise RefusedError(bad_query(str(error))) from error

    def _answer(self, query: Query, max_rows: int) -> Answer:
        if not self._rows.knows(query.project_id):
            raise RefusedError(no_project(query.project_id))
        with self._rows.reading(query.project_id) as rows:
            page = page_of(query, rows, now=datetime.now(UTC), max_rows=max_rows)
            xact_id = self._rows.last_xact_id
        headers = {"x-bt-internal-trace-id": uuid4().hex}
        if page.cursor:
            headers["x-bt-cursor"] = page.cursor
        return Answer(_envelope(query, page, xact_id), headers=headers)


def _envelope(query: Query, page: Page, xact_id: str) -> dict[str, Any]:
    columns: dict[str, Any] = {key: {} for row in page.data[:1] for key in row}
    envelope: dict[str, Any] = {
        "data": page.data,
        "schema": {"type": "array", "items": {"type": "object", "properties": columns}},
        "realtime_state": {"type": "on", "minimum_xact_id": xact_id, "actual_xact_id": xact_id, "read_bytes": 0},
        "warnings": [] if eliminates_segments(query.filter) else [_NO_SEGMENTS],
        "freshness_state": {"last_processed_xact_id": xact_id, "last_considered_xact_id": xact_id},
    }
    return envelope | ({"cursor": page.cursor} if page.cursor else {})


def _check_body(body: bytes) -> None:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RefusedError(bad_request("Invalid JSON")) from error
    if not isinstance(found, dict) or not isinstance(found.get("query"), str):
        raise RefusedError(bad_request("Invalid input: query"))
    if found.get("fmt", "json") != "json":
        raise RefusedError(bad_request("fmt: only json is understood"))
    unknown = set(found) - _IGNORED_KEYS - {"query", "fmt"}
    if unknown:
        raise RefusedError(bad_request(f"Unrecognized key(s): {', '.join(sorted(unknown))}"))
