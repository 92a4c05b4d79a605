"""PostgreSQL, perhaps behind a pooler: the engine, and what to do about what it says."""

import re
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from bot.addresses import postgresql_parameters
from bot.domain.plain_text import readable
from bot.errors import StoreUnusableError
from bot.secret_files import Secret

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
        self._url = Secret("DATABASE_URL", url)
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
        """What does not pass, and what to do about it; None where it may pass."""
        code, said = _code(error.orig), self.words(error)
        is_passing = _PASSING_CODES.match(code) if code else _PASSING_WORDS.search(str(error.orig))
        if is_passing or is_full(error.orig):
            return None
        by_words = (advice for form, advice in _ADVICE_BY_WORDS if re.search(form, said))
        return f"{said}. {_ADVICE_BY_CODE.get(code) or next(by_words, 'Correct the address.')}"

    def words(self, error: DBAPIError) -> str:
        """What the server or the network said, without the story around it."""
        first = str(error.orig).partition("\n")[0].rpartition("failed: ")[2].removeprefix("connection is bad: ")
        return readable(re.sub(r"^\w+: {2}", "", first))[:_LONGEST].rstrip(".")  # its severity: before two blanks

    def _connect(self, dialect: Dialect, _record: object, args: tuple[Any], parameters: dict[str, Any]) -> Any:
        used = self._url.value
        try:
            return self._patiently(dialect.connect, *args, **(parameters | _user(used)))
        except psycopg.OperationalError as error:
            if not _IS_OF_A_USER.search(str(error)) or not self._url.is_other_than(used):
                raise
        return self._patiently(dialect.connect, *args, **(parameters | _user(self._url.value)))

    def _begin(self, connection: Connection) -> None:
        begin = _BEGIN_MIGRATION if connection.get_execution_options().get("migrating") else self._begin_work
        connection.exec_driver_sql(begin, execution_options={"no_parameters": True})  # only so can there be several


def _user(url: str) -> dict[str, str]:
    """Who connects.  What else is in the address counts from the start on: it may lead to another database."""
    return {name: value for name, value in postgresql_parameters(url).items() if name in ("user", "password")}


def _leave_stand_by(context: ExceptionContext) -> None:
    """Give up every connection where one leads to a stand-by: the address may lead to the right server again."""
    if _code(context.original_exception) in _READ_ONLY_CODES:
        context.is_disconnect = True


def _begin_work(lock_ms: int, *, options: str) -> str:
    """How a transaction begins, in one round trip: with all that it needs, except what the address sets."""
    limits = {
        "lock_timeout": lock_ms,
        "statement_timeout": _STATEMENT_MS,
        "idle_in_transaction_session_timeout": _IDLE_MS,
    }
    patience = [f"SET LOCAL {name} = {ms}" for name, ms in limits.items() if name not in options]
    return "; ".join(["BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", *patience])


_LONGEST = 300
# Classes of SQLSTATE <https://www.postgresql.org/docs/current/errcodes-appendix.html>: connection, transactions that
# took too long or were rolled back, insufficient resources (but a full disk), locks, operator intervention.
_PASSING_CODES = re.compile(r"08|25P|40|53(?!100)|55P03|57")
_PASSING_WORDS = re.compile(
    "Connection refused|timeout expired|timed out|No such file or directory.*that socket|Network is unreachable"
    "|No route to host|Connection reset|closed the connection|connection is lost|Temporary failure in name resolution"
    "|starting up|shutting down|recovery mode|cannot connect to server|server login",
    re.DOTALL,
)
_FULL_WORDS = re.compile("too many (?:clients|connections)|connection slots|no more connections|query_wait_timeout")
_READ_ONLY_CODES = ("25006", "0A000")  # the second is a stand-by's, which refuses a BEGIN that means to write
_READ_ONLY = "This server is for reading only, as a stand-by is: name one that can be written."
_ADVICE_BY_CODE = {
    "42501": "Give its user the right to make tables there: GRANT USAGE, CREATE ON SCHEMA.",
    "3F000": "Create the schema that search_path names, or correct it.",
    "53100": "Make room on the server's disk.",
    **dict.fromkeys(_READ_ONLY_CODES, _READ_ONLY),
}
_IS_OF_A_USER = re.compile(r"role .* does not exist|no such user|password|SASL|authentication|not permitted to log in")
_ADVICE_BY_WORDS = (
    (r"database .* does not exist|no such database", "Create it, or correct its name."),
    (r"role .* does not exist|no such user", "Create this user, or correct its name."),
    (r"password|SASL|authentication", "Correct the password or the user's name."),
    (r"not permitted to log in", "Let an administrator allow it, or name another user."),
    (r"pg_hba\.conf", "Let the server admit this user from here, or say by sslmode how it is spoken to."),
    (r"resolve host|translate host", "Correct the host's name."),
    (r"invalid response|expected authentication request", "Something else answers there: correct the host or port."),
    (r"startup parameter", "A pooler stands there: take it out of the address, or let the pooler ignore it."),
    (r"session is read-only|hot standby mode", _READ_ONLY),
    (r"SSL|TLS|certificate", "Correct sslmode, or the certificates."),
)


def is_full(error: BaseException | None) -> bool:
    """Whether the server, or a pooler before it, had no connection free."""
    return isinstance(error, psycopg.Error) and (_code(error) == "53300" or bool(_FULL_WORDS.search(str(error))))


def _code(error: BaseException | None) -> str:
    return (error.sqlstate if isinstance(error, psycopg.Error) else None) or ""
