"""Small classes that satisfy the ports and remember what they were asked."""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

from bot.domain.changes import Change, Revision, Unassignment, Withdrawal
from bot.domain.model import NO_PROPOSAL, UNDOABLE, Batch, Plan, PlanState, Progress, Proposal
from bot.domain.notice import Notice, NoticeCount, NoticeState
from bot.domain.people import Group, Person, User
from bot.domain.preferences import Preference
from bot.domain.reading import LogRow
from bot.domain.writing import Acknowledged, WriteResult
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError, StoreUnavailableError
from bot.messages.blocks import Message
from bot.services.ports.braintrust import Page, Patience
from bot.services.ports.slack import Channel, ReplyTo
from bot.services.ports.work import Lease, Work
from tests.unit.builders import a_plan


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 5, 18, 9, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, delta: timedelta) -> None:
        self.now += delta


class FakePlans:
    """The `Plans` port in memory, with the same guards."""

    def __init__(self, *plans: Plan) -> None:
        self.stored = {plan.id: plan for plan in plans}
        self.added: list[tuple[Plan, str]] = []
        self.carried: dict[str, Fraction] = {}
        self.is_busy = False  # whether another plan of the project is being written
        self.noted: list[Mapping[str, int]] = []

    def add(self, plan: Plan, *, who: str) -> Plan:
        for live in self.stored.values():
            waits = live.state in (PlanState.READING, PlanState.PROPOSED)
            if waits and live.request.asks_for_the_same_as(plan.request):
                return live
        self.stored[plan.id] = plan
        self.added.append((plan, who))
        return plan

    def get(self, plan_id: str) -> Plan | None:
        return self.stored.get(plan_id)

    def approve(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        if plan.state is not PlanState.PROPOSED or plan.edition != edition:
            return False
        if plan.expires_at is None or plan.expires_at <= now:
            return False
        return self._decided(plan, state=PlanState.CHECKING, decided_by=who, decided_at=now)

    def cancel(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        if plan.edition != edition or plan.state not in (PlanState.READING, PlanState.PROPOSED):
            return False
        return self._decided(plan, state=PlanState.CANCELLED, decided_by=who, decided_at=now)

    def stop(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        writing = plan.state in (PlanState.CHECKING, PlanState.RUNNING)
        if plan.edition != edition or not writing or plan.stopped_by is not None:
            return False
        return self._decided(plan, stopped_by=who)

    def retry(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        if plan.edition != edition or plan.state not in (PlanState.PARTIAL, PlanState.STOPPED):
            return False
        return self._decided(plan, state=PlanState.CHECKING, stopped_by=None)

    def expire(self, *, now: datetime) -> int:
        over = [
            plan
            for plan in self.stored.values()
            if plan.state is PlanState.PROPOSED and plan.expires_at is not None and plan.expires_at <= now
        ]
        return sum(self._put(replace(plan, state=PlanState.EXPIRED)) for plan in over)

    def forget(self, *, before: datetime) -> int:
        raise NotImplementedError

    def balances(self, queue: str, tag: str) -> dict[str, Fraction]:
        return self.carried

    def reasons(self, plan_id: str) -> dict[str, str]:
        return {}

    def record_progress(self, lease: Lease, progress: Progress) -> Plan:
        self._put(replace(self.stored[lease.plan_id], progress=progress))
        return self.stored[lease.plan_id]

    def propose(self, lease: Lease, proposal: Proposal, *, state: PlanState, now: datetime) -> bool:
        raise NotImplementedError

    def end_reading(
        self, lease: Lease, *, state: PlanState, reason: str | None, now: datetime, proposal: Proposal = NO_PROPOSAL
    ) -> bool:
        return self._put(replace(self.stored[lease.plan_id], state=state, reason=reason))

    def another_is_written(self, plan: Plan) -> bool:
        raise NotImplementedError

    def propose_again(self, lease: Lease, revised: Revision, *, expires_at: datetime, now: datetime) -> None:
        plan = self.stored[lease.plan_id]
        changes: dict[str, Any] = {"shares": revised.shares, "drift": revised.drift, "expires_at": expires_at}
        undecided: dict[str, Any] = {"state": PlanState.PROPOSED, "decided_by": None, "decided_at": None}
        self._decided(plan, version=plan.version + 1, **changes, **undecided)

    def begin_running(self, lease: Lease, *, now: datetime) -> bool:
        raise NotImplementedError

    def begin_reporting(self, lease: Lease, *, reason: str | None, now: datetime) -> None:
        raise NotImplementedError

    def finish(
        self, lease: Lease, *, state: PlanState, counts: Mapping[str, int], why: str | None = None, now: datetime
    ) -> None:
        raise NotImplementedError

    def begin_undo(self, plan_id: str, *, edition: int, who: str, now: datetime, finished_after: datetime) -> bool:
        plan = self.stored[plan_id]
        young = plan.finished_at is not None and plan.finished_at > finished_after
        if plan.edition != edition or plan.state not in UNDOABLE or not young:
            return False
        return self._decided(plan, state=PlanState.UNDOING, undone_by=who, undone_from=plan.state)

    def occupy(self, lease: Lease) -> bool:
        return not self.is_busy

    def end_undo(
        self, lease: Lease, *, state: PlanState, reason: str | None, counts: Mapping[str, int], now: datetime
    ) -> None:
        self._put(replace(self.stored[lease.plan_id], state=state, reason=reason))
        self.noted.append(counts)

    def _decided(self, plan: Plan, **changes: Any) -> bool:
        return self._put(replace(plan, edition=plan.edition + 1, **changes))

    def _put(self, plan: Plan) -> bool:
        self.stored[plan.id] = plan
        return True


class FakeBatches:
    """The `Batches` port in memory, as far as a check and an undo need it."""

    def __init__(self, *batches: Batch) -> None:
        self.stored = batches
        self.saved: list[Batch] = []
        self.others: frozenset[str] = frozenset()

    def of(self, plan_id: str) -> tuple[Batch, ...]:
        return self.stored

    def add(self, lease: Lease, batches: Sequence[Batch]) -> None:
        raise NotImplementedError

    def save(self, lease: Lease, batches: Iterable[Batch], *, progress: Progress | None = None) -> Plan:
        self.saved += batches
        return a_plan()

    def recover(self, lease: Lease, *, now: datetime) -> None:
        raise NotImplementedError

    def split(self, lease: Lease, halves: tuple[Batch, Batch]) -> tuple[Batch, Batch]:
        raise NotImplementedError

    def recently_written(self, plan: Plan, *, since: datetime) -> frozenset[str]:
        raise NotImplementedError

    def written_later(self, plan: Plan) -> frozenset[str]:
        return self.others


class FakeNotices:
    """The `Notices` port: hands out what it was given, one after the other, and keeps what became of each."""

    def __init__(self, *waiting: Notice, has_lost_claim: bool = False) -> None:
        self.waiting = list(waiting)
        self.arranged: list[tuple[NoticeCount, ...]] = []
        self.became: list[Any] = []
        self._has_lost_claim = has_lost_claim

    def arrange(self, lease: Lease, counts: Sequence[NoticeCount]) -> None:
        self.arranged.append(tuple(counts))

    def claim(self, *, now: datetime) -> Notice | None:
        return self.waiting.pop(0) if self.waiting else None

    def opened(self, notice: Notice, channel: str) -> bool:
        return not self._has_lost_claim

    def sent(self, notice: Notice, *, ts: str | None = None) -> None:
        self.became.append(("sent", ts or notice.ts))

    def put_off(self, notice: Notice, *, until: datetime) -> None:
        self.became.append(("put off", until))

    def try_again(self, notice: Notice, *, in_seconds: float) -> None:
        self.became.append(("again", in_seconds))

    def drop(self, notice: Notice) -> None:
        self.became.append(NoticeState.OFF)

    def fail(self, notice: Notice) -> None:
        self.became.append(NoticeState.FAILED)

    def failed(self, plan_id: str) -> frozenset[str]:
        return frozenset()


class FakePreferences:
    """The `Preferences` port in memory."""

    def __init__(self, **stored: Preference) -> None:
        self.stored = dict(stored)

    def of(self, slack_users: Collection[str]) -> dict[str, Preference]:
        return {user: wants for user, wants in self.stored.items() if user in slack_users}

    def set_muted(self, slack_user: str, *, muted: bool) -> None:
        self.stored[slack_user] = replace(self.stored.get(slack_user, Preference()), muted=muted)

    def set_away(self, slack_user: str, *, until: date | None) -> None:
        self.stored[slack_user] = replace(self.stored.get(slack_user, Preference()), away_until=until)


class FakePeople:
    """The `People` port; with `error`, Slack cannot be asked."""

    def __init__(self, *people: Person, groups: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.listed = people
        self.listed_groups = dict(groups or {})
        self.error: SlackError | None = None
        self.asked: list[str] = []

    def people(self) -> tuple[Person, ...]:
        self.asked.append("everybody")
        if self.error is not None:
            raise self.error
        return self.listed

    def person(self, user: str) -> Person | None:
        self.asked.append(user)
        if self.error is not None:
            raise self.error
        return next((person for person in self.listed if person.id == user), None)

    def by_email(self, email: str) -> Person | None:
        self.asked.append(email)
        if self.error is not None:
            raise self.error
        there = (person for person in self.listed if not person.deactivated)
        return next((person for person in there if (person.email or "").lower() == email.lower()), None)

    def members_of(self, group: str) -> tuple[str, ...]:
        if self.error is not None or group not in self.listed_groups:
            raise self.error or SlackRejectedError("There is no such group.", code="no_such_subteam")
        return self.listed_groups[group]


class FakeMatches:
    """The `Matches` port in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str | None, datetime]] = {}
        self.error: StoreUnavailableError | None = None

    def since(self, moment: datetime) -> dict[str, str | None]:
        if self.error is not None:
            raise self.error
        return {who: slack_id for who, (slack_id, seen_at) in self.kept.items() if seen_at >= moment}

    def keep(self, accounts: Mapping[str, str | None], *, now: datetime) -> None:
        if self.error is not None:
            raise self.error
        self.kept |= {who: (slack_id, now) for who, slack_id in accounts.items()}


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
            return Acknowledged()
        with self._lock:
            self.unassigned.append((tuple(row_id for row_id, _ in pairs), change.form))
            self.on_unassign()
            result = self.answers.pop(0) if self.answers else Acknowledged()
            if change.form in self.takes and isinstance(result, Acknowledged):
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

    def seconds_left(self) -> float:
        return self.left

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

    Channels in `shared` are shared with another organisation; while `is_away`, nothing is known of any.
    """

    def __init__(self, *, shared: Iterable[str] = (), is_away: bool = False) -> None:
        self.posted: list[Posted] = []
        self.joined: list[str] = []
        self._shared = frozenset(shared)
        self._is_away = is_away

    def channel(self, channel: str) -> Channel:
        if self._is_away:
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
        raise NotImplementedError


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

    def run(self, task: Callable[[], None]) -> None:
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
    is_away: bool = False
    unknown: Mapping[str, SlackError] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def is_member(self, user: str, channel: str) -> bool:
        self._meet(user)
        return user in self.members.get(channel, frozenset())

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


@dataclass(frozen=True, slots=True)
class Fired:
    """One call of `Schedules.fire`."""

    schedule_id: str
    was_due: datetime
    next_fire_at: datetime
    plan: Plan | None
    fire_key: str


class FakeSchedules:
    """The `Schedules` port in memory."""

    def __init__(self, *, other_process_is_first: bool = False) -> None:
        self.stored: dict[str, tuple[str, datetime]] = {}
        self.fired: list[Fired] = []
        self._other_process_is_first = other_process_is_first

    def sync(self, schedule_id: str, weekly: str, *, next_fire_at: datetime | None) -> None:
        if next_fire_at is None:
            self.stored.pop(schedule_id, None)
        elif schedule_id not in self.stored or self.stored[schedule_id][0] != weekly:
            self.stored[schedule_id] = (weekly, next_fire_at)

    def due(self, *, now: datetime) -> tuple[tuple[str, str, datetime], ...]:
        return tuple((name, weekly, at) for name, (weekly, at) in self.stored.items() if at <= now)

    def fire(
        self, schedule_id: str, *, was_due: datetime, next_fire_at: datetime, plan: Plan | None, fire_key: str
    ) -> bool:
        self.fired.append(Fired(schedule_id, was_due, next_fire_at, plan, fire_key))
        weekly, _ = self.stored[schedule_id]
        self.stored[schedule_id] = (weekly, next_fire_at)
        return plan is not None and not self._other_process_is_first


class Calls:
    """A callable without arguments that counts how often it was called."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


class Aside:
    """What is to be done aside, done when the test says so."""

    def __init__(self) -> None:
        self.tasks: list[Callable[[], None]] = []

    def __call__(self, task: Callable[[], None]) -> None:
        self.tasks.append(task)

    def run(self) -> None:
        for task in self.tasks:
            task()
