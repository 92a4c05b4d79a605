"""Small real Bolt apps for the stand-in to talk to, over both doors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from slack_bolt import App
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from sandbox.slack.stand_in import SlackStandIn

BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"


def web_client(slack: SlackStandIn, token: str = BOT_TOKEN) -> WebClient:
    """A client that never repeats a call."""
    return WebClient(token=token, base_url=slack.api_url, retry_handlers=[])


def bolt_app(slack: SlackStandIn) -> App:
    return App(client=web_client(slack), signing_secret=SIGNING_SECRET, token_verification_enabled=False)


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


class _ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = False


@contextmanager
def http_door(slack: SlackStandIn, app: App) -> Iterator[None]:
    """Serve `app` by WSGI and let Slack know where."""
    handler = SlackRequestHandler(app)
    with make_server("127.0.0.1", 0, handler, _ThreadingServer, _QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        slack.bot_url = f"http://127.0.0.1:{server.server_port}/slack/events"
        try:
            yield
        finally:
            slack.bot_url = None
            server.shutdown()
            thread.join()


@contextmanager
def socket_door(slack: SlackStandIn, app: App) -> Iterator[SocketModeHandler]:
    """Connect `app` by Socket Mode."""
    handler = SocketModeHandler(app, APP_TOKEN, web_client=web_client(slack, APP_TOKEN))
    handler.connect()  # type: ignore[no-untyped-call]
    slack.wait_for_socket()
    try:
        yield handler
    finally:
        handler.close()  # type: ignore[no-untyped-call]
