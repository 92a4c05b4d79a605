"""The HTTP door and its process: lets in what Slack signed, and says how the bot is.

Of requests that Slack did not sign, the log gets a count, and not a word.
<https://docs.slack.dev/authentication/verifying-requests-from-slack>
"""

import gc
import hashlib
import hmac
import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from io import BytesIO
from ipaddress import ip_address
from typing import Any

from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot.app import Bot
from bot.doors.health import (
    HEALTH,
    METRICS,
    READINESS,
    Environ,
    HealthPages,
    StartResponse,
    answered,
    listening,
    served_aside,
)
from bot.doors.http_server import HttpServer
from bot.secret_files import Secret
from bot.settings import Settings

log = logging.getLogger(__name__)

FRESH_SECONDS = 300  # Slack's advice
TELL_SECONDS = 60.0
MAX_SOURCES = 1_000  # addresses that are told apart
TOLD_SOURCES = 3


class Doorkeeper:
    """Knows Slack's requests by their signature.  A line of the log tells who else came: at once, then every minute."""

    def __init__(self, signing_secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = Secret("SLACK_SIGNING_SECRET", signing_secret)
        self._clock = clock
        self._lock = threading.Lock()
        self._whys: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._next: threading.Timer | None = None

    def admits(self, environ: Mapping[str, Any], body: bytes) -> bool:
        """Whether Slack sent this, and lately."""
        why = self._objection(environ, body)
        if why is not None:
            self._count(why, _source(environ))
        return why is None

    def tell(self) -> None:
        """Log what was refused since the last line, if anything was."""
        with self._lock:
            whys, sources = self._whys, self._sources
            self._whys, self._sources, self._next = Counter(), Counter(), None
            if whys:
                self._next = threading.Timer(TELL_SECONDS, self.tell)
                self._next.daemon = True
                self._next.start()
        if whys:
            about = {"requests": whys.total(), "why": _listed(whys), "sources": _listed(sources)}
            log.warning("requests that are not from Slack were refused", extra=about)

    def close(self) -> None:
        """Tell the rest."""
        self.tell()
        with self._lock:
            if self._next is not None:
                self._next.cancel()

    def _objection(self, environ: Mapping[str, Any], body: bytes) -> str | None:
        sent_at = str(environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")).encode("latin-1")
        signature = str(environ.get("HTTP_X_SLACK_SIGNATURE", "")).encode("latin-1")
        if not sent_at.isdigit() or not self._is_signed(signature, b"v0:%b:%b" % (sent_at, body)):
            return "signature"
        # Signed, but long ago, or this machine's clock is wrong.
        return "clock" if abs(self._clock() - int(sent_at)) > FRESH_SECONDS else None

    def _is_signed(self, signature: bytes, content: bytes) -> bool:
        secret = self._secret.value
        if _is_signed(signature, content, secret):
            return True
        return self._secret.is_other_than(secret) and _is_signed(signature, content, self._secret.value)

    def _count(self, why: str, source: str) -> None:
        with self._lock:
            self._whys[why] += 1
            known = source in self._sources or len(self._sources) < MAX_SOURCES
            self._sources[source if known else "elsewhere"] += 1
            is_first = self._next is None
        if is_first:
            self.tell()


def _is_signed(signature: bytes, content: bytes, secret: str) -> bool:
    mac = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, f"v0={mac}".encode())


def _source(environ: Mapping[str, Any]) -> str:
    """The address that a request came from; the one that a proxy before the bot saw, where there is one."""
    peer = str(environ.get("REMOTE_ADDR") or "unknown")
    forwarded = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    try:
        # What follows a % in an address is anybody's text.
        return str(ip_address(forwarded)) if ip_address(peer).is_private and "%" not in forwarded else peer
    except ValueError:
        return peer


def _listed(counts: Counter[str]) -> str:
    listed = [f"{name} {count:,}" for name, count in counts.most_common(TOLD_SOURCES)]
    rest = len(counts) - len(listed)
    return ", ".join([*listed, f"{rest:,} more"] if rest else listed)


EVENTS = "/slack/events"


def run(settings: Settings, *, host: str) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is on its way."""
    with listening(host, settings.port, setting="PORT") as found, ExitStack() as aside:
        bot = Bot(settings)
        pages = HealthPages(bot)
        aside.enter_context(served_aside(pages, settings))
        doorkeeper = Doorkeeper(settings.slack.signing_secret)
        server = HttpServer(Door(bot, doorkeeper, pages), found, aside=(HEALTH, READINESS, METRICS))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        bot.start()
        gc.collect()
        gc.freeze()  # what was imported and built stays: looking through it again and again costs a tenth of the time
        log.info("Slack is listened to", extra={"host": host, "port": settings.port})
        try:
            server.serve()
        finally:
            doorkeeper.close()
            bot.stop()


class Door:
    """`/slack/events` for Slack, everything else for those who look after the bot."""

    def __init__(self, bot: Bot, doorkeeper: Doorkeeper, pages: HealthPages) -> None:
        self._pages = pages
        self._slack = SlackRequestHandler(bot.bolt, path=EVENTS)
        self._doorkeeper = doorkeeper

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI; a server that bounds bodies has read this one."""
        if environ.get("PATH_INFO") == EVENTS and environ.get("REQUEST_METHOD") == "POST":
            return self._event(environ, start_response)
        return self._pages(environ, start_response)

    def _event(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        if b"ssl_check=1" in body.split(b"&"):  # Slack looks now and then whether the certificate is good
            return answered(start_response, "200 OK", {})
        if not self._doorkeeper.admits(environ, body):
            return answered(start_response, "401 Unauthorized", {"error": "not signed by Slack"})
        try:
            answer: Iterable[bytes] = self._slack({**environ, "wsgi.input": BytesIO(body)}, start_response)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            log.warning("a request of Slack's could not be read", extra={"cause": type(error).__name__})
            return answered(start_response, "400 Bad Request", {"error": "unreadable"})
        return answer
