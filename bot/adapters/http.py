"""One HTTP exchange: bounded in time and size, never repeated, nothing followed silently."""

import time
import zlib
from collections import deque
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

MAX_BODY_BYTES = 64 * 1024 * 1024
CONNECT_TIMEOUT_SECONDS = 5
MAX_RETRY_AFTER_SECONDS = 300.0
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers, and the body, unpacked."""

    status: int
    headers: CaseInsensitiveDict[str]
    body: bytes


class TooSlowError(requests.RequestException):
    """The answer was not complete at the deadline."""


class TooBigError(requests.RequestException):
    """The answer has more than `MAX_BODY_BYTES`."""


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
        self._token = token
        self._headers = headers
        self._idle: deque[requests.Session] = deque()

    def exchange(self, method: str, url: str, *, body: bytes | None = None, timeout_seconds: float) -> Answer:
        """One request and its answer; raises `requests.RequestException`.  A redirect is an answer like any other."""
        session = self._taken()
        answer = self._exchange(session, method, url, body, timeout_seconds)
        self._idle.append(session)  # not after an error: its connection may be in any condition
        return answer

    def fetch_elsewhere(self, url: str, *, timeout_seconds: float) -> Answer:
        """GET a signed address on another server, without our credentials."""
        with requests.Session() as session:
            session.auth = Bearer("")
            return self._exchange(session, "GET", url, None, timeout_seconds)

    @staticmethod
    def _exchange(
        session: requests.Session, method: str, url: str, body: bytes | None, timeout_seconds: float
    ) -> Answer:
        deadline = time.monotonic() + timeout_seconds
        timeouts = (min(CONNECT_TIMEOUT_SECONDS, timeout_seconds), timeout_seconds)
        with session.request(method, url, data=body, timeout=timeouts, stream=True, allow_redirects=False) as response:
            return Answer(response.status_code, response.headers, _unpacked(_body(response, deadline)))

    def _taken(self) -> requests.Session:
        """A session that nobody uses just now."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_session()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.auth = Bearer(self._token)
        session.headers.update(self._headers)
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0))
        return session


def retry_after_seconds(headers: CaseInsensitiveDict[str]) -> float | None:
    """How long the server asks to wait: `Retry-After` as seconds or as an HTTP date; None without a usable one."""
    text = headers.get("Retry-After", "").strip()
    try:
        seconds = float(text) if text.replace(".", "", 1).isdigit() else _until(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _until(http_date: str) -> float:
    return parsedate_to_datetime(http_date).timestamp() - time.time()


def _body(response: requests.Response, deadline: float) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := _chunk(response):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise TooBigError(f"more than {MAX_BODY_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TooSlowError("the answer was not complete in time")
    return b"".join(chunks)


def _chunk(response: requests.Response) -> bytes:
    """What has arrived, up to a bound: `iter_content` would wait for all of it, however slowly it trickles."""
    try:
        chunk: bytes = response.raw.read1(_CHUNK, decode_content=True)
    except HTTPError as error:
        raise requests.ConnectionError(str(error)) from error
    return chunk


def _unpacked(body: bytes) -> bytes:
    """`body`, unzipped where storage sent gzip without saying so."""
    if not body.startswith(_GZIP_MAGIC):
        return body
    unzip = zlib.decompressobj(wbits=31)
    try:
        plain = unzip.decompress(body, MAX_BODY_BYTES)
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError("broken gzip") from error
    if unzip.unconsumed_tail:
        raise TooBigError(f"more than {MAX_BODY_BYTES} bytes")
    return plain
