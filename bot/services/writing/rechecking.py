"""The check at the approval: is the plan still the one that was shown?"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import accumulate

from bot.domain.btql import MAX_IDS_PER_QUERY
from bot.domain.changes import Assignment, Revision, checked, has_drifted, revision
from bot.domain.model import Batch, BatchState, Origin, Plan, Progress
from bot.services.background import in_background
from bot.services.ports import Batches, Patience, Plans, Work
from bot.services.reading import RowReader, Sight
from bot.services.roster import RosterReader
from bot.services.waiting import VisiblePatience
from bot.services.writing.context import Context
from bot.settings import Settings

SCHEDULED_PLAN_EXPIRES = timedelta(hours=72)
SAMPLE_ROWS = 4 * MAX_IDS_PER_QUERY
"""How many rows decide whether too much left: they are shuffled, so the error stays under 1 %."""


class Rechecking:
    """Compares a plan with Braintrust as it is now."""

    def __init__(
        self, context: Context, *, plans: Plans, batches: Batches, roster: RosterReader, settings: Settings
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._roster = roster
        self._reader = RowReader(context.braintrust, settings.work)
        self._announcer = context.announcer
        self._open_statuses = settings.work.open_statuses
        self._batch_size = settings.work.batch_size
        self._policy = settings.policy
        self._clock = context.clock

    def still_approved(self, work: Work, plan: Plan) -> Mapping[int, float] | None:
        """Drop what left the plan meanwhile; None when so much did that it was proposed again as a new version.

        Otherwise when the reading of a batch's rows began (monotonic), by the batch's number, for those that were read.
        """
        batches = self._batches.of(plan.id)
        if any(batch.attempts or batch.state is not BatchState.PLANNED for batch in batches):
            return {}  # something was sent: what is left is checked batch by batch
        patience = VisiblePatience(work, lambda reason: self._explain(work, reason))
        leavers = in_background(lambda: self._roster.leavers(plan, patience=patience), name="reviewers")
        sample, rest = _sampled(batches)
        sight = self._sight(plan, sample, patience)
        lost = leavers.result()

        change = Assignment(plan.request.tag, self._open_statuses)
        looked_at = [checked(batch, sight.rows, change, lost=lost) for batch in sample]
        if rest and has_drifted(plan, looked_at, lost=lost):
            rows = self._sight(plan, rest, patience).rows
            looked_at += [checked(batch, rows, change, lost=lost) for batch in rest]

        if has_drifted(plan, looked_at, lost=lost) and any(batch.kept for batch in looked_at):
            self._propose_again(work, plan, revision(plan, looked_at, lost=lost, batch_size=self._batch_size))
            return None
        self._batches.save(work.lease, [batch for batch in looked_at if batch.dropped])
        return {batch.seq: sight.began for batch in sample}

    def _sight(self, plan: Plan, batches: Sequence[Batch], patience: Patience) -> Sight:
        ids = [row_id for batch in batches for row_id, _ in batch.kept]
        return self._reader.by_id(plan.request.project_id, ids, patience=patience)

    def _propose_again(self, work: Work, plan: Plan, revised: Revision) -> None:
        now = self._clock()
        self._plans.propose_again(work.lease, revised, expires_at=now + self._lifetime(plan), now=now)
        changed = self._plans.get(plan.id)
        if changed is not None and plan.decided_by is not None:
            self._announcer.proposed_again(changed, plan.decided_by)

    def _lifetime(self, plan: Plan) -> timedelta:
        scheduled = plan.request.origin is Origin.SCHEDULE
        return SCHEDULED_PLAN_EXPIRES if scheduled else timedelta(hours=self._policy.plan_expires_hours)

    def _explain(self, work: Work, reason: str | None) -> None:
        self._announcer.writing_progress(work, self._plans.record_progress(work.lease, Progress(waiting=reason)))


def _sampled(batches: Sequence[Batch]) -> tuple[Sequence[Batch], Sequence[Batch]]:
    """(the first batches, with up to `SAMPLE_ROWS` rows; the others)."""
    rows = list(accumulate(batch.size for batch in batches))
    number = max(bisect_right(rows, SAMPLE_ROWS), 1)
    return batches[:number], batches[number:]
