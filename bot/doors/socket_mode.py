"""The other door: Socket Mode, a connection that the bot opens itself, without a public address.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import json
import logging
import math
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode.internals import run_bolt_app
from slack_sdk import WebClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.adapters.slack.identity import connection_address, refusal
from bot.app import Bot
from bot.doors.session import Session
from bot.errors import SettingsError, SlackRejectedError, SlackUnavailableError
from bot.settings import Settings

log = logging.getLogger(__name__)

THREADS = 16
TIMEOUT_SECONDS = 5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
ROUND_SECONDS = 1.0


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
        self._address: str | None = None
        self._session: Session | None = None
        self._stopped = threading.Event()
        self._is_wanted = threading.Event()
        """Another session is wanted, or none any more."""
        self._hands = ThreadPoolExecutor(THREADS, thread_name_prefix="envelope")

    def try_token(self) -> None:
        """Get the first address; raises `SettingsError` where Slack refuses the token.  An outage is for `serve`."""
        try:
            self._address = connection_address(self._client)
        except SlackRejectedError as error:
            raise SettingsError([f"SLACK_APP_TOKEN: {refusal(error)}"]) from error
        except SlackUnavailableError as error:
            log.warning("Slack cannot be reached", extra={"error": str(error)})

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
        address = self._address or self._new_address(pause)
        self._address = None
        if address is None:
            return False
        session = Session(address, received=self._received, lost=self._lost)
        if not session.is_greeted(unless=self._stopped):
            session.end()
            if not self._stopped.is_set():
                about = {"cause": session.cause, "tried_again_in_seconds": pause}
                log.warning("no connection to Slack could be opened", extra=about)
            return False
        log.info("connected to Slack")
        before, self._session = self._session, session
        if before is not None:
            before.end()
        if session.is_over:  # it was before it became the one
            self._is_wanted.set()
        return True

    def _new_address(self, pause: float) -> str | None:
        again = {"tried_again_in_seconds": pause}
        try:
            return connection_address(self._client)
        except SlackRejectedError as error:
            sentence = f"SLACK_APP_TOKEN: {refusal(error)}"
            log.error("Slack refuses the connection", extra={"error": sentence, **again})  # noqa: TRY400 - no bug
        except SlackUnavailableError as error:
            log.warning("Slack cannot be reached", extra={"error": str(error), **again})
        return None

    def _received(self, session: Session, message: dict[str, Any]) -> None:
        """A session's hook: hand a payload to the listeners; open another session where Slack ends this one."""
        if message.get("type") == "disconnect":
            log.info("Slack wants another connection", extra={"reason": message.get("reason")})
            self._is_wanted.set()
        elif "envelope_id" in message and not self._stopped.is_set():
            self._hands.submit(self._answer, session, message)

    def _lost(self, session: Session) -> None:
        """A session's hook: it ended."""
        if session is self._session and not self._stopped.is_set():
            log.warning("the connection to Slack was lost", extra={"cause": session.cause})
            self._is_wanted.set()

    def _answer(self, session: Session, message: dict[str, Any]) -> None:
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
