"""BTQL as far as the bot uses it: the meaning of its grammar (`btql.lark`) as SQL over the table of rows.

What is outside is refused, never skipped or guessed.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, v_args
from lark.exceptions import VisitError

from sandbox.braintrust.row import instant_of, instant_text
from sandbox.braintrust.row_sql import BtqlError, Constant, Names, Sql, array_of, json_of, value_of

MAX_LIST = 4096  # exact-match values in one IN list

_TEXT = re.compile(r"'[^']*(?:''[^']*)*'")


EVERYTHING = Sql("1")


class Path(NamedTuple):
    """A place in a row: how the query spells it, and the names that lead there."""

    text: str
    names: Names


class Column(NamedTuple):
    """A key in the answer, and the place in a row that it is about; a count is about none.

    Of an unpivot: one answer row for each element of the list at that place.
    """

    key: str
    names: Names


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood."""

    project_id: str
    select: tuple[Column, ...] = ()
    filter: Sql = EVERYTHING
    limit: int | None = None
    descending: bool = True
    cursor: str | None = None
    measures: tuple[Column, ...] = ()
    dimensions: tuple[Column, ...] = ()
    unpivot: Column | None = None

    @property
    def is_aggregate(self) -> bool:
        """Whether rows are counted instead of shown."""
        return bool(self.measures or self.dimensions)


def parse(query: str) -> Query:
    """The meaning of `query`; BtqlError for everything outside of what the bot uses."""
    try:
        found = _parser().parse(query)
    except UnexpectedCharacters as error:
        raise BtqlError(_complaint(query, error.pos_in_stream or 0)) from error
    except UnexpectedInput as error:
        raise BtqlError(f"Syntax error at position {error.pos_in_stream or 0}") from error
    except VisitError as error:
        raise error.orig_exc from error
    assert isinstance(found, Query)
    return found


_NOT_COMPARED = frozenset({"_xact_id", "_pagination_key"})  # no documented meaning
_KINDS = {str: "('text')", int: "('integer', 'real')", float: "('integer', 'real')"}


@v_args(inline=True)
class _Meaning(Transformer[Token, Query]):
    """Turns each rule of the grammar into its meaning, while it is parsed."""

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
        return "project_id", _unquoted(project_id)

    def select(self, *columns: Column) -> tuple[str, tuple[Column, ...]]:
        return "select", columns

    def filter(self, condition: Sql) -> tuple[str, Sql]:
        return "filter", condition

    def limit(self, digits: Token) -> tuple[str, int]:
        if "." in digits:
            raise BtqlError("a limit is a whole number")
        return "limit", int(digits)

    def sort(self, direction: str = "asc") -> tuple[str, bool]:
        return "descending", direction.lower() == "desc"

    def cursor(self, text: Token) -> tuple[str, str]:
        return "cursor", _unquoted(text)

    def measures(self, *measures: Column) -> tuple[str, tuple[Column, ...]]:
        return "measures", measures

    def dimensions(self, *columns: Column) -> tuple[str, tuple[Column, ...]]:
        return "dimensions", columns

    def unpivot(self, path: Path, name: Token) -> tuple[str, Column]:
        return "unpivot", Column(_plain(name), path.names)

    def column(self, path: Path, name: Token | None = None) -> Column:
        return Column(_plain(name or path.text), path.names) if name or len(path.names) == 1 else Column(*path)

    def count(self, *parts: Token) -> Column:
        return Column(_plain(parts[-1]), ())

    def least(self, path: Path, name: Token) -> Column:
        return Column(_plain(name), path.names)

    def any_of(self, *parts: Sql) -> Sql:
        return _joined(" OR ", parts)

    def all_of(self, *parts: Sql) -> Sql:
        return _joined(" AND ", parts)

    def negated(self, part: Sql) -> Sql:
        return _negated(part)

    def flag(self, path: Path) -> Sql:
        return Sql(f"(CASE {json_of(path.names)} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)")

    def comparison(self, path: Path, sign: Token, constant: Constant) -> Sql:
        value, wanted = value_of(path.names), _as_stored(path.names, constant)
        if sign in ("=", "!=", "<>"):
            return Sql(f"({value} {sign} ?)", (wanted,))
        kinds = _KINDS.get(type(wanted), "()")  # an order between different kinds is neither true nor false
        return Sql(f"(CASE WHEN typeof({value}) IN {kinds} THEN {value} {sign} ? END)", (wanted,))

    def member(self, path: Path, listed: str) -> Sql:
        return Sql(f"({value_of(path.names)} IN (SELECT value FROM json_each(?)))", (listed,))

    def no_member(self, path: Path, listed: str) -> Sql:
        return _negated(self.member(path, listed))

    def includes(self, path: Path, text: Token) -> Sql:
        array = json_of(path.names) if path.names == ("tags",) else array_of(path.names)
        return Sql(f"EXISTS (SELECT 1 FROM json_each({array}) WHERE value = ?)", (_unquoted(text),))

    def includes_not(self, path: Path, text: Token) -> Sql:
        return _negated(self.includes(path, text))

    def is_null(self, path: Path) -> Sql:
        return Sql(f"({value_of(path.names)} IS NULL)")

    def is_not_null(self, path: Path) -> Sql:
        return Sql(f"({value_of(path.names)} IS NOT NULL)")

    def values(self, *constants: Any) -> str:
        if isinstance(constants[0], Token):
            constants = tuple(map(_unquoted, _TEXT.findall(constants[0])))
        if len(constants) > MAX_LIST:
            raise BtqlError(f"a list of {len(constants)} values, the maximum is {MAX_LIST}")
        return json.dumps(constants)

    def text(self, text: Token) -> str:
        return _unquoted(text)

    def number(self, digits: Token) -> int | float:
        number = float(digits)
        return number if "." in digits or number >= 2**63 else int(digits)

    def negative(self, digits: Token) -> int | float:
        return -self.number(digits)

    def true(self) -> bool:
        return True

    def false(self) -> bool:
        return False

    def moment(self, *interval: Token) -> str:
        now = datetime.now(UTC)
        try:
            return instant_text(now - timedelta(**{f"{interval[1].lower()}s": float(interval[0])}) if interval else now)
        except OverflowError as error:
            raise BtqlError("the interval leads out of the calendar") from error

    def path(self, *names: Token) -> Path:
        return Path(".".join(names), tuple(map(_plain, names)))


@cache
def _parser() -> Lark:
    return Lark.open(
        "btql.lark", rel_to=__file__, start="query", parser="lalr", transformer=_Meaning(), maybe_placeholders=False
    )


def _check(query: Query) -> None:
    if query.is_aggregate == bool(query.select):
        raise BtqlError("The query needs either `select` or `measures` and `dimensions`")
    if query.unpivot and not query.is_aggregate:
        raise BtqlError("`unpivot` is understood together with `dimensions` or `measures` only")
    if query.cursor is not None and query.is_aggregate:
        raise BtqlError("`cursor` does not go together with `measures` or `dimensions`")
    for column in query.select:
        json_of(column.names)  # complains about unknown columns
    keys = [column.key for column in (*query.select, *query.dimensions, *query.measures)]
    if len(set(keys)) != len(keys):
        raise BtqlError("Two columns of the answer have the same name")


def _as_stored(names: Names, constant: Constant) -> Constant:
    """A constant in the form in which its column is stored; BtqlError where that can have no meaning."""
    if names[0] in _NOT_COMPARED:
        raise BtqlError(f"`{names[0]}` is not compared")
    if names != ("created",):
        return constant
    try:
        return instant_text(instant_of(str(constant)))
    except (ValueError, OverflowError) as error:
        raise BtqlError(f"`{constant}` is not a timestamp") from error


def _joined(word: str, parts: Sequence[Sql]) -> Sql:
    return Sql(f"({word.join(part.text for part in parts)})", tuple(value for part in parts for value in part.values))


def _negated(part: Sql) -> Sql:
    return Sql(f"(NOT {part.text})", part.values)


def _plain(name: str) -> str:
    return name.strip('"')


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _complaint(query: str, position: int) -> str:
    character = query[position] if position < len(query) else ""
    if character and character in "['\"":
        return f"Unterminated literal, or a backslash or control character in it, at position {position}"
    return f"Unexpected character {character!r} at position {position}"
