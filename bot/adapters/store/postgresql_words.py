"""The words of PostgreSQL, of a pooler before it and of the network, and what an operator has to do about them.

Before a connection stands, libpq hands on words and no codes, so only words tell whether a fault can pass.
"""

import re

import psycopg

from bot.domain.plain_text import readable

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


def refusal(error: BaseException | None) -> str | None:
    """What does not pass, and what to do about it; None where it may pass."""
    code, said = _code(error), words(error)
    is_passing = _PASSING_CODES.match(code) if code else _PASSING_WORDS.search(str(error))
    if is_passing or is_full(error):
        return None
    by_words = (advice for form, advice in _ADVICE_BY_WORDS if re.search(form, said))
    return f"{said}. {_ADVICE_BY_CODE.get(code) or next(by_words, 'Correct the address.')}"


def is_full(error: BaseException | None) -> bool:
    """Whether the server, or a pooler before it, had no connection free."""
    return isinstance(error, psycopg.Error) and (_code(error) == "53300" or bool(_FULL_WORDS.search(str(error))))


def is_read_only(error: BaseException | None) -> bool:
    """Whether a server that can only be read was asked to write."""
    return _code(error) in _READ_ONLY_CODES


def words(error: BaseException | None) -> str:
    """The message itself, without the story around it."""
    first = str(error).partition("\n")[0].rpartition("failed: ")[2].removeprefix("connection is bad: ")
    return readable(re.sub(r"^\w+: {2}", "", first))[:_LONGEST].rstrip(".")  # its severity stands before two blanks


def _code(error: BaseException | None) -> str:
    return (error.sqlstate if isinstance(error, psycopg.Error) else None) or ""
