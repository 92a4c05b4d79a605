"""The forms of addresses in the settings: of servers, proxies, certificates, and the database.

Each function reads one text, or raises `ValueError` that says what to write.  Where a password may be part of it, the
sentence repeats nothing of it but well-known words.
"""

import re
import ssl
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.domain.plain_text import shown

API, API_EU, PAGES = "https://api.braintrust.dev", "https://api-eu.braintrust.dev", "https://www.braintrust.dev"

_ENDPOINT = re.compile(r"/(?:v1|btql|api/v1)$")
_PAGE = re.compile(r"/app(?:/.*)?$")
_PAGE_HOSTS = ("www.braintrust.dev", "braintrust.dev", "www.braintrustdata.com", "braintrustdata.com")
_API_HOST = re.compile(r"api(?:-[a-z]+)?\.braintrust(?:data)?\.(?:dev|com)")
_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f:]+")
_HERE = re.compile(r"localhost|127\..+|::1")
_BARE_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/[\w./-]*)?")
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


def url(text: str) -> str:
    """An address, without a slash at the end."""
    return _parts(text).geturl().rstrip("/")


def host(text: str) -> str:
    """The name or number of a machine."""
    if not _HOST.fullmatch(text):
        raise ValueError(f"`{shown(text)}` is no address to listen on; write 127.0.0.1, or 0.0.0.0 for every one.")
    return text


def slack_url(text: str) -> str:
    """The base address of Slack's Web API, with a slash at the end."""
    return url(text) + "/"


def api_url(text: str) -> str:
    """The address of Braintrust's API; `/v1` behind it, which belongs to single requests, is taken off."""
    parts = _parts(text)
    if parts.hostname in _PAGE_HOSTS:
        raise ValueError(f"this is the address of Braintrust's pages; its API is at {API}, or at {API_EU} in Europe.")
    if parts.scheme == "http" and _API_HOST.fullmatch(parts.hostname or ""):
        raise ValueError(f"it begins with https://, so that nobody on the way reads the key: {API}.")
    return _ENDPOINT.sub("", url(text)).rstrip("/")


def app_url(text: str) -> str:
    """The address of Braintrust's pages; `/app/...`, which belongs to single pages, is taken off."""
    if _API_HOST.fullmatch(_parts(text).hostname or ""):
        raise ValueError(f"this is the address of Braintrust's API; its pages are at {PAGES}.")
    return _PAGE.sub("", url(text)).rstrip("/")


def proxy(text: str) -> str:
    """The address of a proxy; nothing of it is shown, because a password stands in it."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        is_readable = parts.port != 0  # `port` raises where it is no number
    except ValueError:
        is_readable = False
    if not is_readable or not parts.hostname or parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError(
            "a proxy is written like http://user:password@proxy.example.com:3128; in the password, # is written %23, "
            "/ is %2F, ? is %3F, @ is %40 and % is %25."
        )
    if parts.scheme not in ("http", "https"):
        raise ValueError("only proxies that are spoken to by http:// or https:// are understood.")
    return text


def certificates(text: str) -> str:
    """A file or folder with certificates, which can be read."""
    is_folder = Path(text).is_dir()
    if not is_folder and not Path(text).is_file():
        raise ValueError(f"there is no file {shown(text)} that this process can see.")
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(None if is_folder else text, text if is_folder else None)
    except OSError:
        raise ValueError(f"{shown(text)} cannot be read as certificates in the form PEM.") from None
    return text


def is_readable_on_the_way(address: str) -> bool:
    """Whether others can read what is sent to `address`: it is not encrypted, and leaves this machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and not _HERE.fullmatch(parts.hostname or "")


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


def _parts(text: str) -> SplitResult:
    if _BARE_HOST.fullmatch(text):
        raise ValueError(f"write https:// in front: https://{text.rstrip('/')}.")
    problem = ValueError(f"an address such as {API}, please.")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise problem from None
    is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        raise problem
    return parts


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
