"""The steps of an assignment: check whether the plan is still what was shown, write, report."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from bot.domain.btql import MAX_IDS_PER_QUERY
from bot.domain.plan import BatchState, Plan, lifetime
from bot.domain.report import outcome, report_of
from bot.domain.row_changes import Assignment, checked, has_drifted, revision, without_others
from bot.domain.writing import leading
from bot.errors import BraintrustError
from bot.services.notices import arrange_notices
from bot.services.ports.work import Work
from bot.services.reading import RowReader
from bot.services.reviewers import StaffReader
from bot.services.step import ANOTHER_FIRST, StepContext, VisiblePatience
from bot.services.threads import in_background
from bot.services.writing.ledger import Ledger
from bot.services.writing.writer import Writer

log = logging.getLogger(__name__)

SAMPLE_ROWS = 4 * MAX_IDS_PER_QUERY
"""How many rows decide whether too much left: they are shuffled, so the error stays under 1 %."""
RECENT = timedelta(minutes=15)
"""How long the bot trusts its own store more than a reading, because a write may not be visible yet."""


class AssignmentSteps:
    """The worker's steps from the approval to the report."""

    def __init__(self, context: StepContext, *, staffing: StaffReader, expires_hours: int) -> None:
        self._context = context
        self._plans = context.books.plans
        self._batches = context.books.batches
        self._staffing = staffing
        self._expires_hours = expires_hours

    def check(self, work: Work, plan: Plan) -> None:
        """Write a plan, when no other one of the project is written, if it is still what was shown.

        What was read for that question serves as the check before the write, too.
        """
        if self._plans.another_is_written(plan):
            self._context.explain(work, ANOTHER_FIRST)
            return
        read_at: Mapping[int, float] | None = {}
        try:
            read_at = {} if plan.stopped_by is not None else self.still_approved(work, plan)
        except BraintrustError as error:  # then the assignment itself finds out, and reports it
            log.warning("a plan could not be checked again", extra={"plan": plan.id, "cause": type(error).__name__})
        if read_at is None or not self._plans.begin_running(work.lease, now=self._context.clock()):
            return
        running = self._plans.get(plan.id)
        if running is not None:
            self.run(work, running, read_at)

    def still_approved(self, work: Work, plan: Plan) -> Mapping[int, float] | None:
        """Drop what left the plan meanwhile; None when so much did that it was proposed again as a new version.

        Otherwise when the reading of a batch's rows began (monotonic), by the batch's number, for those that were read.
        """
        batches = self._batches.of(plan.id)
        if any(batch.attempts or batch.state is not BatchState.PLANNED for batch in batches):
            return {}  # something was sent: what is left is checked batch by batch
        patience = VisiblePatience(work, partial(self._context.explain, work))
        leavers = in_background(lambda: self._staffing.leavers(plan, patience=patience), name="reviewers")
        reader = RowReader(self._context.braintrust, self._context.settings)
        sample = leading(batches, most_rows=SAMPLE_ROWS)
        rest = batches[len(sample) :]
        change = self._change(plan)
        sight = reader.of_batches(plan, sample, patience=patience, meeting=change.filter)
        lost = leavers.result()

        looked_at = [checked(batch, sight.rows, change, lost=lost) for batch in sample]
        if rest and has_drifted(plan, looked_at, lost=lost):
            others = reader.of_batches(plan, rest, patience=patience, meeting=change.filter).rows
            looked_at += [checked(batch, others, change, lost=lost) for batch in rest]

        if has_drifted(plan, looked_at, lost=lost) and any(batch.kept for batch in looked_at):
            now = self._context.clock()
            revised = revision(plan, looked_at, lost=lost, batch_size=self._context.settings.batch_size)
            expires_at = now + lifetime(plan.request.origin, usual_hours=self._expires_hours)
            self._plans.propose_again(work.lease, revised, expires_at=expires_at, now=now)
            changed = self._plans.get(plan.id)
            if changed is not None and plan.decided_by is not None:
                self._context.announcer.proposed_again(changed, plan.decided_by)
            return None
        self._batches.save(work.lease, [batch for batch in looked_at if batch.dropped])
        return {batch.seq: sight.began for batch in sample}

    def run(self, work: Work, plan: Plan, read_at: Mapping[int, float] | None = None) -> None:
        """Write what is open, also after a crash, until everything is settled or the assignment has to end.

        `read_at` is as `still_approved` returns it.
        """
        self._batches.recover(work.lease, now=self._context.clock())
        batches = self._batches.of(plan.id)
        tried = [batch.attempt_began_at for batch in batches if batch.attempt_began_at is not None]
        others = self._batches.recently_written(plan, since=min([self._context.clock() - RECENT, *tried]))
        ours = [without_others(batch, others) for batch in batches]

        ledger = Ledger(self._context, ours, store=self._batches, lease=work.lease)
        writer = Writer(self._context, ledger, work=work, plan=plan, change=self._change(plan))
        reason = writer.carry_out(read_at or {})
        self._plans.begin_reporting(work.lease, reason=reason, now=self._context.clock())

    def report(self, work: Work, plan: Plan) -> None:
        """From the batches as they are stored to the state in which the plan comes to rest."""
        report = report_of(plan, self._batches.of(plan.id))
        state = outcome(plan, report)
        counts = {"assigned": report.seen, "dropped": report.dropped_rows, "missing": report.missing}
        counts |= {"unconfirmed": report.unconfirmed} if report.unconfirmed else {}
        arrange_notices(self._context.books, work.lease, plan)
        why = " ".join(report.reasons) if report.missing else None
        self._plans.finish(work.lease, state=state, counts=counts, why=why, now=self._context.clock())

    def _change(self, plan: Plan) -> Assignment:
        return Assignment(plan.request.tag, self._context.settings.open_statuses, plan.request.choices.filter)
