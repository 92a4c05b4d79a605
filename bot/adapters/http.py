"""One HTTP exchange: bounded in time and size, never repeated, nothing followed silently."""

import time
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from bot.adapters.connections import Call, WatchedAdapter
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


class TooSlowError(requests.RequestException):
    """The answer was not complete at the deadline."""


class TooBigError(requests.RequestException):
    """The answer has more bytes than `Limits` allow, packed or unpacked."""


class Bearer(AuthBase):
    """Bearer authentication.  Given explicitly, so that a `.netrc` file cannot replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Http:
    """Exchanges with one server, from any thread; connections are used again.

    Proxies and private certificate authorities are taken from the usual variables (`HTTPS_PROXY`,
    `REQUESTS_CA_BUNDLE`); certificates are always checked.
    """

    def __init__(self, *, token: str, headers: dict[str, str]) -> None:
        self._auth = Bearer(token)
        self._headers = headers
        self._idle: deque[requests.Session] = deque()

    def exchange(
        self, method: str, url: str, *, body: bytes | None = None, limits: Limits, proceed: Callable[[], None]
    ) -> Answer:
        """One request and its answer; raises `requests.RequestException`.  A redirect is an answer like any other.

        `proceed` is called about every second while the server is waited for; when it raises, the exchange ends.
        """
        return self._awaited(self._taken(), method, url, body, limits, proceed)

    def fetch_elsewhere(self, url: str, *, limits: Limits, proceed: Callable[[], None]) -> Answer:
        """GET a signed address on another server, without our credentials."""
        return self._awaited(_session(Bearer("")), "GET", url, None, limits, proceed)

    def _awaited(
        self,
        session: requests.Session,
        method: str,
        url: str,
        body: bytes | None,
        limits: Limits,
        proceed: Callable[[], None],
    ) -> Answer:
        """The answer of an exchange in a thread of its own, whose socket is ended when nobody waits for it any more."""
        deadline = time.monotonic() + limits.seconds
        call = Call()
        under_way = in_background(lambda: self._carried_out(call, session, method, url, body, limits), name="exchange")
        try:
            while not under_way.done():
                wait([under_way], timeout=min(max(deadline - time.monotonic(), 0.0), GLANCE_SECONDS))
                if not under_way.done() and time.monotonic() >= deadline:
                    raise TooSlowError("the answer was not complete in time")
                if not under_way.done():
                    proceed()
            return under_way.result()
        finally:
            if not under_way.done():
                call.end()

    def _carried_out(
        self, call: Call, session: requests.Session, method: str, url: str, body: bytes | None, limits: Limits
    ) -> Answer:
        WatchedAdapter.begin(call)
        timeouts = (min(CONNECT_TIMEOUT_SECONDS, limits.seconds), limits.seconds)
        is_clean = False
        try:
            with session.request(
                method, url, data=body, timeout=timeouts, stream=True, allow_redirects=False
            ) as response:
                content = _unpacked(_body(response, limits.size_bytes), limits.size_bytes)
                answer = Answer(response.status_code, response.headers, content)
            is_clean = answer.status == 200 and not call.was_odd
        finally:
            call.close()
            if is_clean and session.auth is self._auth:
                self._idle.append(session)
            else:
                session.close()
        return answer

    def _taken(self) -> requests.Session:
        """A session that nobody uses just now."""
        try:
            return self._idle.pop()
        except IndexError:
            session = _session(self._auth)
            session.headers.update(self._headers)
            return session


def _session(auth: Bearer) -> requests.Session:
    session = requests.Session()
    session.auth = auth
    for scheme in ("https://", "http://"):
        session.mount(scheme, WatchedAdapter())
    return session


def retry_after_seconds(headers: CaseInsensitiveDict[str]) -> float | None:
    """How long the server asks to wait: `Retry-After` as seconds or as an HTTP date; None without a usable one."""
    text = headers.get("Retry-After", "").strip()
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else _until(text, headers.get("Date"))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _until(http_date: str, sent_at: str | None) -> float:
    """The seconds to a moment of the server's clock, which is not ours; it may say in `Date` what it shows."""
    now = parsedate_to_datetime(sent_at).timestamp() if sent_at else time.time()
    return parsedate_to_datetime(http_date).timestamp() - now


def _body(response: requests.Response, most_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := _chunk(response):
        chunks.append(chunk)
        size += len(chunk)
        if size > most_bytes:
            raise TooBigError(f"more than {most_bytes} bytes")
    return b"".join(chunks)


def _chunk(response: requests.Response) -> bytes:
    """What has arrived, up to a bound: `iter_content` would wait for all of it, however slowly it trickles."""
    try:
        chunk: bytes = response.raw.read1(_CHUNK, decode_content=True)
    except HTTPError as error:
        raise requests.ConnectionError(str(error)) from error
    return chunk


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
