"""A session of Socket Mode: one WebSocket to Slack, in a thread of its own, from its opening to its end."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import websocket

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15
PING_SECONDS, PONG_SECONDS = 10, 8  # by this it is noticed that nobody is at the other end any more
CLOSE_SECONDS = 1
GLANCE_SECONDS = 0.2

Message = dict[str, Any]


class Session:
    """Hands on what Slack sends, and says when it is over."""

    def __init__(
        self, address: str, *, received: Callable[["Session", Message], None], lost: Callable[["Session"], None]
    ) -> None:
        websocket.setdefaulttimeout(TIMEOUT_SECONDS)
        self._received = received
        self._lost = lost
        self._is_greeted = False
        self._is_over = False
        self._is_ended = False
        self._cause = "closed by Slack"
        self._is_connected = threading.Event()
        """The opening handshake is over, one way or the other."""
        self._is_settled = threading.Event()
        """Slack said hello, or the session is over."""
        self._socket = websocket.WebSocketApp(
            address, on_open=self._opened, on_message=self._heard, on_error=self._failed
        )
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)
        self._thread.start()

    def is_greeted(self, *, unless: threading.Event) -> bool:
        """Whether Slack said hello; waits for that, but not for ever, and not when `unless` is set."""
        deadline = time.monotonic() + 2 * TIMEOUT_SECONDS
        while not unless.is_set() and time.monotonic() < deadline:
            if self._is_settled.wait(GLANCE_SECONDS):
                break
        return self._is_greeted

    @property
    def is_over(self) -> bool:
        """Whether it ended."""
        return self._is_over

    @property
    def cause(self) -> str:
        """Why it ended, or was never opened."""
        return self._cause

    def send(self, message: Message) -> bool:
        """Send a message; False when the session is over."""
        try:
            self._socket.send(json.dumps(message))
        except (websocket.WebSocketException, OSError):
            return False
        return True

    def end(self) -> None:
        """Close it, and wait until it is over, but not for ever."""
        self._is_ended = True
        self._is_connected.wait(2 * CLOSE_SECONDS)  # closed while it connects, the library forgets the open socket
        self._socket.close(timeout=CLOSE_SECONDS)
        self._thread.join(2 * CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            self._socket.run_forever(ping_interval=PING_SECONDS, ping_timeout=PONG_SECONDS)
        finally:
            self._is_over = True
            self._is_connected.set()
            self._is_settled.set()
            if not self._is_ended:
                self._lost(self)

    def _opened(self, socket: websocket.WebSocketApp) -> None:
        self._is_connected.set()
        if self._is_ended:  # and nobody waited so long
            socket.close(timeout=CLOSE_SECONDS)

    def _heard(self, _socket: websocket.WebSocketApp, text: str) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            log.warning("Slack sent what cannot be read")
            return
        if not isinstance(message, dict):
            return
        if message.get("type") == "hello":
            self._is_greeted = True
            self._is_settled.set()
        else:
            self._received(self, message)

    def _failed(self, _socket: websocket.WebSocketApp, error: Exception) -> None:
        if self._is_ended:
            return  # the library stumbles over a socket that is closed while it connects
        if isinstance(error, websocket.WebSocketBadStatusException):  # it repeats the whole answer
            self._cause = f"status {error.status_code}"
        elif isinstance(error, (websocket.WebSocketException, OSError)):
            self._cause = f"{type(error).__name__}: {error}"
        else:
            log.error("a message of Slack's could not be handed on", exc_info=error)
