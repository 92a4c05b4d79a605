"""The forms of addresses in the settings: each function reads one text, or raises `ValueError` with what to write."""

import re
import ssl
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from bot.domain.plain_text import shown

API, API_EU, PAGES = "https://api.braintrust.dev", "https://api-eu.braintrust.dev", "https://www.braintrust.dev"

_ENDPOINT = re.compile(r"/(?:v1|btql|api/v1)$")
_PAGE = re.compile(r"/app(?:/.*)?$")
_PAGE_HOSTS = ("www.braintrust.dev", "braintrust.dev", "www.braintrustdata.com", "braintrustdata.com")
_API_HOST = re.compile(r"api(?:-[a-z]+)?\.braintrust(?:data)?\.(?:dev|com)")
_HERE = re.compile(r"localhost|127\..+|::1")
_BARE_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/[\w./-]*)?")


def url(text: str) -> str:
    """An address, without a slash at the end."""
    return _parts(text).geturl().rstrip("/")


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
