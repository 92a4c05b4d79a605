"""Places in the table of rows, as SQL: its columns, and what is inside them."""

from typing import NamedTuple, TypeAlias

from sandbox.braintrust.row import ASSIGNMENTS, COLUMN_NAMES, DEFAULT_LIST, REVIEW_LISTS

Names: TypeAlias = tuple[str, ...]
Constant: TypeAlias = str | int | float | bool

STATUS = f"""review_lists ->> '$."{DEFAULT_LIST}".status'"""
# A row's metadata as JSON, put together again; NULL when there is none.
METADATA = f"""iif(coalesce(metadata, assignments, review_lists) IS NULL, NULL, json_patch(
    ifnull(metadata, '{{}}'), json_object('{ASSIGNMENTS}', json(assignments), '{REVIEW_LISTS}', json(review_lists))))"""

# What has a column of its own: as plain text, or as JSON.
_TEXTS = {("id",): "id", ("created",): "created", ("root_span_id",): "root_span_id", ("_xact_id",): "xact_id"}
_PARTS = {("tags",): "tags", ("metadata", ASSIGNMENTS): "assignments", ("metadata", REVIEW_LISTS): "review_lists"}


class BtqlError(ValueError):
    """A query that is refused; the message says why and where."""


class Sql(NamedTuple):
    """A piece of SQL with the values of its parameters."""

    text: str
    values: tuple[Constant, ...] = ()


def value_of(names: Names) -> str:
    """SQL for the value at a place in a row; NULL where there is none."""
    return _TEXTS[names] if names in _TEXTS else _json_path(names, "->>")


def json_of(names: Names) -> str:
    """SQL for the value at a place in a row, as JSON text."""
    return f"json_quote({_TEXTS[names]})" if names in _TEXTS else f"ifnull({_json_path(names, '->')}, 'null')"


def array_of(names: Names) -> str:
    """SQL for the list at a place in a row, as JSON text; an empty one where there is none."""
    found = json_of(names)
    return f"CASE json_type({found}) WHEN 'array' THEN {found} ELSE '[]' END"


def literal(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def _json_path(names: Names, arrow: str) -> str:
    """SQL for a place in what stands there as JSON; BtqlError for an unknown column."""
    if names[0] not in COLUMN_NAMES:
        raise BtqlError(f"Unknown column `{names[0]}`")
    if names == ("metadata",):
        return METADATA
    column, inner = "logged", names
    for length in (1, 2):
        if names[:length] in _PARTS:
            column, inner = _PARTS[names[:length]], names[length:]
    if column == "logged" and names[0] == "metadata":
        column, inner = "metadata", names[1:]
    path = ".".join(f'"{name}"' for name in inner)
    return f"{column} {arrow} {literal('$.' + path)}" if inner else column
