"""PostgreSQL, perhaps behind a pooler: nothing is assumed of a session between two transactions."""

from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from bot.adapters.store.postgresql_words import is_full, is_read_only, refusal, words
from bot.addresses import postgresql_parameters
from bot.errors import StoreUnusableError

# What an address leaves open.
_USUAL = {"connect_timeout": "2", "client_encoding": "UTF8"}
_OF_SEVERAL = {"target_session_attrs": "primary"}  # the others can only be read
# `_begin` starts transactions, not the driver; and the next transaction may have another session, which knows nothing
# of the statements that were prepared in this one.
_ALWAYS = {"autocommit": True, "prepare_threshold": None}
_STATEMENT_MS = 60_000
_IDLE_MS = 10_000  # a process that froze must not hold its plan's row for ever
_FIT_ENCODINGS = ("UTF8", "SQL_ASCII")  # the second keeps bytes as they come
_MIGRATION_LOCK = 0x61737369  # any fixed number: the key of an advisory lock
# Another process may migrate just now; and what carries much along takes its time.
_BEGIN_MIGRATION = f"""BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = 60000;
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 60000;
SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"""


class PostgresqlServer:
    """The server behind an address, with `pool_size` connections; each, and locks, are waited for `patience_ms`."""

    def __init__(self, url: str, *, patience_ms: int, pool_size: int) -> None:
        given = postgresql_parameters(url)
        usual = {**_USUAL, **(_OF_SEVERAL if "," in given.get("host", "") else {})}
        self.engine = create_engine(
            "postgresql+psycopg://",
            pool_size=(pool_size + 1) // 2,  # so many are kept when there is little to do
            max_overflow=pool_size // 2,
            pool_timeout=patience_ms / 1000,
            pool_pre_ping=True,
            hide_parameters=True,  # faults reach the log: with their statements, but not with addresses and links
            use_native_hstore=False,  # the bot has none, and looking for it is one more query
            connect_args={**usual, **given, **_ALWAYS},
        )
        self._begin_work = _begin_work(patience_ms, options=given.get("options", ""))
        self._patiently = Retrying(
            retry=retry_if_exception(is_full),
            stop=stop_after_delay(patience_ms / 1000),
            wait=wait_fixed(0.1),
            reraise=True,
        )
        event.listen(self.engine, "do_connect", self._connect)
        event.listen(self.engine, "begin", self._begin)
        event.listen(self.engine, "handle_error", _leave_stand_by)

    def refuse_unfit(self, connection: Connection) -> None:
        """Raise `StoreUnusableError` where the database cannot hold what is stored; see to what it would forget."""
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding not in _FIT_ENCODINGS:
            raise StoreUnusableError(
                f"DATABASE_URL: the database's encoding is {encoding}, which lacks letters of names and tags. "
                "Make one with ENCODING 'UTF8' TEMPLATE template0."
            )
        if connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "off":
            self._begin_work += "; SET LOCAL synchronous_commit = on"  # what is sent must have been stored for good

    def refusal(self, error: DBAPIError) -> str | None:
        """The sentence for the operator about a fault that does not pass; None where it may."""
        return refusal(error.orig)

    def words(self, error: DBAPIError) -> str:
        """What the server or the network said."""
        return words(error.orig)

    def _connect(self, dialect: Dialect, _record: object, args: tuple[Any], parameters: dict[str, Any]) -> Any:
        return self._patiently(dialect.connect, *args, **parameters)

    def _begin(self, connection: Connection) -> None:
        begin = _BEGIN_MIGRATION if connection.get_execution_options().get("migrating") else self._begin_work
        connection.exec_driver_sql(begin, execution_options={"no_parameters": True})  # only so can there be several


def _leave_stand_by(context: ExceptionContext) -> None:
    """Give up every connection where one leads to a stand-by: the address may lead to the right server again."""
    if is_read_only(context.original_exception):
        context.is_disconnect = True


def _begin_work(lock_ms: int, *, options: str) -> str:
    """How a transaction begins, in one round trip: with all that it needs, but for what the address has its word on."""
    limits = {
        "lock_timeout": lock_ms,
        "statement_timeout": _STATEMENT_MS,
        "idle_in_transaction_session_timeout": _IDLE_MS,
    }
    patience = [f"SET LOCAL {name} = {ms}" for name, ms in limits.items() if name not in options]
    return "; ".join(["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", *patience])
