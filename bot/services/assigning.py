"""Writes an approved plan: check, write, record, batch after batch, several at a time.

What Braintrust offers for it is a merge without a compare-and-set, so the order is what keeps it safe: the batch is
stored before its first request, each row is read at most 10 s before it is written, and a request without a usable
answer is read back before anything is sent again.
"""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.domain.model import Plan, Progress
from bot.domain.report import outcome, report_of
from bot.errors import BraintrustError
from bot.services.assignment import Assignment
from bot.services.ledger import Ledger
from bot.services.notifying import Arranging
from bot.services.ports import Announcer, Batches, Braintrust, Clock, Plans, Work
from bot.services.rechecking import Rechecking
from bot.settings import WorkSettings

log = logging.getLogger(__name__)

RECENT = timedelta(minutes=15)
"""How long the bot trusts its own store more than a reading, because a write may not be visible yet."""


class Assigning:
    """The worker's steps from the approval to the report."""

    def __init__(
        self,
        *,
        plans: Plans,
        batches: Batches,
        braintrust: Braintrust,
        rechecking: Rechecking,
        announcer: Announcer,
        arranging: Arranging,
        settings: WorkSettings,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._braintrust = braintrust
        self._rechecking = rechecking
        self._announcer = announcer
        self._arranging = arranging
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic

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
        ledger = Ledger(
            batches,
            store=self._batches,
            lease=work.lease,
            clock=self._clock,
            monotonic=self._monotonic,
            settle_seconds=self._settings.settle_seconds,
        )
        assignment = Assignment(
            plan,
            ledger,
            others=self._batches.recently_written(plan, since=since),
            work=work,
            braintrust=self._braintrust,
            announcer=self._announcer,
            settings=self._settings,
            clock=self._clock,
            monotonic=self._monotonic,
        )
        reason = assignment.carry_out(read_at)
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
