"""PostgreSQL, perhaps behind a pooler: nothing is assumed of a session between two transactions."""

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.adapters.store.postgresql_words import refusal, words
from bot.database_forms import postgresql_parameters

# What an address leaves open.
_USUAL = {"connect_timeout": "2", "client_encoding": "UTF8"}
# `_begin` starts transactions, not the driver; and the next transaction may have another session, which knows nothing
# of the statements that were prepared in this one.
_ALWAYS = {"autocommit": True, "prepare_threshold": None}
_STATEMENT_MS = 60_000
_IDLE_MS = 10_000  # a process that froze must not hold its plan's row for ever
_MIGRATION_LOCK = 0x61737369  # any fixed number: the key of an advisory lock
# Another process may migrate just now; and what carries much along takes its time.
_BEGIN_MIGRATION = f"""BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = 60000;
SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"""


class PostgresqlServer:
    """The server behind an address; locks and connections are waited for as long as `patience_ms`."""

    def __init__(self, url: str, *, patience_ms: int) -> None:
        given = postgresql_parameters(url)
        self.engine = create_engine(
            "postgresql+psycopg://",
            pool_size=8,
            max_overflow=8,
            pool_timeout=patience_ms / 1000,
            pool_pre_ping=True,
            hide_parameters=True,  # faults reach the log: with their statements, but not with addresses and links
            connect_args={**_USUAL, **given, **_ALWAYS},
        )
        self._begin_work = _begin_work(patience_ms, options=given.get("options", ""))
        event.listen(self.engine, "begin", self._begin)

    def refusal(self, error: DBAPIError) -> str | None:
        """The sentence for the operator about a fault that does not pass; None where it may."""
        return refusal(error.orig)

    def words(self, error: DBAPIError) -> str:
        """What the server or the network said."""
        return words(error.orig)

    def _begin(self, connection: Connection) -> None:
        begin = _BEGIN_MIGRATION if connection.get_execution_options().get("migrating") else self._begin_work
        connection.exec_driver_sql(begin, execution_options={"no_parameters": True})  # only so can there be several


def _begin_work(lock_ms: int, *, options: str) -> str:
    """How a transaction begins, in one round trip: with all that it needs, but for what the address has its word on."""
    limits = {
        "lock_timeout": lock_ms,
        "statement_timeout": _STATEMENT_MS,
        "idle_in_transaction_session_timeout": _IDLE_MS,
    }
    patience = [f"SET LOCAL {name} = {ms}" for name, ms in limits.items() if name not in options]
    return "; ".join(["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", *patience])
