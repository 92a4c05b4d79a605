"""The other door: Socket Mode, a connection that the bot opens itself, without a public address.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import json
import logging
import math
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import websocket
from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode.internals import run_bolt_app
from slack_sdk import WebClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.adapters.slack.identity import connection_address, refusal
from bot.app import Bot
from bot.doors.health import HealthPages, served_aside
from bot.errors import SettingsError, SlackRejectedError, SlackUnavailableError
from bot.secret_files import Secret
from bot.settings import Settings

log = logging.getLogger(__name__)

THREADS = 16
TIMEOUT_SECONDS = 5
SESSION_TIMEOUT_SECONDS = 15
PING_SECONDS, PONG_SECONDS = 10, 8  # by this it is noticed that nobody is at the other end any more
CLOSE_SECONDS = 1
GLANCE_SECONDS = 0.2
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
ROUND_SECONDS = 1.0

Message = dict[str, Any]


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is on its way."""
    bot = Bot(settings)
    client = WebClient(
        token=settings.slack.app_token, base_url=settings.slack.api_url, timeout=TIMEOUT_SECONDS, retry_handlers=[]
    )
    door = SocketDoor(bot.bolt, client)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: door.stop())
    door.try_token()
    with served_aside(HealthPages(bot), settings):
        bot.start()
        try:
            door.serve()
        finally:
            bot.stop()


class SocketDoor:
    """Keeps a connection to Slack open: a new one where it is lost, or where Slack wants to end it."""

    def __init__(self, bolt: App, client: WebClient) -> None:
        self._bolt = bolt
        self._client = client
        self._token = Secret("SLACK_APP_TOKEN", client.token or "")
        self._address: str | None = None
        self._session: Session | None = None
        self._stopped = threading.Event()
        self._is_wanted = threading.Event()
        """Another session is wanted, or none any more."""
        self._hands = ThreadPoolExecutor(THREADS, thread_name_prefix="envelope")

    def try_token(self) -> None:
        """Get the first address; raises `SettingsError` where Slack refuses the token.  An outage is for `serve`."""
        self._address = self._new_address({})

    def serve(self) -> None:
        """Serve until `stop`, then answer what is on its way."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            self._is_wanted.clear()
            if self._opened(pause):
                pause = FIRST_PAUSE_SECONDS
                _wait(self._is_wanted, math.inf)
            else:
                _wait(self._stopped, pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        self._hands.shutdown(wait=True)
        if self._session is not None:
            self._session.end()

    def stop(self) -> None:
        """End `serve`; for handlers of signals."""
        self._stopped.set()
        self._is_wanted.set()

    def _opened(self, pause: float) -> bool:
        """Whether a new session took the place of the one before."""
        again = {"tried_again_in_seconds": pause}
        try:
            address, self._address = self._address or self._new_address(again), None
        except SettingsError as error:
            log.error("Slack refuses the connection", extra={"error": str(error), **again})  # noqa: TRY400 - no bug
            return False
        if address is None:
            return False
        session = Session(address, received=self._received, lost=self._lost)
        if not session.is_greeted(unless=self._stopped):
            session.end()
            if not self._stopped.is_set():
                log.warning("no connection to Slack could be opened", extra={"cause": session.cause, **again})
            return False
        log.info("connected to Slack")
        before, self._session = self._session, session
        if before is not None:
            before.end()
        if session.is_over:  # it was before it became the one
            self._is_wanted.set()
        return True

    def _new_address(self, again: dict[str, float]) -> str | None:
        try:
            return connection_address(self._client)
        except SlackRejectedError as error:
            if not self._token.is_other_than(self._client.token or ""):
                raise SettingsError([f"SLACK_APP_TOKEN: {refusal(error)}"]) from error
            self._client.token = self._token.value
            return self._new_address(again)
        except SlackUnavailableError as error:
            log.warning("Slack cannot be reached", extra={"error": str(error), **again})
            return None

    def _received(self, session: "Session", message: Message) -> None:
        """A session's hook: hand a payload to the listeners; open another session where Slack ends this one."""
        if message.get("type") == "disconnect":
            log.info("Slack wants another connection", extra={"reason": message.get("reason")})
            self._is_wanted.set()
        elif "envelope_id" in message and not self._stopped.is_set():
            self._hands.submit(self._answer, session, message)

    def _lost(self, session: "Session") -> None:
        """A session's hook: it ended."""
        if session is self._session and not self._stopped.is_set():
            log.warning("the connection to Slack was lost", extra={"cause": session.cause})
            self._is_wanted.set()

    def _answer(self, session: "Session", message: Message) -> None:
        request = SocketModeRequest.from_dict(message)
        if request is None:
            return
        try:
            response = run_bolt_app(self._bolt, request)
            if response.status != 200:
                return
            answer = _acknowledgement(request, response)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            log.warning("a request of Slack's could not be read", extra={"cause": type(error).__name__})
            return
        if not any(one.send(answer) for one in (session, self._session) if one is not None):
            log.warning("an answer was ready when the connection was lost")


class Session:
    """One WebSocket, in a thread of its own: hands on what Slack sends, and says when it is over."""

    def __init__(
        self, address: str, *, received: Callable[["Session", Message], None], lost: Callable[["Session"], None]
    ) -> None:
        websocket.setdefaulttimeout(SESSION_TIMEOUT_SECONDS)
        self._received = received
        self._lost = lost
        self._is_greeted = False
        self._is_ended = False
        self.is_over = False
        self.cause = "closed by Slack"
        """Why it ended, or was never opened."""
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
        deadline = time.monotonic() + 2 * SESSION_TIMEOUT_SECONDS
        while not unless.is_set() and time.monotonic() < deadline:
            if self._is_settled.wait(GLANCE_SECONDS):
                break
        return self._is_greeted

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
            self.is_over = True
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
            self.cause = f"status {error.status_code}"
        elif isinstance(error, (websocket.WebSocketException, OSError)):
            self.cause = f"{type(error).__name__}: {error}"
        else:
            log.error("a message of Slack's could not be handed on", exc_info=error)


def _wait(event: threading.Event, seconds: float) -> None:
    """Wait in rounds: a signal that comes right before a round is noticed only at its end."""
    deadline = time.monotonic() + seconds
    while not event.wait(min(ROUND_SECONDS, deadline - time.monotonic())) and time.monotonic() < deadline:
        pass


def _acknowledgement(request: SocketModeRequest, response: BoltResponse) -> dict[str, Any]:
    if not response.body:
        return {"envelope_id": request.envelope_id}
    is_json = str(response.first_headers().get("content-type")).startswith("application/json")
    payload = json.loads(response.body) if is_json else {"text": response.body}
    return {"envelope_id": request.envelope_id, "payload": payload}
