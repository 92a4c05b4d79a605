"""The stand-in itself: a strict Slack in memory, and people who use it."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from aiohttp import web

from sandbox.http.server_thread import ServerThread
from sandbox.slack import http_delivery, web_api
from sandbox.slack.backend import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, Backend
from sandbox.slack.methods.files import upload
from sandbox.slack.payloads import Payload
from sandbox.slack.people import People
from sandbox.slack.records import Delivery
from sandbox.slack.rendering import transcript
from sandbox.slack.response_urls import ResponseUrls
from sandbox.slack.sample import sample_workspace
from sandbox.slack.socket_delivery import SocketDelivery
from sandbox.slack.workspace import Workspace

T = TypeVar("T")

_BIGGEST_BODY = 64 * 1024 * 1024


class SlackStandIn(ServerThread):
    """Slack on 127.0.0.1, with a workspace that outlives a restart.

    Payloads go to `bot_url`, or over Socket Mode while that is None.
    """

    def __init__(
        self,
        *,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        signing_secret: str = SIGNING_SECRET,
        port: int = 0,
        workspace: Workspace | None = None,
    ) -> None:
        super().__init__(port)
        self.backend = Backend(workspace or sample_workspace(), bot_token, app_token, signing_secret)
        self.workspace = self.backend.workspace
        self.clock = self.workspace.clock
        self.calls = self.backend.calls
        self.faults = self.backend.faults
        self.scopes = self.backend.scopes
        self.bot_url: str | None = None
        self.response_urls = ResponseUrls(self.backend)
        people = People(self.backend, self.response_urls, self.deliver)
        self.command, self.press, self.choose, self.submit = people.command, people.press, people.choose, people.submit
        self.mention, self.direct_message = people.mention, people.direct_message
        self.invite_bot, self.home_opened = people.invite_bot, people.home_opened
        self._sockets = SocketDelivery(self.backend)

    def start(self) -> None:
        """Begin to listen; OSError when the port is taken."""
        super().start()
        self.backend.url = self.url

    @property
    def api_url(self) -> str:
        """What a WebClient needs as `base_url`."""
        return f"{self.url}/api/"

    @property
    def socket_count(self) -> int:
        """How many WebSockets are connected and would get payloads."""
        return sum(not connection.is_leaving for connection in list(self._sockets.connections))

    def drop_sockets(self) -> None:
        """Cut every WebSocket, as a network failure would."""
        self.run(self._sockets.drop())

    def refresh_sockets(self) -> None:
        """Announce to every WebSocket that it must be replaced."""
        self.run(self._sockets.refresh())

    def wait_for_socket(self, count: int = 1, *, timeout_seconds: float = 30) -> None:
        """Wait until so many WebSockets are connected."""
        self.wait_for(lambda _: self.socket_count >= count, timeout_seconds=timeout_seconds)

    def wait_for(self, predicate: Callable[[Workspace], T], *, timeout_seconds: float = 30) -> T:
        """The first truthy value of `predicate`; AssertionError with everything that was said when time runs out."""
        value = self.workspace.wait_until(predicate, timeout_seconds)
        if not value:
            raise AssertionError(f"not within {timeout_seconds} s.  The workspace:\n{transcript(self.workspace)}")
        return value

    def deliver(self, payload: Payload) -> Delivery:
        """Bring a payload to the bot and wait for its acknowledgement."""
        if self.bot_url is None:
            return self.run(self._sockets.deliver(payload))
        return self.run(http_delivery.deliver(self.backend, self.bot_url, payload))

    def application(self) -> web.Application:
        """The Web API, and the addresses that it gives out."""
        application = web.Application(client_max_size=_BIGGEST_BODY)
        application.router.add_route("*", "/api/{method}", partial(web_api.serve, self.backend))
        application.router.add_post("/respond/{ticket}", self.response_urls.serve)
        application.router.add_post("/upload/v1/{file_id}", partial(upload, self.backend))
        application.router.add_get("/link/", self._sockets.serve)
        application.on_shutdown.append(self._sockets.close)
        return application
