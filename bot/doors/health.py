"""The health of the bot, for platforms and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from bot.adapters.store.waiting import WaitingPlans
from bot.app import Bot
from bot.doors.http_server import HttpServer
from bot.errors import SettingsError, StoreError
from bot.settings import Settings

TRIED_SECONDS = 2.0  # how long the answer of a transaction that writes counts

Answer = tuple[str, dict[str, str]]
"""An HTTP status, and what the body says."""


class Health:
    """Whether the worker runs, and whether what people decide can be stored."""

    def __init__(
        self,
        works: Callable[[], bool],
        try_writing: Callable[[], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._works = works
        self._try_writing = try_writing
        self._monotonic = monotonic
        self._tried_at = float("-inf")
        self._is_writable = False

    def alive(self) -> Answer:
        """200 while the worker's threads run."""
        if self._works():
            return "200 OK", {"status": "ok"}
        return "503 Service Unavailable", {"status": "the worker does not run"}

    def ready(self) -> Answer:
        """200 while the database takes changes, too."""
        if self._monotonic() - self._tried_at >= TRIED_SECONDS:
            try:
                self._try_writing()
                self._is_writable = True
            except StoreError:
                self._is_writable = False
            self._tried_at = self._monotonic()
        if self._is_writable:
            return self.alive()
        return "503 Service Unavailable", {"status": "the database takes no changes"}


HEALTH, READINESS, METRICS = "/healthz", "/readyz", "/metrics"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class HealthPages:
    """The three pages, as a WSGI application.  None of them asks Slack or Braintrust anything."""

    def __init__(self, bot: Bot) -> None:
        self._health = Health(bot.worker.is_alive, bot.store.database.try_writing)
        self._stored = CollectorRegistry()
        self._stored.register(WaitingPlans(bot.store.database, bot.store.clock))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        match environ.get("PATH_INFO"):
            case "/healthz":
                return answered(start_response, *self._health.alive())
            case "/readyz":
                return answered(start_response, *self._health.ready())
            case "/metrics":
                metrics = generate_latest(REGISTRY) + generate_latest(self._stored)
                return _sent(start_response, "200 OK", CONTENT_TYPE_LATEST, metrics)
            case _:
                return answered(start_response, "404 Not Found", {"error": "nothing is here"})


@contextmanager
def served_aside(pages: HealthPages, settings: Settings) -> Iterator[None]:
    """Serve the pages on `METRICS_PORT` meanwhile, where it is set; raises `SettingsError` where nobody can."""
    if settings.metrics_port is None:
        yield
        return
    with listening(settings.metrics_host, settings.metrics_port, setting="METRICS_PORT") as found:
        server = HttpServer(pages, found, aside=())
        thread = Thread(target=server.serve, name="health", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.stop()
            thread.join(timeout=2)


def listening(host: str, port: int, *, setting: str) -> socket.socket:
    """A socket that listens; raises `SettingsError` where that is not possible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        cause = str(error.strerror or error).partition(" (")[0]
        raise SettingsError([f"{setting}: nobody can listen on {host}, port {port}: {cause}."]) from error


def answered(start_response: StartResponse, status: str, body: dict[str, str]) -> list[bytes]:
    """An answer in JSON."""
    return _sent(start_response, status, "application/json", json.dumps(body).encode())


def _sent(start_response: StartResponse, status: str, content_type: str, content: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(content)))])
    return [content]
