"""Answer a parsed query from a project's rows: a walk in pages, another order, or counts."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sandbox.braintrust.btql_closures import Test, Value
from sandbox.braintrust.btql_compile import Compiler
from sandbox.braintrust.btql_pins import pinned_ids
from sandbox.braintrust.btql_syntax import Query, Shape, Sort
from sandbox.braintrust.btql_tokens import BtqlError
from sandbox.braintrust.project_rows import Place, ProjectRows
from sandbox.braintrust.ranking import rank
from sandbox.braintrust.row import COLUMN_NAMES, Columns
from sandbox.braintrust.row_counts import counted

DEFAULT_LIMIT = 1000  # Braintrust has a default limit too; its value is not documented


@dataclass(frozen=True, slots=True)
class Page:
    """Answer rows, and where the walk goes on; no cursor where there is nothing to go on from."""

    data: list[Columns]
    cursor: str | None = None


def page_of(query: Query, rows: ProjectRows, *, now: datetime, max_rows: int) -> Page:
    """The answer to `query`, of at most `max_rows` rows; BtqlError when it makes no sense."""
    limit = min(DEFAULT_LIMIT if query.limit is None else query.limit, max_rows)
    compiler = Compiler(now, frozenset({query.unpivot.name} if query.unpivot else ()))
    if query.measures or query.dimensions:
        matching = (place.shown for place in _matching(query, rows, rows.after(None), compiler))
        return Page(counted(query, (columns for columns in matching if columns), compiler, limit))
    if query.sort and query.sort.path.names != ("_pagination_key",):
        return _sorted_page(query, query.sort, rows, compiler, limit)
    return _walk_page(query, rows, compiler, limit)


def encoded_cursor(number: int) -> str:
    """A `_pagination_key`'s number as a cursor: its eight bytes in base64, without padding."""
    return b64encode(number.to_bytes(8, "big")).decode().rstrip("=")


def decoded_cursor(cursor: str) -> int:
    """The number in a cursor; BtqlError when it is none of ours."""
    try:
        raw = b64decode(cursor + "=" * (-len(cursor) % 4), validate=True)
    except (Base64Error, ValueError) as error:
        raise BtqlError("Invalid cursor") from error
    if len(raw) != 8:
        raise BtqlError("Invalid cursor")
    return int.from_bytes(raw, "big")


def _walk_page(query: Query, rows: ProjectRows, compiler: Compiler, limit: int) -> Page:
    descending = query.sort is None or query.sort.descending
    start = decoded_cursor(query.cursor) if query.cursor is not None else None
    walk = _picked(query, rows, start, descending=descending)
    if walk is None:
        walk = rows.before(start) if descending else rows.after(start)
    columns_of = _projection(query, compiler)
    found = list(islice(_matching(query, rows, walk, compiler), limit))
    data = [columns_of(place.shown or {}) for place in found]
    return Page(data, encoded_cursor(found[-1].number) if found else None)


def _picked(query: Query, rows: ProjectRows, start: int | None, *, descending: bool) -> Iterator[Place] | None:
    """The places that an `id = ...` or `id in [...]` leaves, without a scan; None when nothing pins ids."""
    ids = pinned_ids(query.filter)
    if ids is None or query.shape is not Shape.SPANS:
        return None
    places = rows.picked(ids)
    if descending:
        places.reverse()
        return (place for place in places if start is None or place.number < start)
    return (place for place in places if start is None or place.number > start)


def _sorted_page(query: Query, sort: Sort, rows: ProjectRows, compiler: Compiler, limit: int) -> Page:
    key = compiler.path(sort.path)
    columns_of = _projection(query, compiler)
    shown = [place.shown or {} for place in _matching(query, rows, rows.after(None), compiler)]
    known = sorted(
        (row for row in shown if key(row) is not None), key=lambda row: rank(key(row)), reverse=sort.descending
    )
    unknown = [row for row in shown if key(row) is None]
    return Page([columns_of(row) for row in [*known, *unknown][:limit]])


def _matching(query: Query, rows: ProjectRows, walk: Iterable[Place], compiler: Compiler) -> Iterator[Place]:
    test = compiler.truth(query.filter) if query.filter else _anything
    if query.shape is Shape.TRACES:
        test = _in_matching_traces(rows, test)
    elif query.shape is Shape.SUMMARY:
        test = compiler.root_and(test)
    return (place for place in walk if (shown := place.shown) is not None and test(shown))


def _in_matching_traces(rows: ProjectRows, test: Test) -> Test:
    shown = [place.shown for place in rows if place.shown is not None]
    roots = {columns["root_span_id"] for columns in shown if test(columns)}
    return lambda columns: columns["root_span_id"] in roots


def _projection(query: Query, compiler: Compiler) -> Value:
    if not query.select:
        return lambda columns: {name: columns.get(name) for name in COLUMN_NAMES}
    values = sorted((column.key, compiler.path(column.path)) for column in query.select)
    return lambda columns: {key: value(columns) for key, value in values}


def _anything(_columns: Columns) -> bool:
    return True
