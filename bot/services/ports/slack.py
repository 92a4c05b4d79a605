"""Ports to Slack: messages in channels, and private answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.messages.blocks import Message


@dataclass(frozen=True, slots=True)
class Channel:
    """What Slack says of a conversation; the bot has entered it, or has not."""

    id: str
    is_entered: bool
    is_private: bool
    is_shared: bool
    """Whether people of another organisation are in it, or are invited to it."""
    name: str = ""
    is_archived: bool = False


class Slack(Protocol):
    """Slack's Web API, for messages everybody sees."""

    def channel(self, channel: str) -> Channel:
        """What is known of a conversation; raises `SlackRejectedError` with a sentence that says what to do."""

    def join(self, channel: Channel) -> None:
        """Make sure the bot is a member; raises `SlackRejectedError` with a sentence that says what to do."""

    def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        """Post once, never repeated after an unclear answer; the message's `ts`."""

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message's content."""

    def upload(self, channel: str, *, thread_ts: str, name: str, title: str, content: bytes) -> None:
        """Attach a file to a thread."""

    def permalink(self, channel: str, ts: str) -> str | None:
        """A link to a message; None when Slack does not give one."""

    def send_directly(self, user: str, message: Message) -> None:
        """Send a direct message."""


class Views(Protocol):
    """Modals."""

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        """Open a modal within 3 s of the press or command that `trigger_id` is of; its id.  Raises `SlackError`."""

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        """Put another view in the place of an open one; raises `SlackError`."""


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where one person can be answered privately."""

    user: str
    channel: str | None
    response_url: str | None
    thread_ts: str | None = None
    """The first message of the thread in which they acted."""
    is_private: bool = False
    """Whether they acted on a private message, which the answer can take the place of."""


class PrivateAnswers(Protocol):
    """Messages only one person sees."""

    def send(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        """Answer where the person acted, soon: in a thread by `chat.postEphemeral`, else by the response URL.

        With `replace`, the answer takes the place of the private message before.  Where one way is closed, the other
        is taken, and a direct message at last; raises nothing.
        """

    def deliver(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        """The same, now and in order; raises `SlackUnavailableError` when it may work later."""

    def run(self, task: Callable[[], object]) -> None:
        """Carry out something that ends in an answer in the background."""
