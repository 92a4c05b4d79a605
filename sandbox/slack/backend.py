"""The state that all endpoints of the stand-in share: the workspace, who may call, and tickets that were given out."""

import secrets
from dataclasses import dataclass, field

from sandbox.http.fault_orders import Faults
from sandbox.http.request import Answer
from sandbox.http.request_log import RequestLog
from sandbox.http.service import Service
from sandbox.slack import limits
from sandbox.slack.answers import SlackError
from sandbox.slack.records import Channel
from sandbox.slack.workspace import Workspace

BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"

ALL_SCOPES = """
app_mentions:read channels:history channels:join channels:read chat:write commands files:write groups:history
groups:read im:history im:read im:write usergroups:read users:read users:read.email
"""


@dataclass(slots=True)
class Trigger:
    """A right to open one modal."""

    user_id: str
    issued_at: float
    is_used: bool = False


@dataclass(slots=True)
class Upload:
    """A file on its way; `content` is None until the bytes arrived."""

    name: str
    length: int
    content: bytes | None = None


@dataclass(slots=True)
class Backend:
    """The shared state behind every endpoint.  `scopes` may be changed at any time."""

    workspace: Workspace
    bot_token: str
    app_token: str
    signing_secret: str
    url: str = field(default="", init=False)
    page_url: str | None = field(default=None, init=False)
    acknowledge_seconds: float = field(default=limits.ACKNOWLEDGE_SECONDS, init=False)
    calls: RequestLog = field(init=False)
    faults: Faults = field(default_factory=Faults, init=False)
    service: Service = field(init=False)
    scopes: set[str] = field(default_factory=lambda: set(ALL_SCOPES.split()), init=False)
    triggers: dict[str, Trigger] = field(default_factory=dict, init=False)
    uploads: dict[str, Upload] = field(default_factory=dict, init=False)
    socket_tickets: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.calls = RequestLog(self.workspace.touch)
        self.service = Service(self.faults, self.calls, _refusal)

    def need_scope(self, scope: str) -> None:
        """Refuse the call unless the app was granted `scope`."""
        if scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def need_channel_scope(self, channel: Channel) -> None:
        """Refuse the call unless the app may read about this sort of channel."""
        sorts = {"im": "im", "private_channel": "groups", "public_channel": "channels"}
        self.need_scope(f"{sorts[channel.kind]}:read")

    def knows(self, channel: Channel) -> bool:
        """Whether the bot can know of a channel."""
        return not channel.is_private or self.workspace.bot.id in channel.members

    def channel(self, channel_id: str) -> Channel:
        """The channel, if the bot can know of it."""
        try:
            channel = self.workspace.channel(channel_id)
        except KeyError as error:
            raise SlackError("channel_not_found") from error
        if not self.knows(channel):
            raise SlackError("channel_not_found")
        return channel

    def issue_trigger(self, user_id: str) -> str:
        """A new trigger id, good for one modal within 3 seconds."""
        trigger_id = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user_id, self.workspace.clock.now())
        return trigger_id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """Exchange a trigger id; raises SlackError when it is unknown, used or too old."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self.workspace.clock.now() - trigger.issued_at > limits.TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def permalink(self, channel_id: str, ts: str, thread_ts: str | None = None) -> str:
        """The address of a message; where there is a page of the demo, its own."""
        if self.page_url:
            return f"{self.page_url}/#{channel_id}-{ts}"
        link = f"{self.url}/archives/{channel_id}/p{ts.replace('.', '')}"
        return f"{link}?thread_ts={thread_ts}&cid={channel_id}" if thread_ts else link


def _refusal(status: int) -> Answer:
    return Answer({"ok": False, "error": "ratelimited"} if status == 429 else "upstream error", status)
