"""The values that a Slack workspace is made of.  A change makes a new value; what somebody holds stays as it was."""

from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

SLACKBOT = "USLACKBOT"  # who tells people that an app did not answer


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, a bot included; `email` is None where Slack would not show one."""

    id: str
    name: str
    real_name: str
    email: str | None = None
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_admin: bool = False
    tz: str = "Europe/Berlin"
    status_text: str = ""
    status_emoji: str = ""
    status_expiration: int = 0

    @property
    def is_outsider(self) -> bool:
        """Whether somebody sees only the channels that they are a member of."""
        return self.is_restricted or self.is_ultra_restricted or self.is_stranger


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation: public, private, or one person's direct messages with the bot."""

    id: str
    name: str
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    is_org_shared: bool = False
    members: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """The type by which channels are listed."""
        return "im" if self.is_im else "private_channel" if self.is_private else "public_channel"

    @property
    def is_shared(self) -> bool:
        """Whether another workspace is in it: of another organisation, or of the same one."""
        return self.is_ext_shared or self.is_org_shared


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A named set of people, mentioned as `@handle`."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...] = ()
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose upload is complete; `channel` is None while it is shared nowhere."""

    id: str
    name: str
    title: str
    content: bytes
    channel: str | None = None
    thread_ts: str | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that everybody in the channel sees, or `seen_by` alone; `history` holds its earlier versions."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    thread_ts: str | None = None
    files: tuple[StoredFile, ...] = ()
    edited: str | None = None
    seen_by: str | None = None
    history: tuple["Message", ...] = ()

    @property
    def id(self) -> str:
        """The channel and the time stamp, which tell it from every other one."""
        return f"{self.channel}-{self.ts}"


@dataclass(frozen=True, slots=True)
class View:
    """A modal that was opened for somebody, or the home tab published for them."""

    id: str
    user: str
    type: str
    content: Json


Item: TypeAlias = Message | StoredFile | Person | Channel | UserGroup | View


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the bot answered to one payload; `status` is None when it answered nothing at all."""

    status: int | None
    body: str
    seconds: float
    timed_out: bool

    @property
    def acknowledged(self) -> bool:
        """True when Slack would be content with the answer."""
        return self.status == 200
