"""The other door: Socket Mode, a connection that the bot opens itself, without a public address."""

import logging
import signal
import threading

from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_sdk import WebClient

from bot.app import Bot
from bot.settings import Settings

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is on its way."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    bot = Bot(settings)
    # start() of the handler ignores SIGTERM; this client comes back within seconds after a lost connection.
    door = SocketModeHandler(
        bot.bolt,
        app_token=settings.slack.app_token,
        web_client=WebClient(token=settings.slack.app_token, base_url=settings.slack.api_url),
    )
    bot.start()
    try:
        door.connect()  # type: ignore[no-untyped-call]
        log.info("connected to Slack")
        stopped.wait()
    finally:
        door.close()  # type: ignore[no-untyped-call]
        bot.stop()
