"""Places in the table of rows, as SQL: its columns, and what is inside them."""

from typing import NamedTuple, TypeAlias

from sandbox.braintrust.row import COLUMN_NAMES, STATE

Names: TypeAlias = tuple[str, ...]
Constant: TypeAlias = str | int | float | bool


class BtqlError(ValueError):
    """A query that is refused; the message says why and where."""


class Sql(NamedTuple):
    """A piece of SQL with the values of its parameters."""

    text: str
    values: tuple[Constant, ...] = ()


def value_of(names: Names) -> str:
    """SQL for the value at a place in a row; NULL where there is none."""
    if names in _TABLE_COLUMNS:
        return _TABLE_COLUMNS[names]
    return json_path(names, "->>")


def json_of(names: Names) -> str:
    """SQL for the value at a place in a row, as JSON text."""
    if names in _JSON_COLUMNS:
        return f"ifnull({_JSON_COLUMNS[names]}, 'null')"
    if names in _TABLE_COLUMNS:
        return f"json_quote({_TABLE_COLUMNS[names]})"
    return f"ifnull({json_path(names, '->')}, 'null')"


def array_of(names: Names) -> str:
    """SQL for the list at a place in a row, as JSON text; an empty one where there is none."""
    found = json_of(names)
    return f"CASE json_type({found}) WHEN 'array' THEN {found} ELSE '[]' END"


def literal(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def json_path(names: Names, arrow: str) -> str:
    """SQL for a place in what stands there as JSON; BtqlError for an unknown column."""
    if names[0] not in COLUMN_NAMES:
        raise BtqlError(f"Unknown column `{names[0]}`")
    column = "state" if names[0] in STATE else "logged"
    return f"{column} {arrow} {literal('$.' + '.'.join(map(_in_quotes, names)))}"


def _in_quotes(name: str) -> str:
    return f'"{name}"'


_METADATA, _ASSIGNMENTS, _LISTS = "metadata", "~__bt_assignments", "~__bt_review_lists"
_TABLE_COLUMNS: dict[Names, str] = {
    ("id",): "id",
    ("created",): "created",
    ("root_span_id",): "root_span_id",
    (_METADATA, _ASSIGNMENTS): "assignments",
    (_METADATA, _LISTS): "review_lists",
    (_METADATA, _LISTS, "__bt_default_review_list", "status"): "status",
}
_JSON_COLUMNS: dict[Names, str] = {
    (_METADATA, _ASSIGNMENTS): "assignments",
    (_METADATA, _LISTS): "review_lists",
    ("tags",): "tags",
}
