"""The steps of an assignment: check, write, report."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.changes import Assignment
from bot.domain.model import Plan, Progress
from bot.domain.report import outcome, report_of
from bot.errors import BraintrustError
from bot.services.notifying import Arranging
from bot.services.ports import Batches, Plans, Work
from bot.services.writing.context import Context
from bot.services.writing.ledger import Ledger
from bot.services.writing.rechecking import Rechecking
from bot.services.writing.writer import Writer

log = logging.getLogger(__name__)

RECENT = timedelta(minutes=15)
"""How long the bot trusts its own store more than a reading, because a write may not be visible yet."""


class Assigning:
    """The worker's steps from the approval to the report."""

    def __init__(
        self, context: Context, *, plans: Plans, batches: Batches, rechecking: Rechecking, arranging: Arranging
    ) -> None:
        self._context = context
        self._plans = plans
        self._batches = batches
        self._rechecking = rechecking
        self._arranging = arranging
        self._announcer = context.announcer
        self._clock = context.clock

    def check(self, work: Work, plan: Plan) -> None:
        """Write a plan, when no other one of the project is written, if it is still what was shown.

        What was read for that question serves as the check before the write, too.
        """
        if self._plans.another_is_written(plan):
            waiting = Progress(waiting="Another plan of this project is written first.")
            self._announcer.writing_progress(work, self._plans.record_progress(work.lease, waiting))
            return
        read_at = {} if plan.stopped_by is not None else self._still_approved(work, plan)
        if read_at is None or not self._plans.begin_running(work.lease, now=self._clock()):
            return
        running = self._plans.get(plan.id)
        if running is not None:
            self._write(work, running, read_at)

    def _still_approved(self, work: Work, plan: Plan) -> Mapping[int, float] | None:
        """Where Braintrust cannot be asked, the assignment itself finds out, and reports it."""
        try:
            return self._rechecking.still_approved(work, plan)
        except BraintrustError as error:
            log.warning("a plan could not be checked again", extra={"plan": plan.id, "cause": type(error).__name__})
            return {}

    def run(self, work: Work, plan: Plan) -> None:
        """Write what is open, also after a crash, until everything is settled or the assignment has to end."""
        self._write(work, plan, {})

    def _write(self, work: Work, plan: Plan, read_at: Mapping[int, float]) -> None:
        self._batches.recover(work.lease, now=self._clock())
        batches = self._batches.of(plan.id)
        tried = [batch.attempt_began_at for batch in batches if batch.attempt_began_at is not None]
        since = min([self._clock() - RECENT, *tried])
        writer = Writer(
            self._context,
            Ledger(self._context, batches, store=self._batches, lease=work.lease),
            work=work,
            plan=plan,
            change=Assignment(plan.request.tag, self._context.settings.open_statuses),
            others=self._batches.recently_written(plan, since=since),
        )
        reason = writer.carry_out(read_at)
        self._plans.begin_reporting(work.lease, reason=reason, now=self._clock())

    def report(self, work: Work, plan: Plan) -> None:
        """From the batches as they are stored to the state in which the plan comes to rest."""
        report = report_of(plan, self._batches.of(plan.id))
        state = outcome(plan, report)
        counts = {"assigned": report.seen, "dropped": report.dropped_rows, "missing": report.missing}
        counts |= {"unconfirmed": report.unconfirmed} if report.unconfirmed else {}
        self._arranging.arrange(work.lease, plan)
        why = " ".join(report.reasons) if report.missing else None
        self._plans.finish(work.lease, state=state, counts=counts, why=why, now=self._clock())
