"""The report on a plan, counted from its batches."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain.plan import Batch, BatchState, DropReason, Plan, PlanState, Share


@dataclass(frozen=True, slots=True)
class Report:
    """The counts of an assignment; all of them together are the rows of the plan."""

    planned: int
    assigned: tuple[Share, ...]
    """Per reviewer, what was seen in Braintrust; in the plan's order, also those with nothing."""
    dropped: tuple[tuple[DropReason, int], ...]
    failed: int
    """Certainly not written."""
    unknown: int
    """Sent, and never seen: they may still appear."""
    unconfirmed: int
    """Acknowledged, and not seen in Braintrust after the waiting; never sent again."""
    unsent: int
    """Never sent, because the assignment ended early."""
    reasons: tuple[str, ...]
    """Why rows are missing, each reason once.  A batch that was written after all keeps its error; it is none."""

    @property
    def seen(self) -> int:
        """How many rows carry the plan's value."""
        return sum(share.rows for share in self.assigned)

    @property
    def written(self) -> int:
        """How many rows Braintrust acknowledged, or shows with the plan's value."""
        return self.seen + self.unconfirmed

    @property
    def reviewers(self) -> int:
        """How many reviewers got something."""
        return sum(share.rows > 0 for share in self.assigned)

    @property
    def dropped_rows(self) -> int:
        """How many rows left the plan before they were written."""
        return sum(count for _, count in self.dropped)

    @property
    def missing(self) -> int:
        """How many rows should have been written and were not, as far as anybody knows."""
        return self.failed + self.unknown + self.unsent


def report_of(plan: Plan, batches: Sequence[Batch]) -> Report:
    """The report on `plan` as its batches stand."""
    seen = Counter(who for batch in _in(batches, BatchState.CONFIRMED) for _, who in batch.kept)
    missing = _in(batches, BatchState.FAILED, BatchState.UNKNOWN, BatchState.SENDING, BatchState.PLANNED)
    return Report(
        planned=plan.planned_rows,
        assigned=tuple(Share(share.reviewer, seen[share.reviewer.id]) for share in plan.shares),
        dropped=counted_drops(batches),
        failed=_rows(batches, BatchState.FAILED),
        unknown=_rows(batches, BatchState.UNKNOWN, BatchState.SENDING),
        unconfirmed=_rows(batches, BatchState.WRITTEN),
        unsent=_rows(batches, BatchState.PLANNED),
        reasons=tuple(dict.fromkeys(batch.error for batch in missing if batch.error and batch.kept)),
    )


def counted_drops(batches: Iterable[Batch]) -> tuple[tuple[DropReason, int], ...]:
    """Why how many rows left."""
    reasons = Counter(reason for batch in batches for _, reason in batch.dropped)
    return tuple((reason, reasons[reason]) for reason in DropReason if reasons[reason])


def outcome(plan: Plan, report: Report) -> PlanState:
    """The state in which an assignment with this report comes to rest."""
    if report.missing == 0:
        return PlanState.PARTIAL if report.unconfirmed else PlanState.DONE
    if plan.stopped_by is not None:
        return PlanState.STOPPED
    return PlanState.PARTIAL if report.written or report.unknown else PlanState.FAILED


def written_pairs(batches: Sequence[Batch]) -> list[tuple[str, str]]:
    """(row id, reviewer id) of every row that was written."""
    return [pair for batch in _in(batches, BatchState.WRITTEN, BatchState.CONFIRMED) for pair in batch.kept]


def planned_pairs(batches: Sequence[Batch]) -> list[tuple[str, str]]:
    """(row id, reviewer id) of every row of the plan."""
    return [pair for batch in batches for pair in batch.rows]


def _in(batches: Sequence[Batch], *states: BatchState) -> list[Batch]:
    return [batch for batch in batches if batch.state in states]


def _rows(batches: Sequence[Batch], *states: BatchState) -> int:
    return sum(batch.size for batch in _in(batches, *states))
