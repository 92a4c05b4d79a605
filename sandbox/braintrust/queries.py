"""`POST /btql`: from a request to a page of rows or to counts."""

import json
import sqlite3
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from uuid import uuid4

from sandbox.braintrust.btql import Query, parse
from sandbox.braintrust.refusals import bad_query, bad_request, no_project
from sandbox.braintrust.row_sql import BtqlError, Sql, array_of, json_of, literal, value_of
from sandbox.braintrust.row_store import RowStore
from sandbox.http.request import Answer, Asked, RefusedError

DEFAULT_LIMIT = 1000  # Braintrust has a default limit too; its value is not documented


def query_text(body: bytes) -> str:
    """The query in a request's body; "" when there is none to be found."""
    try:
        return _query_in(body)
    except RefusedError:
        return ""


class Queries:
    """Answers queries from the rows."""

    def __init__(self, rows: RowStore, max_limit: int) -> None:
        self._rows = rows
        self.max_limit = max_limit

    def answer(self, asked: Asked) -> Answer:
        """The page that was asked for; RefusedError when the query is not understood."""
        try:
            query = parse(_query_in(asked.body))
            if query.project_id not in self._rows.projects:
                raise RefusedError(no_project(query.project_id))
            limit = min(DEFAULT_LIMIT if query.limit is None else query.limit, asked.max_rows or self.max_limit)
            select = _counts(query) if query.is_aggregate else _walk(query)
            found = self._rows.select(f"{select.text} LIMIT ?", (*select.values, limit))
        except (BtqlError, sqlite3.OperationalError) as error:  # the latter: nested too deeply
            raise RefusedError(bad_query(str(error))) from error
        cursor = encoded_cursor(found[-1][1]) if found and not query.is_aggregate else None
        return _page([row[0] for row in found], cursor)


def encoded_cursor(number: int) -> str:
    """A `_pagination_key`'s number as a cursor: its eight bytes in base64, without padding."""
    return b64encode(number.to_bytes(8, "big")).decode().rstrip("=")


def decoded_cursor(cursor: str) -> int:
    """The number in a cursor; BtqlError when it is none of ours."""
    try:
        raw = b64decode(cursor + "=" * (-len(cursor) % 4), validate=True)
    except (Base64Error, ValueError) as error:
        raise BtqlError("Invalid cursor") from error
    number = int.from_bytes(raw, "big", signed=True)
    if len(raw) != 8 or number < 0:
        raise BtqlError("Invalid cursor")
    return number


def _page(rows: list[str], cursor: str | None) -> Answer:
    """The rows are JSON texts already."""
    headers = {"x-bt-internal-trace-id": uuid4().hex} | ({"x-bt-cursor": cursor} if cursor else {})
    rest = json.dumps({"schema": {"type": "array"}} | ({"cursor": cursor} if cursor else {}))
    body = f'{{"data":[{",".join(rows)}],{rest[1:]}'
    return Answer(body, headers=headers, content_type="application/json; charset=utf-8")


def _walk(query: Query) -> Sql:
    """One page of rows: each as a JSON text, with its number."""
    after, values = "", (*query.filter.values, query.project_id)
    if query.cursor is not None:
        after = f" AND number {'<' if query.descending else '>'} ?"
        values = (*values, decoded_cursor(query.cursor))
    line = _json_object([(column.key, json_of(column.names)) for column in query.select])
    return Sql(
        f"SELECT {line}, number FROM rows WHERE {query.filter.text} AND project = ?{after}"
        f" ORDER BY number{' DESC' if query.descending else ''}",
        values,
    )


def _counts(query: Query) -> Sql:
    """One JSON text for each group, or one for all without `dimensions`."""
    unpivot, source = query.unpivot, "rows"
    if unpivot:
        source = f"rows, json_each({array_of(unpivot.names)}) AS item"
    made = (unpivot.key,) if unpivot else None
    groups = ["item.value" if column.names == made else value_of(column.names) for column in query.dimensions]
    keys = [(column.key, f"json_quote({group})") for column, group in zip(query.dimensions, groups, strict=True)]
    keys += [
        (one.key, f"json_quote(min({value_of(one.names)}))" if one.names else "count(*)") for one in query.measures
    ]
    grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
    return Sql(
        f"SELECT {_json_object(keys)} FROM {source} WHERE {query.filter.text} AND project = ?{grouped}",
        (*query.filter.values, query.project_id),
    )


def _json_object(pairs: list[tuple[str, str]]) -> str:
    """SQL that puts a JSON object together from keys and SQL for their values."""
    parts = [f"{literal(json.dumps(key) + ':')} || {value}" for key, value in sorted(pairs)]
    return "'{' || " + " || ',' || ".join(parts) + " || '}'"


def _query_in(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise RefusedError(bad_request("Invalid JSON")) from error
    if not isinstance(found, dict) or not isinstance(found.get("query"), str):
        raise RefusedError(bad_request("Invalid input: query"))
    if unknown := set(found) - {"query"}:
        raise RefusedError(bad_request(f"Unrecognized key(s): {', '.join(sorted(unknown))}"))
    text: str = found["query"]
    return text
