"""The form of the database's address.  A refusal shows nothing of it but well-known words: a password stands in it."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgres://", "postgresql://", "postgresql+psycopg://")
_TAKE_OUT = "Take it out."
# What other programs have there, and PostgreSQL has not.
_OPTIONS_OF_OTHERS = {
    "schema": "Take it out, and choose a schema by options=-csearch_path%3DNAME.",
    "pgbouncer": _TAKE_OUT,
    "connection_limit": _TAKE_OUT,
    "pool_timeout": _TAKE_OUT,
    "statement_cache_size": _TAKE_OUT,
    "prepared_statements": _TAKE_OUT,
    "sslaccept": "Take it out, and say by sslmode how the server is checked.",
}
_UNREADABLE = (
    "it cannot be read as an address such as postgresql://user:password@host:5432/name. In a user's name or a "
    "password, @ is written %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25, and a blank is %20."
)


def database_url(text: str) -> str:
    """The address of a database that the bot can use."""
    if text.startswith(_POSTGRESQL):
        _refuse_options_of_others(text)
        if not _is_readable(text):
            raise ValueError(_UNREADABLE)
    elif text.startswith("sqlite:"):
        _refuse_all_but_a_file(text)
    else:
        raise ValueError("it begins with sqlite:///, postgres:// or postgresql://.")
    return text


def postgresql_parameters(text: str) -> dict[str, str]:
    """What an address says, as libpq reads it; raises `psycopg.Error`."""
    found = conninfo_to_dict(text.replace("postgresql+psycopg:", "postgresql:", 1))
    return {name: str(value) for name, value in found.items() if value is not None}


def _refuse_options_of_others(text: str) -> None:
    options = text.rpartition("@")[2].partition("?")[2]
    for name in (option.partition("=")[0] for option in options.split("&")):
        if name in _OPTIONS_OF_OTHERS:
            raise ValueError(f"`{name}` is no option of PostgreSQL's. {_OPTIONS_OF_OTHERS[name]}")


def _is_readable(text: str) -> bool:
    """Whether it means what it seems to mean: libpq takes half a password for a host rather than refuse it."""
    before, at, behind = text.partition("://")[2].rpartition("@")
    if "@" in before or (at and "/" in before) or "@" in behind:
        return False
    try:
        found = postgresql_parameters(text)
    except psycopg.Error:
        return False
    ports = [port for port in found.get("port", "").split(",") if port]
    are_ports = all(port.isdecimal() and 0 < int(port) < 65_536 for port in ports)
    return are_ports and found.get("connect_timeout", "0").isdecimal()


def _refuse_all_but_a_file(text: str) -> None:
    if "?" in text:
        raise ValueError("the address of an SQLite file takes no options; what follows the ? would not be heeded.")
    if not text.removeprefix(_SQLITE).strip() or not text.startswith(_SQLITE) or ":memory:" in text:
        raise ValueError(
            "it names no file. The bot's plans must outlive its process: sqlite:///data/assign-reviews.db, or four "
            "slashes before a path from the root."
        )
