"""What the services need from outside, as small protocols; the adapters satisfy them without inheriting."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from bot.domain.changes import Change, Revision
from bot.domain.model import NO_PROPOSAL, Batch, Plan, PlanState, Progress, Proposal
from bot.domain.people import Group, User
from bot.domain.reading import LogRow
from bot.domain.writing import WriteResult

Clock = Callable[[], datetime]
READ_TRIES = 5
MAX_PAGE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one plan: valid while its fence is the newest one."""

    plan_id: str
    fence: int


class Work(Protocol):
    """The worker, as a step sees it: the lease, the way to wait, and the word to stop."""

    @property
    def lease(self) -> Lease:
        """The lease under which the step runs."""

    def proceed(self) -> None:
        """Go on; raises `WorkInterruptedError` when the process shuts down, `LeaseLostError` when the lease is gone."""

    def pause(self, seconds: float) -> None:
        """Wait without holding anything up; raises like `proceed`."""

    def seconds_left(self) -> float:
        """How long the lease certainly lasts."""

    def show(
        self, draw: Callable[[], None], *, at_seconds: Sequence[float] | None = None, at_once: str | None = None
    ) -> None:
        """Run `draw` aside, unless one is running or ran in the last 3 s: progress may be skipped, never waited for.

        With `at_seconds`, only once after each of these numbers of seconds since the step began, or earlier when
        there is something new to say (`at_once`), but never more often.
        """


class Patience(Protocol):
    """How a reading waits for Braintrust: by the worker, so that it can be interrupted and people see why."""

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises like `Work.proceed`."""

    def proceed(self) -> None:
        """Go on waiting for an answer; raises like `Work.proceed`, or when nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query's answer; `cursor` is None on the last one."""

    rows: tuple[LogRow, ...]
    cursor: str | None
    asked_at: float
    """When the request that was answered began (monotonic seconds), whatever waiting came before it."""
    seconds: float = 0.0
    """How long that request took."""

    @property
    def size(self) -> int:
        """How many rows came."""
        return len(self.rows)


class Braintrust(Protocol):
    """Braintrust's API."""

    def page(self, query: str, *, patience: Patience, rows: int = MAX_PAGE_ROWS, tries: int = READ_TRIES) -> Page:
        """At most `rows`; raises `BraintrustRejectedError`, or `BraintrustUnavailableError` after the last try."""

    def tally(self, query: str, *, key: str, count: str, patience: Patience) -> Mapping[str, int]:
        """An aggregate's counts by one of its columns; raises like `page`."""

    def users(self, *, patience: Patience, at_least: Collection[str] = ()) -> tuple[User, ...]:
        """Every user of the organisation, or with `at_least` some among whom these ids are; raises like `page`."""

    def groups(self, *, patience: Patience) -> tuple[Group, ...]:
        """Every group of the organisation; raises like `page`."""

    def write(self, project_id: str, pairs: Sequence[tuple[str, str]], change: Change) -> WriteResult:
        """Make a change to rows, as (row id, reviewer id), in one request, which is never repeated; raises nothing."""


class Plans(Protocol):
    """Stored plans.  What takes a `Lease` raises `LeaseLostError` once another process owns the plan.

    What takes an `edition` is False, too, when anything was decided since that one was shown.
    """

    def add(self, plan: Plan, *, who: str) -> Plan:
        """Store a new plan and return it; or return the live plan of a command that asked for exactly the same."""

    def get(self, plan_id: str) -> Plan | None:
        """The plan as it is now."""

    def approve(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Move a proposed plan that has not expired to `checking`; False when it was decided, replaced or expired."""

    def cancel(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Move a plan that is read or proposed to `cancelled`; False when it was decided before."""

    def stop(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Ask a plan that is being written to stop; False when there is nothing to stop, or it was asked before."""

    def retry(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Move a plan that was assigned in part back to `checking`; False when there is nothing to retry."""

    def expire(self, *, now: datetime) -> int:
        """Expire the proposed plans whose time is over; how many."""

    def forget(self, *, before: datetime) -> int:
        """Delete the plans at rest that were made before `before`, with all that belongs to them; how many."""

    def balances(self, queue: str, tag: str) -> Mapping[str, Fraction]:
        """How many rows more than their exact share each reviewer of a queue got so far, fewer below 0."""

    def reasons(self, plan_id: str) -> Mapping[str, str]:
        """Why a row is whose, by row id, where it is not what the plan's strategy says for all."""

    def record_progress(self, lease: Lease, progress: Progress) -> Plan:
        """Store how far the work is; the plan as it is now."""

    def propose(self, lease: Lease, proposal: Proposal, *, state: PlanState, now: datetime) -> bool:
        """Store what was read, move the plan from `reading` to `state`, and supersede the queue's proposed one.

        False when the plan was cancelled or superseded meanwhile.
        """

    def end_reading(
        self, lease: Lease, *, state: PlanState, reason: str | None, now: datetime, proposal: Proposal = NO_PROPOSAL
    ) -> bool:
        """Move the plan from `reading` to `empty` or `failed`; False when it was decided meanwhile."""

    def another_is_written(self, plan: Plan) -> bool:
        """Whether another plan of the project is being written just now."""

    def propose_again(self, lease: Lease, revised: Revision, *, expires_at: datetime, now: datetime) -> None:
        """Move the plan from `checking` back to `proposed`, as its next version with fewer rows."""

    def begin_running(self, lease: Lease, *, now: datetime) -> bool:
        """Move the plan from `checking` to `running`; False while another plan of its project is being written."""

    def begin_reporting(self, lease: Lease, *, reason: str | None, now: datetime) -> None:
        """Move the plan from `running` to `reporting`."""

    def finish(
        self, lease: Lease, *, state: PlanState, counts: Mapping[str, int], why: str | None = None, now: datetime
    ) -> None:
        """Move the plan from `reporting` to its last state; `why` is kept in the audit trail."""

    def begin_undo(self, plan_id: str, *, edition: int, who: str, now: datetime, finished_after: datetime) -> bool:
        """Move an assigned plan to `undoing`; False when it is too late, or somebody was first."""

    def occupy(self, lease: Lease) -> bool:
        """Be the plan of its project that is written; False while another one is."""

    def end_undo(
        self, lease: Lease, *, state: PlanState, reason: str | None, counts: Mapping[str, int], now: datetime
    ) -> None:
        """Move the plan from `undoing` to `undone`, or back to the state before with the reason."""


class Batches(Protocol):
    """The batches of a plan's assignment, or of its undo.  All raise `LeaseLostError` like `Plans`."""

    def of(self, plan_id: str) -> tuple[Batch, ...]:
        """All batches, in order."""

    def add(self, lease: Lease, batches: Sequence[Batch]) -> None:
        """Store more batches, numbered after those that are there."""

    def recover(self, lease: Lease, *, now: datetime) -> None:
        """Mark batches whose request was on its way when its process died as unknown."""

    def save(self, lease: Lease, batches: Iterable[Batch], *, progress: Progress | None = None) -> Plan:
        """Store what became of some batches, in one transaction; the plan as it is now."""

    def split(self, lease: Lease, halves: tuple[Batch, Batch]) -> tuple[Batch, Batch]:
        """Replace a batch that is too large for one request by its halves: the first keeps its number."""

    def recently_written(self, plan: Plan, *, since: datetime) -> frozenset[str]:
        """The ids of rows of the plan's project that another plan wrote, or may have written, after `since`."""

    def written_later(self, plan: Plan) -> frozenset[str]:
        """The ids of the plan's rows that another plan wrote, or may have written, after it did."""


class Schedules(Protocol):
    """When the weekly plans are due."""

    def sync(self, schedule_id: str, weekly: str, *, next_fire_at: datetime | None) -> None:
        """Make the stored schedule the one of the settings; None removes it.  An unchanged one keeps its next time."""

    def due(self, *, now: datetime) -> tuple[tuple[str, str, datetime], ...]:
        """(id, weekly time, the time it was due) of every schedule that is due."""

    def fire(
        self, schedule_id: str, *, was_due: datetime, next_fire_at: datetime, plan: Plan | None, fire_key: str
    ) -> bool:
        """In one transaction, advance the schedule and store its plan; False when another process was first."""


class Announcer(Protocol):
    """Tells people how a plan stands: in Slack, or on the terminal."""

    def reading_progress(self, work: Work, plan: Plan) -> None:
        """A reading went on; may be passed over."""

    def writing_progress(self, work: Work, plan: Plan) -> None:
        """An assignment went on; may be passed over."""

    def proposed_again(self, plan: Plan, approver: str) -> None:
        """A plan changed too much since it was approved, and waits for a new approval."""

    def draw(self, work: Work) -> None:
        """Show the plan as it is stored, until what is shown is what is stored, or has to wait."""


LEASE_SECONDS = 30.0
