"""`POST /btql`: from a request to a page of rows or to counts."""

import json
import sqlite3
from base64 import b64decode, b64encode
from uuid import uuid4

from sandbox.braintrust.btql import BtqlError, Query, literal, parse
from sandbox.braintrust.refusals import bad_query, bad_request, no_project
from sandbox.braintrust.row_store import RowStore
from sandbox.http.request import Answer, Asked, RefusedError

DEFAULT_LIMIT = 1000  # Braintrust has a default limit too; its value is not documented


def answer(rows: RowStore, max_limit: int, asked: Asked) -> Answer:
    """The page that was asked for; RefusedError when the query is not understood."""
    try:
        query = parse(_query_in(asked.body))
        if query.project_id not in rows.projects:
            raise RefusedError(no_project(query.project_id))
        limit = min(DEFAULT_LIMIT if query.limit is None else query.limit, asked.max_rows or max_limit)
        found = rows.select(f"{_walk(query) if query.select else _counts(query)} LIMIT {limit}")
    except (BtqlError, sqlite3.OperationalError) as error:  # the latter: nested too deeply
        raise RefusedError(bad_query(str(error))) from error
    cursor = encoded_cursor(found[-1][1]) if found and query.select else None
    return _page([row[0] for row in found], cursor)


def query_text(body: bytes) -> str:
    """The query in a request's body; "" when there is none to be found."""
    try:
        return _query_in(body)
    except RefusedError:
        return ""


def encoded_cursor(number: int) -> str:
    """A `_pagination_key`'s number as a cursor: base64, as Braintrust's are."""
    return b64encode(number.to_bytes(9, "big")).decode()


def decoded_cursor(cursor: str) -> int:
    """The number in a cursor; BtqlError when it is none of ours."""
    try:
        raw = b64decode(cursor, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 9 or raw[0]:
        raise BtqlError("Invalid cursor")
    return int.from_bytes(raw, "big")


def _page(rows: list[str], cursor: str | None) -> Answer:
    """The rows are JSON texts already."""
    headers = {"x-bt-internal-trace-id": uuid4().hex} | ({"x-bt-cursor": cursor} if cursor else {})
    rest = json.dumps({"schema": {"type": "array"}} | ({"cursor": cursor} if cursor else {}))
    body = f'{{"data":[{",".join(rows)}],{rest[1:]}'
    return Answer(body, headers=headers, content_type="application/json; charset=utf-8")


def _walk(query: Query) -> str:
    """SQL for one page of rows: each as a JSON text, with its number."""
    after = ""
    if query.cursor is not None:
        after = f" AND number {'<' if query.descending else '>'} {decoded_cursor(query.cursor)}"
    line = ", ".join(f"{literal(column.key)}, {column.sql}" for column in query.select)
    return (
        f"SELECT json_object({line}), number FROM rows WHERE {query.filter} AND project = {literal(query.project_id)}"
        f"{after} ORDER BY number{' DESC' if query.descending else ''}"
    )


def _counts(query: Query) -> str:
    """SQL for one JSON text, or with an unpivot for one for each value that it finds."""
    line, source, group = f"{literal(query.measures or '')}, count(*)", "rows", ""
    if query.unpivot:
        line = f"{literal(query.unpivot.key)}, item.value, {line}"
        source, group = f"rows, json_each({query.unpivot.sql}) AS item", " GROUP BY item.value"
    where = f"{query.filter} AND project = {literal(query.project_id)}"
    return f"SELECT json_object({line}) FROM {source} WHERE {where}{group}"


def _query_in(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RefusedError(bad_request("Invalid JSON")) from error
    if not isinstance(found, dict) or set(found) != {"query"} or not isinstance(found["query"], str):
        raise RefusedError(bad_request("the body is an object with a query and nothing else"))
    text: str = found["query"]
    return text
