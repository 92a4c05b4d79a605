"""PostgreSQL, perhaps behind a pooler: nothing is assumed of a session between two transactions."""

from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, event

# What an address leaves open.
_USUAL = {"connect_timeout": 2, "client_encoding": "UTF8"}
# `_begin` starts transactions, not the driver; and the next transaction may have another session, which knows nothing
# of the statements that were prepared in this one.
_ALWAYS = {"autocommit": True, "prepare_threshold": None}
_STATEMENT_MS = 60_000
_IDLE_MS = 10_000  # a process that froze must not hold its plan's row for ever


def postgresql_engine(url: str, *, patience_ms: int) -> Engine:
    """An engine for an address as libpq reads it; locks and connections are waited for as long as `patience_ms`."""
    given = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://", 1))
    engine = create_engine(
        "postgresql+psycopg://",
        pool_size=8,
        max_overflow=8,
        pool_timeout=patience_ms / 1000,
        pool_pre_ping=True,
        hide_parameters=True,  # faults reach the log: with their statements, but not with addresses and answer links
        connect_args={**_USUAL, **given, **_ALWAYS},
    )
    begin = _begin(patience_ms, options=str(given.get("options", "")))
    event.listen(engine, "begin", lambda connection: _execute(connection, begin))
    return engine


def _begin(lock_ms: int, *, options: str) -> str:
    """How a transaction begins, in one round trip: with all that it needs, but for what the address has its word on."""
    limits = {
        "lock_timeout": lock_ms,
        "statement_timeout": _STATEMENT_MS,
        "idle_in_transaction_session_timeout": _IDLE_MS,
    }
    patience = [f"SET LOCAL {name} = {ms}" for name, ms in limits.items() if name not in options]
    return "; ".join(["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", *patience])


def _execute(connection: Connection, statements: str) -> None:
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})  # only so can there be several
