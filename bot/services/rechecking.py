"""The re-check at approval: is the plan still the one that was shown?"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.domain.drift import Revision, drifted, needs_new_approval, revision
from bot.domain.model import Batch, BatchState, Origin, Plan, PlanRequest, Progress, Window
from bot.domain.reading import LogRow, is_quotable
from bot.errors import BraintrustError, BraintrustRejectedError
from bot.services.background import in_background
from bot.services.ports import Announcer, Batches, Braintrust, Clock, Patience, Plans, Work
from bot.services.reading import RowReader
from bot.services.roster import RosterReader
from bot.services.waiting import VisiblePatience
from bot.settings import Settings

log = logging.getLogger(__name__)

SCHEDULED_PLAN_EXPIRES = timedelta(hours=72)
SETTLED = timedelta(seconds=60)
"""How old a row has to be to count for the high-water mark: younger ones may still become visible out of order."""


class Rechecking:
    """Compares a plan with Braintrust as it is now, in few queries."""

    def __init__(
        self,
        *,
        plans: Plans,
        batches: Batches,
        braintrust: Braintrust,
        roster: RosterReader,
        announcer: Announcer,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._roster = roster
        self._reader = RowReader(braintrust, settings.work)
        self._announcer = announcer
        self._batch_size = settings.work.batch_size
        self._policy = settings.policy
        self._clock = clock

    def still_approved(self, work: Work, plan: Plan) -> bool:
        """Drop what left the plan meanwhile; False when so much did that it was proposed again as a new version."""
        batches = self._batches.of(plan.id)
        if any(batch.attempts or batch.state is not BatchState.PLANNED for batch in batches):
            return True  # something was sent: what is left is checked batch by batch
        patience = VisiblePatience(work, lambda reason: self._explain(work, reason))
        leavers = in_background(lambda: self._roster.leavers(plan, patience=patience), name="reviewers")
        rows = self._changed(plan, batches, patience)
        lost = leavers.result()

        batches = drifted(batches, rows, tag=plan.request.tag, lost=lost)

        if needs_new_approval(plan, batches, lost=lost):
            self._propose_again(work, plan, revision(plan, batches, lost=lost, batch_size=self._batch_size))
            return False
        self._batches.save(work.lease, [batch for batch in batches if batch.dropped])
        return True

    def _propose_again(self, work: Work, plan: Plan, revised: Revision) -> None:
        now = self._clock()
        self._plans.propose_again(work.lease, revised, expires_at=now + self._lifetime(plan), now=now)
        changed = self._plans.get(plan.id)
        if changed is not None and plan.decided_by is not None:
            self._announcer.proposed_again(changed, plan.decided_by)

    def _lifetime(self, plan: Plan) -> timedelta:
        scheduled = plan.request.origin is Origin.SCHEDULE
        return SCHEDULED_PLAN_EXPIRES if scheduled else timedelta(hours=self._policy.plan_expires_hours)

    def _changed(self, plan: Plan, batches: Collection[Batch], patience: Patience) -> Mapping[str, LogRow | None]:
        """What became of the rows that changed; where that cannot be asked for, of all of them."""
        ids = [row_id for batch in batches for row_id, _ in batch.kept]
        if plan.horizon is not None:
            try:
                return self._reader.changed(plan.request, plan.window, plan.horizon, ids=ids, patience=patience)
            except BraintrustRejectedError:
                log.info("changes cannot be asked for; every row is read", extra={"plan": plan.id})
        found = self._reader.by_id(plan.request.project_id, ids, patience=patience).rows
        return {row_id: found.get(row_id) for row_id in ids}

    def _explain(self, work: Work, reason: str | None) -> None:
        self._announcer.writing_progress(work, self._plans.record_progress(work.lease, Progress(waiting=reason)))


def high_water_mark(
    reader: RowReader, request: PlanRequest, window: Window, *, now: datetime, patience: Patience
) -> str | None:
    """The mark behind which changes can be asked for later; None where Braintrust does not give a usable one."""
    try:
        mark = reader.high_water_mark(request.project_id, window, before=now - SETTLED, patience=patience)
    except BraintrustError:  # the mark saves queries later; nothing depends on it
        return None
    return mark if mark and is_quotable(mark) else None
