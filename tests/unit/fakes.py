"""Small classes that satisfy the ports and remember what they were asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.drift import Revision
from bot.domain.model import NO_PROPOSAL, Plan, PlanState, Progress, Proposal
from bot.domain.reviewers import User
from bot.domain.writing import Acknowledged, WriteResult
from bot.messages.message import Message
from bot.services.ports import Lease, Page, Patience, ReplyTo, Work


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

    def __init__(self, *plans: Plan, rotation: int = 0) -> None:
        self.stored = {plan.id: plan for plan in plans}
        self.added: list[tuple[Plan, str]] = []
        self.rotation = rotation

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

    def approve(self, plan_id: str, *, version: int, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        shown = plan.state is PlanState.PROPOSED and plan.version == version
        if not shown or plan.expires_at is None or plan.expires_at <= now:
            return False
        return self._put(replace(plan, state=PlanState.CHECKING, decided_by=who, decided_at=now))

    def cancel(self, plan_id: str, *, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        if plan.state not in (PlanState.READING, PlanState.PROPOSED):
            return False
        return self._put(replace(plan, state=PlanState.CANCELLED, decided_by=who, decided_at=now))

    def stop(self, plan_id: str, *, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        if plan.state not in (PlanState.CHECKING, PlanState.RUNNING) or plan.stopped_by is not None:
            return False
        return self._put(replace(plan, stopped_by=who))

    def retry(self, plan_id: str, *, who: str, now: datetime) -> bool:
        plan = self.stored[plan_id]
        if plan.state not in (PlanState.PARTIAL, PlanState.STOPPED):
            return False
        return self._put(replace(plan, state=PlanState.CHECKING, stopped_by=None))

    def expire(self, *, now: datetime) -> int:
        over = [
            plan
            for plan in self.stored.values()
            if plan.state is PlanState.PROPOSED and plan.expires_at is not None and plan.expires_at <= now
        ]
        return sum(self._put(replace(plan, state=PlanState.EXPIRED)) for plan in over)

    def forget(self, *, before: datetime) -> int:
        raise NotImplementedError

    def approved_rotation(self, queue: str, tag: str) -> int:
        return self.rotation

    def record_progress(self, lease: Lease, progress: Progress) -> Plan:
        raise NotImplementedError

    def propose(self, lease: Lease, proposal: Proposal, *, state: PlanState, now: datetime) -> bool:
        raise NotImplementedError

    def end_reading(
        self, lease: Lease, *, state: PlanState, reason: str | None, now: datetime, proposal: Proposal = NO_PROPOSAL
    ) -> bool:
        raise NotImplementedError

    def another_is_written(self, plan: Plan) -> bool:
        raise NotImplementedError

    def propose_again(self, lease: Lease, revised: Revision, *, expires_at: datetime, now: datetime) -> None:
        raise NotImplementedError

    def begin_running(self, lease: Lease, *, now: datetime) -> bool:
        raise NotImplementedError

    def begin_reporting(self, lease: Lease, *, reason: str | None, now: datetime) -> None:
        raise NotImplementedError

    def finish(self, lease: Lease, *, state: PlanState, counts: Mapping[str, int], now: datetime) -> None:
        raise NotImplementedError

    def shown(self, lease: Lease, **shown: Any) -> None:
        raise NotImplementedError

    def _put(self, plan: Plan) -> bool:
        self.stored[plan.id] = plan
        return True


class FakeBraintrust:
    """The `Braintrust` port on an empty project."""

    def page(self, query: str, *, patience: Patience) -> Page:
        return Page((), None, 0.0)

    def users(self, *, patience: Patience) -> tuple[User, ...]:
        return ()

    def value(self, query: str, column: str, *, patience: Patience) -> str | None:
        return None

    def assign(self, project_id: str, pairs: Sequence[tuple[str, str]]) -> WriteResult:
        return Acknowledged()


class FakeAnnouncer:
    """The `Announcer` port; shows nothing."""

    def reading_progress(self, work: Work, plan: Plan) -> None: ...

    def writing_progress(self, work: Work, plan: Plan) -> None: ...

    def proposed_again(self, plan: Plan, approver: str) -> None: ...

    def draw(self, work: Work) -> None: ...


@dataclass(frozen=True, slots=True)
class Posted:
    """One message in a channel."""

    channel: str
    message: Message
    thread_ts: str | None


class FakeSlack:
    """The `Slack` port; every message has a link."""

    def __init__(self) -> None:
        self.posted: list[Posted] = []

    def join(self, channel: str) -> None: ...

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


class FakeAnswers:
    """The `PrivateAnswers` port."""

    def __init__(self) -> None:
        self.sent: list[tuple[ReplyTo, Message]] = []

    def send(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        self.sent.append((to, message))

    @property
    def texts(self) -> list[str]:
        """What people were told, in order."""
        return [message.text for _, message in self.sent]


@dataclass
class FakeDirectory:
    """The `Directory` port."""

    outsiders: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def is_outsider(self, user: str) -> bool:
        return user in self.outsiders

    def group_members(self, group: str) -> frozenset[str]:
        return self.groups.get(group, frozenset())


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
