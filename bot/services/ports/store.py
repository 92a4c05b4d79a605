"""Ports to the store: plans, their batches and surfaces, and the leases under which they are worked on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from bot.domain.changes import Revision
from bot.domain.faults import FaultKind
from bot.domain.homes import Home
from bot.domain.model import NO_PROPOSAL, Batch, Plan, PlanState, Progress, Proposal
from bot.domain.surfaces import Shown, Surface
from bot.services.ports.work import Lease


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


class Surfaces(Protocol):
    """What Slack is known to show of plans.  What takes a `Lease` raises `LeaseLostError` like `Plans`."""

    def of(self, plan_id: str) -> Mapping[Surface, Shown]:
        """What each surface is known to show; one that is missing was not tried yet."""

    def note_copy(self, plan_id: str, *, channel: str, ts: str) -> bool:
        """Have a message of the plan closed of which nothing is known; False where it is known, or elsewhere."""

    def record(self, lease: Lease, surface: Surface, shown: Shown) -> None:
        """Remember what a surface shows.  The plan's first message is where its thread is from then on."""

    def link(self, lease: Lease, url: str | None) -> None:
        """Remember the link to the plan's message: the plans that it replaced are drawn again, with it."""

    def rest(self, lease: Lease, seconds: float) -> None:
        """Have the plan drawn again, but not before so many seconds passed, unless it changes."""

    def remind(self, *, now: datetime) -> int:
        """Ask for a reminder on each proposed plan that expires within the hour, once; how many are new."""

    def drawn(self, lease: Lease, revision: int) -> None:
        """Every surface shows the plan as it was at `revision`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease that was just taken, and what has to be known with it."""

    lease: Lease
    was_abandoned: bool = False
    """Whether whoever worked on the plan before never gave it back: their process ended in the middle."""
    may_be_drawn: bool = True
    """Whether the plan may be shown anew, or rests after a fault of doing so."""


class Leases(Protocol):
    """Who works on which plan."""

    def claim(self, states: Collection[PlanState], *, only: str | None = None) -> Claim | None:
        """A plan that waits for work in `states`, or (without any) only for being shown; `only` names one."""

    def renew(self, lease: Lease) -> bool:
        """Extend a lease by `LEASE_SECONDS` from now; False when another worker has taken the plan."""

    def release(self, lease: Lease, *, wake_in_seconds: float | None) -> None:
        """Give the plan back, to be claimed after `wake_in_seconds` or as soon as somebody decides about it."""


class FaultBook(Protocol):
    """What the work on plans met.  It is stored, so that also a restart ends no pause and forgets no fault."""

    def met(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        """Count a fault of a plan's step; for how many seconds it rests.

        None when that was one too many: the plan is where nothing more is done about it, with `reason`.
        """

    def met_drawing(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        """The same for showing a plan; None when it is given up until the plan changes again."""


class Homes(Protocol):
    """Whom the database belongs to."""

    def keep(self, home: Home) -> Home:
        """The home of this kind that is recorded: the first one that ever was."""
