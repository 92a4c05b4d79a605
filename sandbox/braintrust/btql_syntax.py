"""What a parsed BTQL query is made of.  Values only."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant of the query."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Moment:
    """`now()`, moved by an interval."""

    offset: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Path:
    """A column, or a place inside one; `text` is how the query spells it."""

    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Length:
    """`len(path)`."""

    path: Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`, the operator one of = != < <= > >=."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Membership:
    """`left in [values]`."""

    left: "Expression"
    values: tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class Includes:
    """`array includes item`."""

    array: "Expression"
    item: Literal


@dataclass(frozen=True, slots=True)
class IsNull:
    """`operand is null`: missing or null; an empty list is not null."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Not:
    """`not operand`."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`."""

    condition: "Expression"
    then: "Expression"
    otherwise: "Expression"


Expression: TypeAlias = (
    Literal | Moment | Path | Length | Comparison | Membership | Includes | IsNull | Not | And | Or | Choice
)


class Shape(StrEnum):
    """What one answer row stands for."""

    SPANS = "spans"
    TRACES = "traces"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Column:
    """One selected or grouped path and its key in the answer."""

    key: str
    path: Path


@dataclass(frozen=True, slots=True)
class Measure:
    """One aggregate and its key in the answer."""

    key: str
    function: str
    argument: Expression


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort: path desc`."""

    path: Path
    descending: bool


@dataclass(frozen=True, slots=True)
class Unpivot:
    """`unpivot: path as (name)`: one row for each element of the array at `path`."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; `select` is None when the clause is missing, and empty for `*`."""

    project_id: str
    shape: Shape = Shape.SPANS
    select: tuple[Column, ...] | None = None
    filter: Expression | None = None
    limit: int | None = None
    sort: Sort | None = None
    cursor: str | None = None
    measures: tuple[Measure, ...] = field(default=())
    dimensions: tuple[Column, ...] = field(default=())
    unpivot: Unpivot | None = None
