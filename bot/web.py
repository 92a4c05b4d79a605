"""The HTTP door: a WSGI application for gunicorn, which also reads its own settings from here.

gunicorn --config python:bot.web 'bot.web:create()'
"""

import gc
import json
import logging
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from gunicorn.arbiter import Arbiter
from slack_bolt.adapter.wsgi import SlackRequestHandler

from bot.app import Bot
from bot.doorkeeper import Doorkeeper
from bot.errors import SettingsError, StoreError
from bot.logs import configure
from bot.settings import FOR_HTTP, Settings, environment

log = logging.getLogger(__name__)

# gunicorn's settings: one process with threads, because the worker and the scheduler live in it too.
workers = 1
worker_class = "gthread"
threads = 16
graceful_timeout = 30
accesslog = None
control_socket_disable = True

SLACK_PATH = "/slack/events"
MAX_BODY_BYTES = 1024 * 1024  # Slack's payloads are a few kilobytes
_closing: list[Callable[[], None]] = []

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


def create() -> "Door":
    """The bot, started, behind its HTTP door; with unusable settings gunicorn ends, and its log names them all."""
    try:
        settings = Settings.from_env(environment(), required=FOR_HTTP)
    except SettingsError as error:
        configure("text")
        for problem in error.problems:
            log.error(problem)  # noqa: TRY400 - a list for the operator; a traceback adds nothing
        raise SystemExit(Arbiter.APP_LOAD_ERROR) from None
    configure(settings.log_format)
    bot = Bot(settings)
    bot.start()
    gc.collect()
    gc.freeze()  # what was imported and built stays: looking through it again and again costs a tenth of the time
    doorkeeper = Doorkeeper(settings.slack.signing_secret)
    _closing.extend((doorkeeper.close, bot.stop))
    return Door(bot, doorkeeper)


def worker_exit(_server: object, _worker: object) -> None:
    """Gunicorn's hook: the process ends, so the bot stops cleanly."""
    while _closing:
        _closing.pop()()


class Door:
    """`/slack/events` for Slack, `/healthz` and `/readyz` for the platform."""

    def __init__(self, bot: Bot, doorkeeper: Doorkeeper) -> None:
        self._bot = bot
        self._slack = SlackRequestHandler(bot.bolt, path=SLACK_PATH)
        self._doorkeeper = doorkeeper

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            return _answered(start_response, *self._health())
        if path == "/readyz":
            return _answered(start_response, *self._readiness())
        if path != SLACK_PATH or environ.get("REQUEST_METHOD") != "POST":
            return _answered(start_response, "404 Not Found", {"error": "nothing is here"})
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if not length.isascii() or not length.isdigit():
            return _answered(start_response, "400 Bad Request", {"error": "unreadable"})
        if int(length) > MAX_BODY_BYTES:
            return _answered(start_response, "413 Content Too Large", {"error": "too large"})
        body = environ["wsgi.input"].read(int(length))
        if b"ssl_check=1" in body.split(b"&"):  # Slack looks now and then whether the certificate is good
            return _answered(start_response, "200 OK", {})
        if not self._doorkeeper.admits(environ, body):
            return _answered(start_response, "401 Unauthorized", {"error": "not signed by Slack"})
        return self._delivered({**environ, "wsgi.input": BytesIO(body)}, start_response)

    def _delivered(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Bolt's answer; nothing that is not signed gets as far as its parsers."""
        try:
            answer: Iterable[bytes] = self._slack(environ, start_response)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            log.warning("a request could not be read", extra={"cause": type(error).__name__})
            return _answered(start_response, "400 Bad Request", {"error": "unreadable"})
        return answer

    def _health(self) -> tuple[str, dict[str, str]]:
        if self._bot.worker.is_alive():
            return "200 OK", {"status": "ok"}
        return "503 Service Unavailable", {"status": "the worker does not run"}

    def _readiness(self) -> tuple[str, dict[str, str]]:
        try:
            self._bot.store.database.ping()
        except StoreError:
            return "503 Service Unavailable", {"status": "the database does not answer"}
        return self._health()


def _answered(start_response: StartResponse, status: str, body: dict[str, str]) -> list[bytes]:
    content = json.dumps(body).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
