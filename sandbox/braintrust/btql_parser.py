"""Parse a BTQL query in its pipe form: clauses in any order, each at most once, nothing left over."""

from collections.abc import Callable
from typing import Any

from sandbox.braintrust.btql_expressions import expression
from sandbox.braintrust.btql_stream import TokenStream
from sandbox.braintrust.btql_syntax import Column, Literal, Measure, Query, Shape, Sort, Unpivot
from sandbox.braintrust.btql_tokens import BtqlError, TokenKind


def parse(query: str) -> Query:
    """The meaning of `query`; BtqlError for everything outside the dialect."""
    stream = TokenStream(query)
    clauses: dict[str, Any] = {}
    while True:
        _clause(stream, clauses)
        if not stream.accept_mark("|"):
            break
    stream.accept_mark(";")
    if stream.next.kind is not TokenKind.END:
        stream.fail("expected `|` or the end")
    return _query(clauses)


def _clause(stream: TokenStream, clauses: dict[str, Any]) -> None:
    name = stream.next.value.lower()
    if stream.next.kind is not TokenKind.WORD or name not in _CLAUSES:
        stream.fail(f"expected a clause ({', '.join(_CLAUSES)})")
    if name in clauses:
        stream.fail("a clause may be given once")
    stream.take()
    stream.expect_mark(":")
    clauses[name] = _CLAUSES[name](stream)


def _from(stream: TokenStream) -> tuple[str, Shape]:
    stream.expect_word("project_logs")
    stream.expect_mark("(")
    project_id = stream.expect(TokenKind.TEXT)
    stream.expect_mark(")")
    for shape in Shape:
        if stream.accept_word(shape.value):
            return project_id, shape
    return project_id, Shape.SPANS


def _select(stream: TokenStream) -> tuple[Column, ...]:
    return () if stream.accept_mark("*") else _columns(stream)


def _columns(stream: TokenStream) -> tuple[Column, ...]:
    columns = [_column(stream)]
    while stream.accept_mark(","):
        columns.append(_column(stream))
    return tuple(columns)


def _column(stream: TokenStream) -> Column:
    path = stream.expect_path()
    if stream.accept_word("as"):
        return Column(stream.expect_name(), path)
    return Column(path.names[0] if len(path.names) == 1 else path.text, path)


_FUNCTIONS = ("count", "count_distinct", "max", "min")


def _measures(stream: TokenStream) -> tuple[Measure, ...]:
    measures = [_measure(stream)]
    while stream.accept_mark(","):
        measures.append(_measure(stream))
    return tuple(measures)


def _measure(stream: TokenStream) -> Measure:
    start = stream.next
    function = start.value.lower()
    if function not in _FUNCTIONS:
        stream.fail(f"expected a measure ({', '.join(_FUNCTIONS)})")
    stream.take()
    stream.expect_mark("(")
    everything = function == "count" and stream.accept_mark("*")
    argument = Literal(1) if everything else expression(stream)
    text = stream.query[start.start : stream.next.end]
    stream.expect_mark(")")
    return Measure(stream.expect_name() if stream.accept_word("as") else text, function, argument)


def _limit(stream: TokenStream) -> int:
    digits = stream.expect(TokenKind.NUMBER)
    if "." in digits:
        stream.fail("a limit is a whole number")
    return int(digits)


def _sort(stream: TokenStream) -> Sort:
    path = stream.expect_path()
    descending = stream.accept_word("desc")
    if not descending:
        stream.accept_word("asc")
    return Sort(path, descending)


def _cursor(stream: TokenStream) -> str:
    return stream.expect(TokenKind.TEXT)


def _unpivot(stream: TokenStream) -> Unpivot:
    path = stream.expect_path()
    stream.expect_word("as")
    stream.expect_mark("(")
    name = stream.expect_name()
    stream.expect_mark(")")
    return Unpivot(path, name)


_CLAUSES: dict[str, Callable[[TokenStream], Any]] = {
    "from": _from,
    "select": _select,
    "filter": expression,
    "limit": _limit,
    "sort": _sort,
    "cursor": _cursor,
    "measures": _measures,
    "dimensions": _columns,
    "unpivot": _unpivot,
}


def _query(clauses: dict[str, Any]) -> Query:
    if "from" not in clauses:
        raise BtqlError("The query has no `from` clause")
    project_id, shape = clauses.pop("from")
    query = Query(project_id, shape, **clauses)
    _check_output(query)
    _check_walk(query)
    return query


def _check_output(query: Query) -> None:
    aggregate = bool(query.measures or query.dimensions)
    if aggregate == (query.select is not None):
        raise BtqlError("The query needs either `select` or `measures` and `dimensions`")
    if query.unpivot and not aggregate:
        raise BtqlError("`unpivot` is understood together with `dimensions` or `measures` only")
    outputs: list[Column | Measure] = [*(query.select or ()), *query.dimensions, *query.measures]
    keys = [output.key for output in outputs]
    if len(set(keys)) != len(keys):
        raise BtqlError("Two columns of the answer have the same name")


def _check_walk(query: Query) -> None:
    if query.cursor is None:
        return
    if query.measures or query.dimensions:
        raise BtqlError("`cursor` does not go together with `measures` or `dimensions`")
    if query.sort and query.sort.path.names != ("_pagination_key",):
        raise BtqlError(f"`cursor` does not go together with `sort: {query.sort.path.text}`")
