"""One HTTP exchange, on a connection of its own: bounded in time and size, never repeated, nothing followed silently.

`requests` and `urllib3` bound each read from a socket, not an exchange: headers, interim statuses and chunk sizes may
drip for as long as a server likes.  So an exchange has a thread of its own, and its socket is ended from outside.
"""

import http.client
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bot.services.threads import in_background

CONNECT_TIMEOUT_SECONDS = 5
MAX_RETRY_AFTER_SECONDS = 300.0
GLANCE_SECONDS = 1.0
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the body, unpacked."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may take: seconds from connecting to the last byte, and bytes of the answer, unpacked."""

    seconds: float
    size_bytes: int


class TooBigError(requests.RequestException):
    """The answer has more bytes than `Limits` allow, packed or unpacked."""


def exchange(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    limits: Limits,
    proceed: Callable[[], None],
) -> Answer:
    """One request and its answer; raises `requests.RequestException`.  A redirect is an answer like any other.

    `proceed` is called about every second while the server is waited for; when it raises, the exchange ends.  Proxies
    and private certificate authorities are taken from the usual variables (`HTTPS_PROXY`, `REQUESTS_CA_BUNDLE`);
    certificates are always checked.
    """
    deadline = time.monotonic() + limits.seconds
    transport = _Transport()
    request = {"method": method, "url": url, "headers": {**headers, "Connection": "close"}, "data": body}
    under_way = in_background(lambda: _carried_out(transport, request, limits), name="exchange")
    try:
        while not wait([under_way], timeout=min(max(deadline - time.monotonic(), 0.0), GLANCE_SECONDS)).done:
            if time.monotonic() >= deadline:
                raise requests.Timeout("the answer was not complete in time")
            proceed()
        return under_way.result()
    finally:
        transport.end()


def retry_after_seconds(headers: CaseInsensitiveDict[str]) -> float | None:
    """How long the server asks to wait: `Retry-After` as seconds or as an HTTP date; None without a usable one."""
    text = headers.get("Retry-After", "").strip()
    try:
        if text.replace(".", "", 1).isdigit():
            seconds = float(text)
        else:  # by the server's clock, which is not ours; it may say in `Date` what it shows
            now = parsedate_to_datetime(headers["Date"]).timestamp() if headers.get("Date") else time.time()
            seconds = parsedate_to_datetime(text).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _carried_out(transport: "_Transport", request: dict[str, Any], limits: Limits) -> Answer:
    timeouts = (min(CONNECT_TIMEOUT_SECONDS, limits.seconds), limits.seconds)
    with requests.Session() as session:
        session.auth = lambda prepared: prepared  # else a password in a `.netrc` file would take the place of the key
        session.mount("https://", transport)
        session.mount("http://", transport)
        with session.request(**request, timeout=timeouts, stream=True, allow_redirects=False) as response:
            body = _unpacked(_body(response, limits.size_bytes), limits.size_bytes)
            return Answer(response.status_code, response.headers, body)


def _body(response: requests.Response, most_bytes: int) -> bytes:
    """The body as it arrives: `iter_content` would wait for whole pieces of it, however slowly they trickle."""
    body = bytearray()
    try:
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > most_bytes:
                raise TooBigError(f"more than {most_bytes} bytes")
    except HTTPError as error:
        raise requests.ConnectionError(str(error)) from error
    return bytes(body)


def _unpacked(body: bytes, most_bytes: int) -> bytes:
    """`body`, unzipped where storage sent gzip without saying so."""
    if not body.startswith(_GZIP_MAGIC):
        return body
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, most_bytes)
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError("broken gzip") from error
    if unzip.unconsumed_tail:
        raise TooBigError(f"more than {most_bytes} bytes")
    return plain


class _Transport(HTTPAdapter):
    """The transport of `requests` for one exchange.  Once that was ended nothing more is sent or read, at any stage."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_ended = False

    def end(self) -> None:
        with self._lock, suppress(OSError):
            self._is_ended = True
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    @override
    def close(self) -> None:
        super().close()
        with self._lock:
            if self._socket is not None:
                self._socket.close()

    @override
    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = partial(self._connection, pool.ConnectionCls)
        return pool

    def _connection(self, kind: Callable[..., Any], *args: Any, **options: Any) -> Any:
        connection = kind(*args, **options)
        connection.response_class = _Response
        connection._new_conn = partial(self._watched, connection._new_conn)  # noqa: SLF001 - there is no other way in
        return connection

    def _watched(self, connect: Callable[[], socket.socket]) -> socket.socket:
        connected = connect()
        with self._lock:
            self._socket = socket.socket(fileno=os.dup(connected.fileno()))  # TLS takes the socket itself away
        if self._is_ended:
            self.end()
        return connected


class _Response(http.client.HTTPResponse):
    """An answer without the interim statuses before it (`http.client` takes 103 for the answer itself)."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:  # as far as the exchange's deadline lets it
            version, status, reason = super()._read_status()  # type: ignore[misc]  # not in the stubs
            if not 100 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)
