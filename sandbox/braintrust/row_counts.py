"""Counts over matching rows: `measures`, by `dimensions`, after an `unpivot`."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from sandbox.braintrust.btql_closures import Value
from sandbox.braintrust.btql_compile import Compiler
from sandbox.braintrust.btql_syntax import Measure, Query, Unpivot
from sandbox.braintrust.btql_tokens import BtqlError
from sandbox.braintrust.ranking import rank
from sandbox.braintrust.row import Columns

Aggregate: TypeAlias = Callable[[list[Any]], Any]


def counted(query: Query, rows: Iterable[Columns], compiler: Compiler, limit: int) -> list[Columns]:
    """One answer row for each group, one for all without `dimensions`; in the order of `sort`, else as met."""
    groups = _groups(query, _unpivoted(query.unpivot, rows, compiler), compiler)
    arguments = {measure.key: compiler.value(measure.argument) for measure in query.measures}
    answer = [
        dimensions | {measure.key: _aggregate(measure, members, arguments) for measure in query.measures}
        for dimensions, members in groups
    ]
    return _sorted(query, answer)[:limit]


def _unpivoted(unpivot: Unpivot | None, rows: Iterable[Columns], compiler: Compiler) -> Iterator[Columns]:
    if unpivot is None:
        yield from rows
        return
    array = compiler.path(unpivot.path)
    for row in rows:
        items = array(row)
        for item in items if isinstance(items, list) else ():
            yield row | {unpivot.name: item}


def _groups(query: Query, rows: Iterator[Columns], compiler: Compiler) -> list[tuple[Columns, list[Columns]]]:
    if not query.dimensions:
        return [({}, list(rows))]
    values: list[tuple[str, Value]] = [(column.key, compiler.path(column.path)) for column in query.dimensions]
    groups: dict[str, tuple[Columns, list[Columns]]] = {}
    for row in rows:
        dimensions = {key: value(row) for key, value in values}
        name = json.dumps(dimensions, sort_keys=True)
        groups.setdefault(name, (dimensions, []))[1].append(row)
    return list(groups.values())


def _aggregate(measure: Measure, rows: list[Columns], arguments: dict[str, Value]) -> Any:
    argument = arguments[measure.key]
    values = [found for row in rows if (found := argument(row)) is not None]
    return _AGGREGATES[measure.function](values)


_AGGREGATES: dict[str, Aggregate] = {
    "count": len,
    "count_distinct": lambda values: len({json.dumps(value, sort_keys=True) for value in values}),
    "max": lambda values: max(values, key=rank, default=None),
    "min": lambda values: min(values, key=rank, default=None),
}


def _sorted(query: Query, answer: list[Columns]) -> list[Columns]:
    if query.sort is None:
        return answer
    name = query.sort.path.names[0]
    if any(name not in row for row in answer):
        raise BtqlError(f"`sort: {name}` names no column of the answer")
    known = [row for row in answer if row[name] is not None]
    known.sort(key=lambda row: rank(row[name]), reverse=query.sort.descending)
    return known + [row for row in answer if row[name] is None]
