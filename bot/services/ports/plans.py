"""Ports to stored plans and their batches, one for each kind of user.

What takes a `Lease` raises `LeaseLostError` once another process owns the plan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from bot.domain.plan import NO_PROPOSAL, Batch, Plan, PlanState, Progress, Proposal
from bot.domain.row_changes import Revision
from bot.services.ports.people import NoticeBook
from bot.services.ports.work import Lease


class StoredPlans(Protocol):
    """Plans, to be looked at."""

    def get(self, plan_id: str) -> Plan | None:
        """The plan as it is now."""

    def reasons(self, plan_id: str) -> Mapping[str, str]:
        """Why a row is whose, by row id, where it is not what the plan's strategy says for all."""


class PlanUpkeep(Protocol):
    """What time does to plans."""

    def expire(self, *, now: datetime) -> int:
        """Expire the proposed plans whose time is over; how many."""

    def forget(self, *, before: datetime) -> int:
        """Delete the plans at rest that were made before `before`, with all that belongs to them; how many."""


class PlanDecisions(StoredPlans, PlanUpkeep, Protocol):
    """What people decide about plans.  All is False, too, when anything was decided since that `edition` was shown."""

    def approve(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Move a proposed plan that has not expired to `checking`; False when it was decided, replaced or expired."""

    def cancel(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Move a plan that is read or proposed to `cancelled`; False when it was decided before."""

    def stop(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Ask a plan that is being written to stop; False when there is nothing to stop, or it was asked before."""

    def retry(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Move a plan that was assigned in part back to `checking`; False when there is nothing to retry."""


class PlanReadings(StoredPlans, Protocol):
    """Plans that are asked for, and worked on from then on."""

    def add(self, plan: Plan, *, who: str) -> Plan:
        """Store a new plan and return it; or return the live plan of a command that asked for exactly the same."""

    def record_progress(self, lease: Lease, progress: Progress) -> Plan:
        """Store how far the work is; the plan as it is now."""

    def balances(self, queue: str, tag: str) -> Mapping[str, Fraction]:
        """How many rows more than their exact share each reviewer of a queue got so far, fewer below 0."""

    def propose(self, lease: Lease, proposal: Proposal, *, state: PlanState, now: datetime) -> bool:
        """Store what was read, move the plan from `reading` to `state`, and supersede the queue's proposed one.

        False when the plan was cancelled or superseded meanwhile.
        """

    def end_reading(
        self, lease: Lease, *, state: PlanState, reason: str | None, now: datetime, proposal: Proposal = NO_PROPOSAL
    ) -> bool:
        """Move the plan from `reading` to `empty` or `failed`; False when it was decided meanwhile."""


class PlanWritings(StoredPlans, Protocol):
    """Plans whose rows are written."""

    def another_is_written(self, plan: Plan) -> bool:
        """Whether another plan of the project is being written just now."""

    def begin_running(self, lease: Lease, *, now: datetime) -> bool:
        """Move the plan from `checking` to `running`; False while another plan of its project is being written."""

    def propose_again(self, lease: Lease, revised: Revision, *, expires_at: datetime, now: datetime) -> None:
        """Move the plan from `checking` back to `proposed`, as its next version with fewer rows."""

    def begin_reporting(self, lease: Lease, *, reason: str | None, now: datetime) -> None:
        """Move the plan from `running` to `reporting`."""

    def finish(
        self, lease: Lease, *, state: PlanState, counts: Mapping[str, int], why: str | None = None, now: datetime
    ) -> None:
        """Move the plan from `reporting` to its last state; `why` is kept in the audit trail."""


class PlanUndos(StoredPlans, Protocol):
    """Plans whose rows are taken back."""

    def begin_undo(self, plan_id: str, *, edition: int, who: str, now: datetime, finished_after: datetime) -> bool:
        """Move an assigned plan to `undoing`; False when it is too late, or somebody was first."""

    def occupy(self, lease: Lease) -> bool:
        """Be the plan of its project that is written; False while another one is."""

    def end_undo(
        self, lease: Lease, *, state: PlanState, reason: str | None, counts: Mapping[str, int], now: datetime
    ) -> None:
        """Move the plan from `undoing` to `undone`, or back to the state before with the reason."""


class BatchBook(Protocol):
    """The batches of a plan's assignment, or of its undo."""

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


class Plans(PlanDecisions, PlanReadings, PlanWritings, PlanUndos, Protocol):
    """Plans, whatever is done with them."""


@dataclass(frozen=True, slots=True)
class PlanBooks:
    """All that is stored of plans."""

    plans: Plans
    batches: BatchBook
    """Those of assignments."""
    undone: BatchBook
    """Those of undos."""
    notices: NoticeBook
