"""The schema of the database: made by migrations, then compared with what the code expects."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.adapters.store.tables import metadata
from bot.errors import StoreUnusableError

_MIGRATIONS = Path(__file__).parent / "migrations"
_NAMED = 5  # differences that a refusal names; the first ones tell enough


def bring_up_to_date(connection: Connection) -> None:
    """Carry the tables, and what is in them, to the newest version, in the transaction of `connection`.

    Raises `StoreUnusableError` where they are not the bot's, or not what the code expects even then.
    """
    if _context(connection).get_current_heads() == (revisions()[-1],):
        return  # others wait for this transaction, and need not wait for a comparison
    _refuse_what_no_migration_made(connection)

    upgrade(connection)

    refuse_unexpected(connection)


def refuse_unexpected(connection: Connection) -> None:
    """Raise `StoreUnusableError` where tables of the newest version are not what the code expects."""
    if faults := list(_faults(compare_metadata(_context(connection), metadata))):
        listed = "; ".join(faults[:_NAMED]) + ("; ..." if len(faults) > _NAMED else "")
        raise StoreUnusableError(
            f"The tables in the database are not what this version of the bot expects: {listed}. "
            "Restore a copy of the database, or name an empty one in DATABASE_URL."
        )


def is_empty(connection: Connection) -> bool:
    """Whether no migration ever ran here."""
    return not _context(connection).get_current_heads()


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Run the migrations up to one of them."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))  # Alembic would interpolate it
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def revisions() -> list[str]:
    """Every migration, oldest first."""
    return [script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()][::-1]


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})


def _refuse_what_no_migration_made(connection: Connection) -> None:
    heads, known = _context(connection).get_current_heads(), revisions()
    unknown = [head for head in heads if head not in known]
    strange = sorted(metadata.tables.keys() & inspect(connection).get_table_names())
    if strange and not heads:
        raise StoreUnusableError(
            f"The database has tables that the bot did not make, with names that it needs: {', '.join(strange)}. "
            "Name a database of the bot's own in DATABASE_URL."
        )
    if len(heads) > 1 or any(not head.isdigit() for head in unknown):
        raise StoreUnusableError(
            "Another application keeps its tables in this database, and Alembic's version of them. "
            "Name a database of the bot's own in DATABASE_URL."
        )
    if unknown:
        raise StoreUnusableError(
            f"A newer version of the bot has used this database: its tables are at {unknown[0]}, and this version "
            f"knows them up to {known[-1]}. Start the newer version, or restore a copy of the database from before."
        )


def _faults(differences: Iterable[Any]) -> Iterator[str]:
    """What keeps the code from working, in words: others' tables and columns that may be empty do not."""
    for difference in differences:
        match difference:
            case [("modify_nullable" | "modify_type" | "modify_default", _, table, column, *_), *_]:
                yield f"{table}.{column} is of another kind"
            case ("add_table", table):
                yield f"{table.name} is missing"
            case ("add_column", _, table, column):
                yield f"{table}.{column.name} is missing"
            case ("remove_column", _, table, column) if not (column.nullable or column.server_default):
                yield f"{table}.{column.name} is unknown"
            case ("add_index" | "add_constraint" | "add_fk" as kind, item):
                yield f"a {kind.removeprefix('add_')} on {item.table.name} ({_columns(item)}) is missing"
            case ("remove_constraint" | "remove_fk" as kind, item):
                yield f"a {kind.removeprefix('remove_')} on {item.table.name} ({_columns(item)}) is unknown"


def _columns(item: Any) -> str:
    return ", ".join(column.name for column in item.columns)
