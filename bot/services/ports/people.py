"""Ports about people: who they are in Slack, what they want, and the direct messages to them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from bot.domain.notice import Notice, NoticeCount
from bot.domain.people import Person
from bot.domain.preferences import Preference
from bot.messages.blocks import Message
from bot.services.ports.work import Lease


class NoticeBook(Protocol):
    """The direct messages to the reviewers of plans."""

    def arrange(self, lease: Lease, counts: Sequence[NoticeCount]) -> None:
        """Store what each reviewer of the plan is to be told; raises `LeaseLostError`.

        What changed since is told anew: by an edit where there is a message, else by the message itself.
        """

    def failed(self, plan_id: str) -> frozenset[str]:
        """The reviewers of a plan who could not be written to."""


class NoticeQueue(Protocol):
    """Direct messages that wait to be sent.  What records an attempt does nothing once a newer one was begun."""

    def claim(self, *, now: datetime) -> Notice | None:
        """Take up a notice that is to be sent or edited now; nobody else gets it for a while."""

    def opened(self, notice: Notice, channel: str) -> bool:
        """Remember the conversation and renew the claim; False when it ran out and somebody else has it."""

    def sent(self, notice: Notice, *, ts: str | None = None) -> None:
        """The message shows these numbers: it was posted (`ts`), or edited."""

    def put_off(self, notice: Notice, *, until: datetime) -> None:
        """The person works then; nobody takes the notice up before."""

    def try_again(self, notice: Notice, *, in_seconds: float) -> None:
        """A fault that passes: nobody takes the notice up before."""

    def drop(self, notice: Notice) -> None:
        """There is nothing to send."""

    def fail(self, notice: Notice) -> None:
        """The person cannot be written to; the plan is drawn again, to say so."""


class PreferenceBook(Protocol):
    """What people want who get rows, by their Slack id."""

    def of(self, slack_users: Collection[str]) -> Mapping[str, Preference]:
        """What these people want, as far as they said anything."""

    def set_muted(self, slack_user: str, *, muted: bool) -> None:
        """Whether somebody wants no direct messages."""

    def set_away(self, slack_user: str, *, until: date | None) -> None:
        """Until when somebody takes no rows; None: they are back."""


class TimeZones(Protocol):
    """Where people are.  A call fails where it would have to wait: it raises `SlackUnavailableError`."""

    def time_zone(self, user: str) -> str | None:
        """The person's IANA time zone; None where Slack does not tell."""


class Messenger(TimeZones, Protocol):
    """Direct messages to one person.  A call fails where it would have to wait: it raises `SlackUnavailableError`."""

    def open_directly(self, user: str) -> str:
        """The direct conversation with somebody; raises `SlackRejectedError` where there is none."""

    def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        """Post once, never repeated after an unclear answer; the message's `ts`."""

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message's content."""


class People(Protocol):
    """Who is in Slack, for finding reviewers."""

    def people(self) -> tuple[Person, ...]:
        """Everybody, apps and those who left included; raises `SlackError`."""

    def person(self, user: str) -> Person | None:
        """One of them, in one request; None where Slack knows nobody of that id; raises `SlackError`."""

    def by_email(self, email: str) -> Person | None:
        """Who has this e-mail, in one request; None where nobody has; raises `SlackError`."""

    def members_of(self, group: str) -> tuple[str, ...]:
        """The Slack ids in a user group; raises `SlackError`."""


class Matches(Protocol):
    """Which Slack account is whose, as it was seen last."""

    def since(self, moment: datetime) -> Mapping[str, str | None]:
        """Slack ids by reviewer id, None for who had no account, as far as they were seen at `moment` or later."""

    def keep(self, accounts: Mapping[str, str | None], *, now: datetime) -> None:
        """Remember the Slack ids of these reviewers, in place of what was known of them."""


class Directory(Protocol):
    """Who people are in Slack: yes, no, or `SlackError` where Slack cannot be asked."""

    def is_outsider(self, user: str) -> bool:
        """Whether `user` is a guest, from another workspace, deactivated, a bot, or nobody; raises `SlackError`."""

    def is_admin(self, user: str) -> bool:
        """Whether `user` is an owner or an admin of the workspace; raises `SlackError`."""

    def group_members(self, group: str) -> frozenset[str]:
        """The users of a Slack user group; raises `SlackError`.  A group that does not exist has none."""

    def is_member(self, user: str, channel: str) -> bool:
        """Whether `user` is in a channel; raises `SlackError`."""
