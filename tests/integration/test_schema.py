"""The schema: each migration makes what it made when it landed, and what is not the code's is refused or repaired."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import String

from bot.adapters.store.database import Database
from bot.errors import StoreUnusableError
from tests.integration.schema import COPIES, described, migrate
from tests.integration.stored import BATCHES, opened
from tests.postgresql import PostgresServer

REPOSITORY = Path(__file__).parents[2]
KEPT = sorted(COPIES.glob("*.txt"))


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql: PostgresServer) -> Iterator[Database]:
    name = postgresql.create()
    database = Database(postgresql.url(name))
    database.migrate()
    yield database
    database.close()
    postgresql.drop(name)


def altered(database: Database, *statements: str) -> None:
    with database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("copy", KEPT, ids=[copy.stem for copy in KEPT])
def test_a_migration_makes_what_it_made_when_it_landed(copy: Path, database: Database) -> None:
    """Databases that have it never run it again, so a change to it reaches only new ones."""
    with database.write() as connection:
        migrate(connection, to=copy.stem)
        made = described(connection)

    assert made == copy.read_text(), f"{copy.stem} has landed: leave it and its copy as they are, and add a migration"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE plans DROP COLUMN message_url", "plans.message_url is missing"),
        ("DROP TABLE balances", "balances is missing"),
        ("DROP INDEX ix_plans_state", "index on plans (state) is missing"),
        ("ALTER TABLE plans ADD COLUMN colour VARCHAR(9) NOT NULL DEFAULT 'red'", None),
        ("ALTER TABLE plans ADD COLUMN colour VARCHAR(9)", None),
        ("CREATE INDEX of_an_admin ON plans (tag)", None),
        ("CREATE TABLE of_others (id INTEGER)", None),
    ],
)
def test_tables_that_the_code_cannot_work_with_are_refused(
    statement: str, told: str | None, database: Database
) -> None:
    """What others added beside them does no harm."""
    database.migrate()
    altered(database, statement)

    if told is None:
        database.migrate()
        return
    with pytest.raises(StoreUnusableError) as refused:
        database.migrate()

    assert told in str(refused.value)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("ALTER TABLE plans DROP CONSTRAINT plans_writing_project_key", "on plans (writing_project) is missing"),
        ("ALTER TABLE plans ALTER tag TYPE varchar(9)", "plans.tag is of another kind"),
        ("ALTER TABLE plans ALTER reason SET NOT NULL", "plans.reason is of another kind"),
        ("ALTER TABLE plans ADD COLUMN colour text NOT NULL", "plans.colour is unknown"),
        ("ALTER TABLE undo_batches DROP CONSTRAINT undo_batches_plan_id_fkey", "on undo_batches (plan_id) is missing"),
    ],
)
def test_what_only_postgresql_can_change_is_noticed_too(
    statement: str, told: str, postgresql_database: Database
) -> None:
    altered(postgresql_database, statement)

    with pytest.raises(StoreUnusableError) as refused:
        postgresql_database.migrate()

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("9999", r"A newer version of the bot has used this database: its tables are at 9999, .* up to \d{4}\."),
        ("ae1027a6acf4", "Another application keeps its tables in this database"),
    ],
)
def test_a_database_that_is_not_of_this_bot_is_told_as_that(version: str, told: str, database: Database) -> None:
    database.migrate()
    altered(database, f"UPDATE alembic_version SET version_num = '{version}'")

    with pytest.raises(StoreUnusableError, match=told):
        database.migrate()


def test_tables_of_the_same_names_are_left_alone(database: Database) -> None:
    altered(database, "CREATE TABLE plans (id INTEGER)")

    with pytest.raises(StoreUnusableError, match="tables that the bot did not make, with names that it needs: plans"):
        database.migrate()

    with database.read() as connection:
        assert described(connection).split("\n")[0:1] == ["plans"]


def test_a_migration_may_make_a_table_anew_without_losing_what_refers_to_it(sqlite_url: str) -> None:
    """SQLite deletes the rows of a table that is dropped, and with them what refers to them, where that is watched."""
    with opened(sqlite_url) as store:
        store.proposed()
        with store.database.engine.execution_options(migrating=True).begin() as connection:
            operations = Operations(MigrationContext.configure(connection))
            with operations.batch_alter_table("plans", recreate="always") as plans:
                plans.alter_column("tag", type_=String(900))

        assert store.batches.of("plan") == BATCHES


def test_a_checkout_may_lie_anywhere(tmp_path: Path) -> None:
    """Alembic reads its script folder from a configuration in which a percent sign begins a name."""
    folder = tmp_path / "100%(here)s of it, #1"
    shutil.copytree(REPOSITORY / "bot", folder / "bot", ignore=shutil.ignore_patterns("__pycache__", "sandbox"))
    script = "from bot.adapters.store.database import Database; Database('sqlite:///data/100%.db').migrate()"

    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "data" / "100%.db").exists()
