"""BTQL as far as the bot uses it: the meaning of its grammar (`btql.lark`) as SQL over the table of rows.

What is outside is refused, never skipped or guessed.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from sandbox.braintrust.row import COLUMN_NAMES, instant_of, instant_text

MAX_LIST = 4096  # exact-match values in one IN list

Constant: TypeAlias = str | int | float | bool

_TEXT = re.compile(r"'[^']*(?:''[^']*)*'")
_NAMES = re.compile(r'"[^"]+"|\w+')
_TEXTS = {"id": "id", "created": "created", "root_span_id": "root_span_id", "_xact_id": "xact_id"}  # columns of rows
_NOT_COMPARED = frozenset({"_xact_id", "_pagination_key"})  # no documented meaning
_KINDS = {str: "('text')", int: "('integer', 'real')", float: "('integer', 'real')"}


class BtqlError(ValueError):
    """A query that is refused; the message says why and where."""


class Column(NamedTuple):
    """A key in the answer, and SQL for what stands there: of an unpivot, for the list that is taken apart."""

    key: str
    sql: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood: a page of rows, or how many there are, in all or for each value of the `unpivot`."""

    project_id: str
    select: tuple[Column, ...] = ()
    filter: str = "1"
    limit: int | None = None
    descending: bool = True
    cursor: str | None = None
    unpivot: Column | None = None
    dimensions: str | None = None
    measures: str | None = None


def parse(query: str) -> Query:
    """The meaning of `query`; BtqlError for everything outside of what the bot uses."""
    try:
        found = _parser().parse(query)
    except UnexpectedInput as error:
        raise BtqlError(f"Syntax error at position {error.pos_in_stream or 0}") from error
    except VisitError as error:
        raise error.orig_exc from error
    assert isinstance(found, Query)
    return found


def literal(value: Constant) -> str:
    """A constant as it stands in SQL."""
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


@v_args(inline=True)
class _Meaning(Transformer[Token, Query]):
    """Turns each rule of the grammar into its meaning, while it is parsed; conditions into SQL."""

    def query(self, *clauses: tuple[str, Any]) -> Query:
        given = dict(clauses)
        if len(given) < len(clauses):
            raise BtqlError("a clause may be given once")
        if "project_id" not in given:
            raise BtqlError("The query has no `from` clause")
        query = Query(**given)
        _check(query)
        return query

    def source(self, project_id: Token) -> tuple[str, str]:
        return "project_id", self.text(project_id)

    def select(self, *columns: Column) -> tuple[str, tuple[Column, ...]]:
        return "select", columns

    def filter(self, condition: str) -> tuple[str, str]:
        return "filter", condition

    def limit(self, digits: Token) -> tuple[str, int]:
        if "." in digits:
            raise BtqlError("a limit is a whole number")
        return "limit", int(digits)

    def sort(self, direction: str = "asc") -> tuple[str, bool]:
        return "descending", direction.lower() == "desc"

    def cursor(self, text: Token) -> tuple[str, str]:
        return "cursor", self.text(text)

    def unpivot(self, path: Token, name: Token) -> tuple[str, Column]:
        return "unpivot", Column(str(name), _array(path))

    def dimensions(self, name: Token) -> tuple[str, str]:
        return "dimensions", str(name)

    def measures(self, _number: Token, name: Token) -> tuple[str, str]:
        return "measures", str(name)

    def column(self, path: Token, name: Token | None = None) -> Column:
        return Column(str(name or path), _json(path))

    def any_of(self, *parts: str) -> str:
        return f"({' OR '.join(parts)})"

    def all_of(self, *parts: str) -> str:
        return f"({' AND '.join(parts)})"

    def negated(self, _not: Token, part: str) -> str:
        return f"(NOT {part})"

    def flag(self, path: Token) -> str:
        return f"(CASE {_json(path)} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)"

    def comparison(self, path: Token, sign: Token, constant: Constant) -> str:
        value, wanted = _value(path), _as_stored(path, constant)
        if sign in ("=", "!=", "<>"):
            return f"({value} {sign} {literal(wanted)})"
        kinds = _KINDS.get(type(wanted), "()")  # an order between different kinds is neither true nor false
        return f"(CASE WHEN typeof({value}) IN {kinds} THEN {value} {sign} {literal(wanted)} END)"

    def member(self, path: Token, *listed: str) -> str:
        return f"({_value(path)} {''.join(listed[:-1])} IN (SELECT value FROM json_each({listed[-1]})))"

    def includes(self, path: Token, *text: Token) -> str:
        return f"({''.join(text[:-1])} EXISTS (SELECT 1 FROM json_each({_array(path)}) WHERE value = {text[-1]}))"

    def is_null(self, path: Token, negation: str = "") -> str:
        return f"({_value(path)} IS {negation} NULL)"

    def values(self, *constants: Any) -> str:
        if isinstance(constants[0], Token):
            constants = tuple(map(self.text, _TEXT.findall(constants[0])))
        if len(constants) > MAX_LIST:
            raise BtqlError(f"a list of {len(constants)} values, the maximum is {MAX_LIST}")
        return literal(json.dumps(constants))

    def text(self, text: str) -> str:
        return text[1:-1].replace("''", "'")

    def number(self, digits: Token) -> int | float:
        number = float(digits)
        return number if "." in digits or number >= 2**63 else int(digits)

    def boolean(self, word: Token) -> bool:
        return word.lower() == "true"

    def moment(self, *interval: Token) -> str:
        now = datetime.now(UTC)
        try:
            return instant_text(now - timedelta(**{f"{interval[1].lower()}s": float(interval[0])}) if interval else now)
        except OverflowError as error:
            raise BtqlError("the interval leads out of the calendar") from error


@cache
def _parser() -> Lark:
    return Lark.open(
        "btql.lark", rel_to=__file__, start="query", parser="lalr", transformer=_Meaning(), maybe_placeholders=False
    )


def _check(query: Query) -> None:
    by_value = (query.unpivot, query.dimensions)
    if any(by_value) != all(by_value) or (any(by_value) and not query.measures):
        raise BtqlError("`unpivot` and `dimensions` go together, and with `measures`")
    if bool(query.measures) == bool(query.select):
        raise BtqlError("The query needs either `select` or `measures`")
    if query.cursor is not None and not query.select:
        raise BtqlError("`cursor` goes together with `select` only")
    if query.unpivot and query.dimensions != query.unpivot.key:
        raise BtqlError("`dimensions` names what `unpivot` makes")
    keys = [column.key for column in query.select] or list(filter(None, (query.dimensions, query.measures)))
    if len(set(keys)) != len(keys):
        raise BtqlError("Two columns of the answer have the same name")


def _value(path: str) -> str:
    """SQL for the value at a place in a row; NULL where there is none."""
    return _place(path, "->>")


def _json(path: str) -> str:
    """SQL for the value at a place in a row, as JSON."""
    return _place(path, "->")


def _array(path: str) -> str:
    """SQL for the list at a place in a row, as JSON; an empty one where there is none."""
    found = _json(path)
    return "tags" if path == "tags" else f"CASE json_type({found}) WHEN 'array' THEN {found} ELSE '[]' END"


def _place(path: str, arrow: str) -> str:
    first, *inner = [name.strip('"') for name in _NAMES.findall(path)]
    if first not in COLUMN_NAMES:
        raise BtqlError(f"Unknown column `{first}`")
    if path in _TEXTS:
        return _TEXTS[path]
    column, inner = (first, inner) if first in ("tags", "metadata") else ("logged", [first, *inner])
    keys = "".join(f'."{name}"' for name in inner)
    return f"{column} {arrow} {literal(f'${keys}')}"


def _as_stored(path: str, constant: Constant) -> Constant:
    """A constant in the form in which its column is stored; BtqlError where that can have no meaning."""
    if path in _NOT_COMPARED:
        raise BtqlError(f"`{path}` is not compared")
    if path != "created":
        return constant
    try:
        return instant_text(instant_of(str(constant)))
    except (ValueError, OverflowError) as error:
        raise BtqlError(f"`{constant}` is not a timestamp") from error
