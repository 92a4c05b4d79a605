"""SQLite: one file on this machine, with one writer at a time and any number of readers."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random


def sqlite_engine(url: str, *, patience_ms: int) -> Engine:
    """An engine for a file, whose folder is made; other writers are waited for as long as `patience_ms`."""
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=24,
        hide_parameters=True,
        connect_args={"timeout": patience_ms / 1000, "check_same_thread": False},
    )
    event.listen(engine, "connect", lambda connection, _record: _prepare(connection, patience_ms))
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, patience_ms: int) -> None:
    connection.isolation_level = None  # `_begin` starts transactions, not the driver
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # Switching to WAL fails at once while another process writes: SQLite does not apply its busy timeout there.
    patiently = Retrying(
        retry=retry_if_exception_type(sqlite3.OperationalError),
        stop=stop_after_delay(patience_ms / 1000),
        wait=wait_random(0.01, 0.05),
        reraise=True,
    )
    patiently(connection.execute, "PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
