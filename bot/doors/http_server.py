"""The HTTP server behind the web door: waitress, for peers that are slow, silent or hostile.

It reads a request whole before a thread is spent on it.  Added here: one connection carries one request, which has to
be there within a deadline; the oldest unfinished connections make room for new ones; and some paths have threads of
their own, so that their answers never wait behind others.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from typing_extensions import override
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

READ_SECONDS = 10.0  # from the connection to the last byte of the request
MAX_CONNECTIONS = 512
MAX_HEADER_BYTES = 16 * 1024
MAX_BODY_BYTES = 1024 * 1024  # Slack's payloads are a few kilobytes
MEMORY_BYTES = 64 * 1024  # of a body; what is longer waits in a file until it is there
THREADS = 16
ACCEPTED_AT_ONCE = 64
FINISH_SECONDS = 5.0  # a command is answered within 3

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class HttpServer(TcpWSGIServer):  # type: ignore[misc]  # waitress ships no types
    """Serves `application` on a listening socket, in threads; each path in `aside` has one of its own."""

    def __init__(self, application: Application, listening: socket.socket, *, aside: Iterable[str]) -> None:
        # A burst is no fault: requests that wait for a thread are not worth a warning each.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._threads = _threads(THREADS)
        self._aside = {path: _threads(1) for path in aside}
        super().__init__(
            application,
            _sock=listening,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
            dispatcher=self._threads,
            adj=_adjustments(listening),
        )
        self.channel_class = _Connection
        self._stopped = threading.Event()

    def serve(self) -> None:
        """Serve until `stop`, then let nobody in and answer those who are."""
        while not self._stopped.is_set():
            self._turn()
        for _ in ("let in", "read"):  # whoever was before the door already
            self._turn(timeout=0)
        wasyncore.dispatcher.close(self)
        deadline = time.monotonic() + FINISH_SECONDS
        while any(one.requests for one in self.active_channels.values()) and time.monotonic() < deadline:
            self._turn()
        self._threads.shutdown(timeout=1)

    def stop(self) -> None:
        """End `serve`; for handlers of signals."""
        self._stopped.set()
        self.pull_trigger()

    @override
    def add_task(self, task: HTTPChannel) -> None:
        """Waitress's hook: a request is there."""
        request = task.requests[0]
        request.headers["CONNECTION"] = "close"
        path = getattr(request, "path", "")  # none was found in one that cannot be parsed
        self._aside.get(path, self._threads).add_task(task)

    @override
    def handle_accept(self) -> None:
        """Waitress's hook: somebody wants to connect; it would accept one in each round of its loop."""
        for _ in range(ACCEPTED_AT_ONCE):
            before = len(self.active_channels)
            super().handle_accept()
            if len(self.active_channels) == before:
                break
        surplus = len(self.active_channels) - MAX_CONNECTIONS
        if surplus > 0:
            for connection in list(islice(self._unfinished(), surplus)):
                connection.will_close = True

    @override
    def maintenance(self, now: float) -> None:
        """Waitress's hook, once a second: close what took too long."""
        for connection in self._unfinished():
            if connection.creation_time < now - READ_SECONDS:
                connection.will_close = True

    def _turn(self, *, timeout: float = 1) -> None:
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _unfinished(self) -> Iterator[HTTPChannel]:
        """The connections without a whole request, oldest first."""
        return (one for one in self.active_channels.values() if not one.requests)


class _Connection(HTTPChannel):  # type: ignore[misc]
    """One connection.  What waitress itself stumbles over is dropped: it would log the peer's words."""

    @override
    def handle_error(self) -> None:
        self.handle_close()


def _threads(count: int) -> ThreadedTaskDispatcher:
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(count)
    return dispatcher


def _adjustments(listening: socket.socket) -> Adjustments:
    return Adjustments(
        sockets=[listening],
        ident=None,
        cleanup_interval=1,
        connection_limit=100_000,  # beyond it nobody would be let in any more; `MAX_CONNECTIONS` makes room instead
        clear_untrusted_proxy_headers=False,  # the doorkeeper decides what to think of them
        log_socket_errors=False,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=MAX_BODY_BYTES,
        inbuf_overflow=MEMORY_BYTES,
    )
