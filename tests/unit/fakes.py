"""Small classes that satisfy the ports and remember what they were asked."""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.domain.people import Group, Person, User
from bot.domain.plan import Plan, Progress
from bot.domain.reading import LogRow
from bot.domain.rhythm import USUAL
from bot.domain.row_changes import Change, Unassignment, Withdrawal
from bot.domain.writing import Outcome, WriteResult
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages.blocks import Message
from bot.services.ports.braintrust import Page, Patience
from bot.services.ports.slack import Channel, ReplyTo
from bot.services.ports.work import Lease, Work


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 5, 18, 9, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, delta: timedelta) -> None:
        self.now += delta


class FakePeople:
    """The `People` port; with `error`, Slack cannot be asked."""

    def __init__(self, *people: Person, groups: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.listed = people
        self.listed_groups = dict(groups or {})
        self.error: SlackError | None = None
        self.hides_emails = False
        self.asked: list[str] = []

    def people(self) -> tuple[Person, ...]:
        self.asked.append("everybody")
        self._meet(is_about_emails=True)
        return self.listed

    def person(self, user: str) -> Person | None:
        self.asked.append(user)
        self._meet()
        found = next((person for person in self.listed if person.id == user), None)
        return replace(found, email=None) if found is not None and self.hides_emails else found

    def by_email(self, email: str) -> Person | None:
        self.asked.append(email)
        self._meet(is_about_emails=True)
        there = (person for person in self.listed if not person.deactivated)
        return next((person for person in there if (person.email or "").lower() == email.lower()), None)

    def members_of(self, group: str) -> tuple[str, ...]:
        if self.error is not None or group not in self.listed_groups:
            raise self.error or SlackRejectedError("There is no such group.", code="no_such_subteam")
        return self.listed_groups[group]

    def _meet(self, *, is_about_emails: bool = False) -> None:
        if self.error is not None:
            raise self.error
        if is_about_emails and self.hides_emails:
            raise SlackRejectedError("The Slack app lacks a scope.", code="missing_scope")


class FakeBraintrust:
    """The `Braintrust` port on a project of a few rows, which takes assignments back in the forms it `takes`.

    What it is asked is remembered; `refusals` and `answers` are met, one for each request, before anything is done.
    """

    def __init__(self, *rows: LogRow, users: Sequence[User] = (), takes: Iterable[Unassignment] = Unassignment) -> None:
        self.rows = {row.id: row for row in rows}
        self.listed = tuple(users)
        self.listed_groups: tuple[Group, ...] = ()
        self.open_load: dict[str, int] = {}
        self.takes = frozenset(takes)
        self.queries: list[str] = []
        self.unassigned: list[tuple[tuple[str, ...], Unassignment]] = []
        self.refusals: dict[str, Exception] = {}
        self.answers: list[WriteResult] = []
        self.on_unassign: Callable[[], None] = Calls()
        self.monotonic: Callable[[], float] = lambda: 0.0
        self._lock = threading.Lock()

    def page(self, query: str, *, patience: Patience, rows: int = 10_000, tries: int = 1) -> Page:
        self.queries.append(query)
        for part, error in self.refusals.items():
            if part in query:
                raise error
        _, by_id, listed = query.partition("id IN [")
        ids = re.findall(r"'([^']*)'", listed) if by_id else self.rows
        return Page(tuple(self.rows[row_id] for row_id in ids if row_id in self.rows), None, self.monotonic())

    def users(self, *, patience: Patience, at_least: Collection[str] = ()) -> tuple[User, ...]:
        if "users" in self.refusals:
            raise self.refusals["users"]
        return self.listed

    def groups(self, *, patience: Patience) -> tuple[Group, ...]:
        if "groups" in self.refusals:
            raise self.refusals["groups"]
        return self.listed_groups

    def tally(self, query: str, *, key: str, count: str, patience: Patience) -> dict[str, int]:
        self.queries.append(query)
        if "tally" in self.refusals:
            raise self.refusals["tally"]
        return self.open_load

    def write(self, project_id: str, pairs: Sequence[tuple[str, str]], change: Change) -> WriteResult:
        if not isinstance(change, Withdrawal):
            return WriteResult(Outcome.ACKNOWLEDGED)
        with self._lock:
            self.unassigned.append((tuple(row_id for row_id, _ in pairs), change.form))
            self.on_unassign()
            result = self.answers.pop(0) if self.answers else WriteResult(Outcome.ACKNOWLEDGED)
            if change.form in self.takes and result.outcome is Outcome.ACKNOWLEDGED:
                for row_id, _ in pairs:
                    self.rows[row_id] = replace(self.rows[row_id], assignees=())
        return result


class FakeAnnouncer:
    """The `Announcer` port; remembers what it could have shown."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []
        self.told: list[tuple[Plan, str]] = []

    def reading_progress(self, work: Work, plan: Plan) -> None: ...

    def writing_progress(self, work: Work, plan: Plan) -> None:
        self.progress.append(plan.progress)

    def proposed_again(self, plan: Plan, approver: str) -> None:
        self.told.append((plan, approver))

    def draw(self, work: Work) -> None: ...


class FakeWork:
    """The `Work` port; its clock is moved by pauses alone."""

    def __init__(self, plan_id: str = "k7f3q2") -> None:
        self.lease = Lease(plan_id, 1)
        self.pauses: list[float] = []
        self.left = 30.0

    def monotonic(self) -> float:
        return sum(self.pauses)

    def proceed(self) -> None: ...

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.left = 30.0  # it is renewed meanwhile

    def has_time_to_write(self) -> bool:
        return self.left >= USUAL.write_seconds

    def show(
        self, draw: Callable[[], None], *, at_seconds: Sequence[float] | None = None, at_once: str | None = None
    ) -> None:
        draw()


@dataclass(frozen=True, slots=True)
class Posted:
    """One message in a channel."""

    channel: str
    message: Message
    thread_ts: str | None


class FakeSlack:
    """The `Slack` port; every message has a link, and the bot is in no channel until it joins.

    Channels in `shared` are shared with another organisation; while `is_away`, nothing is known of any.  Those in
    `gone` cannot be written to.
    """

    def __init__(self, *, shared: Iterable[str] = (), is_away: bool = False) -> None:
        self.posted: list[Posted] = []
        self.joined: list[str] = []
        self.told: list[tuple[str, str]] = []
        self.gone: set[str] = set()
        self._shared = frozenset(shared)
        self.is_away = is_away

    def channel(self, channel: str) -> Channel:
        if self.is_away:
            raise SlackUnavailableError("Slack does not answer.")
        return Channel(channel, is_entered=False, is_private=False, is_shared=channel in self._shared)

    def join(self, channel: Channel) -> None:
        self.joined.append(channel.id)

    def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        self.posted.append(Posted(channel, message, thread_ts))
        return f"{len(self.posted)}.000100"

    def update(self, channel: str, ts: str, message: Message) -> None:
        raise NotImplementedError

    def upload(self, channel: str, *, thread_ts: str, name: str, title: str, content: bytes) -> None:
        raise NotImplementedError

    def permalink(self, channel: str, ts: str) -> str | None:
        return f"https://example.slack.com/archives/{channel}/p{ts}"

    def send_directly(self, user: str, message: Message) -> None:
        if self.is_away:
            raise SlackUnavailableError("Slack does not answer.")
        if user in self.gone:
            raise SlackRejectedError("Slack refused a call.", code="cannot_dm_bot")
        self.told.append((user, message.text))

    def time_zone(self, user: str) -> str | None:
        if self.is_away:
            raise SlackUnavailableError("Slack does not answer.")
        return "America/New_York"


class FakeMessenger:
    """The `Messenger` port; everybody lives in one time zone.  `error` is what a call of `fails` meets."""

    def __init__(self, *, zone: str | None = "UTC", fails: str = "", error: Exception | None = None) -> None:
        self.posted: list[Posted] = []
        self.updated: list[Posted] = []
        self._zone = zone
        self._fails = fails
        self._error = error

    def time_zone(self, user: str) -> str | None:
        self._meet("time_zone")
        return self._zone

    def open_directly(self, user: str) -> str:
        self._meet("open")
        return "D" + user[1:]

    def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        self._meet("post")
        self.posted.append(Posted(channel, message, thread_ts))
        return f"{len(self.posted)}.000200"

    def update(self, channel: str, ts: str, message: Message) -> None:
        self._meet("update")
        self.updated.append(Posted(channel, message, ts))

    def _meet(self, call: str) -> None:
        if self._error is not None and call == self._fails:
            raise self._error


class FakeAnswers:
    """The `PrivateAnswers` port."""

    def __init__(self) -> None:
        self.sent: list[tuple[ReplyTo, Message]] = []
        self.replaced: list[str] = []  # the answers that took the place of the message before
        self.ran = 0  # how much was done in the background

    def send(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        self.sent.append((to, message))
        self.replaced += [message.text] if replace else []

    def deliver(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        self.sent.append((to, message))

    def run(self, task: Callable[[], object]) -> None:
        self.ran += 1
        task()

    @property
    def texts(self) -> list[str]:
        """What people were told, in order."""
        return [message.text for _, message in self.sent]


@dataclass
class FakeDirectory:
    """The `Directory` port; it does not tell of those in `unknown`, and while `is_away` of nobody."""

    outsiders: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    admins: frozenset[str] = frozenset()
    is_away: bool = False
    unknown: Mapping[str, SlackError] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def is_member(self, user: str, channel: str) -> bool:
        self._meet(user)
        return user in self.members.get(channel, frozenset())

    def is_admin(self, user: str) -> bool:
        self._meet(user)
        return user in self.admins

    def is_outsider(self, user: str) -> bool:
        self._meet(user)
        return user in self.outsiders

    def group_members(self, group: str) -> frozenset[str]:
        self._meet(group)
        return self.groups.get(group, frozenset())

    def _meet(self, asked: str) -> None:
        if self.is_away:
            raise SlackUnavailableError("Slack does not answer.")
        if asked in self.unknown:
            raise self.unknown[asked]


class Calls:
    """A callable without arguments that counts how often it was called."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


class Aside:
    """What is to be done aside, done when the test says so."""

    def __init__(self) -> None:
        self.tasks: list[Callable[[], object]] = []

    def __call__(self, task: Callable[[], object]) -> None:
        self.tasks.append(task)

    def run(self) -> None:
        for task in self.tasks:
            task()
