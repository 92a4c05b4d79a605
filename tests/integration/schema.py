"""A database's schema as text, alike on SQLite and PostgreSQL, and the stored copy of what each migration made.

`python -m tests.integration.schema 0042` writes the copy that a new migration needs.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Inspector, inspect
from sqlalchemy.sql import sqltypes

from bot.adapters.store.database import Database
from bot.adapters.store.schema import revisions, upgrade

COPIES = Path(__file__).parent / "schemas"


def copy_of(revision: str) -> Path:
    """Where the schema is kept that a migration made when it landed."""
    return COPIES / f"{revision}.txt"


def described(connection: Connection) -> str:
    """The tables: a line for each column, key, constraint and index, in an order that does not depend on history."""
    inspector = inspect(connection)
    tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
    return "\n".join("\n  ".join([table, *sorted(_lines(inspector, table))]) for table in tables) + "\n"


def _lines(inspector: Inspector, table: str) -> Iterator[str]:
    for column in inspector.get_columns(table):
        yield " ".join([column["name"], _type_name(column["type"]), *_restrictions(column)])
    yield f"(primary key) {_listed(inspector.get_pk_constraint(table)['constrained_columns'])}"
    for unique in inspector.get_unique_constraints(table):
        yield f"(unique) {_listed(unique['column_names'])}"
    for key in inspector.get_foreign_keys(table):
        target = f"{key['referred_table']} {_listed(key['referred_columns'])}"
        yield f"(foreign key) {_listed(key['constrained_columns'])} of {target} {dict(key['options'])}"
    for index in inspector.get_indexes(table):
        if not index.get("duplicates_constraint"):
            columns = _listed(index["column_names"])
            yield f"(index) {index['name']} {columns} {'unique' if index['unique'] else ''}".strip()


def _type_name(found: sqltypes.TypeEngine[Any]) -> str:
    generic = found.as_generic()
    return "Float()" if isinstance(generic, sqltypes.Float) else repr(generic)  # PostgreSQL calls it double precision


def _restrictions(column: Any) -> Iterator[str]:
    if not column["nullable"]:
        yield "not null"
    if column["default"] is not None and not column["autoincrement"]:
        yield f"default {column['default']}"


def _listed(names: Any) -> str:
    return ", ".join(names)


def migrate(connection: Connection, *, to: str) -> None:
    """Run the migrations up to one of them, however busy the machine is."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    upgrade(connection, to=to)


def write_copy(revision: str) -> None:
    """Write the copy of a migration that is about to land; one that is there is never replaced."""
    if revision not in revisions():
        raise SystemExit(f"There is no migration {revision}.")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/new.db")
        with database.write() as connection:
            upgrade(connection, to=revision)
            schema = described(connection)
        database.close()
    with copy_of(revision).open("x") as copy:
        copy.write(schema)


if __name__ == "__main__":
    write_copy(*sys.argv[1:])
