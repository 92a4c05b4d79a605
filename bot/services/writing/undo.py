"""The steps of an undo, and its preview: only rows that are still exactly as the plan wrote them are taken back."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.domain.plan import UNDOABLE, Batch, BatchState, Plan, PlanState
from bot.domain.row_changes import Unassignment, Withdrawal, checked, without_others
from bot.domain.undo import UndoCounts, counted_undo, not_taken_back, previewed, to_take_back
from bot.domain.writing import parted
from bot.errors import BraintrustError, BraintrustRejectedError
from bot.services.notices import arrange_notices
from bot.services.ports.work import Work
from bot.services.reading import RowReader
from bot.services.step import ANOTHER_FIRST, BoundedPatience, StepContext, VisiblePatience
from bot.services.writing.ledger import Ledger
from bot.services.writing.writer import Writer

FORM_SECONDS = 12.0  # how long an acknowledged change may take to be visible on the one row on which a form is tried
NO_FORM = "Braintrust keeps its assignments, however it is asked. The rows that are left have to be unassigned by hand."
NOT_SEEN = "Braintrust did not show that the rows were taken back. Try again later."
PREVIEW_SECONDS = 120.0  # how long a person waits for the numbers, at most


class UndoRun:
    """Carries out one undo.  What it does is stored in its batches, which a later run goes on with."""

    def __init__(self, context: StepContext, *, work: Work, plan: Plan) -> None:
        self._context = context
        self._undone = context.books.undone
        self._work = work
        self._plan = plan
        self._read_at: dict[int, float] = {}  # when the reading of a batch's rows began (monotonic)

    def carry_out(self, others: Collection[str]) -> str | None:
        """Take back what can be; the sentence why something was not, None when all is settled.

        `others` are rows that another plan wrote later.  Raises `BraintrustError`.
        """
        self._check(others)
        self._settle()
        form = self._form()
        if form is None:
            return None
        reason = self._writer(self._undone.of(self._plan.id), Withdrawal(form)).carry_out(self._read_at)
        left = self._open()
        errors = [batch.error for batch in left if batch.state is BatchState.FAILED and batch.error]
        return reason or (next(iter(errors), NOT_SEEN) if left else None)

    def _check(self, others: Collection[str]) -> None:
        """Drop what nobody may take back, so that no request is made for it."""
        ours = [without_others(batch, others) for batch in self._open()]
        unsent = [batch for batch in ours if not batch.attempts]
        reader = RowReader(self._context.braintrust, self._context.settings)
        patience = VisiblePatience(self._work, partial(self._context.explain, self._work))
        sight = reader.of_batches(self._plan, unsent, patience=patience)
        looked_at = [batch if batch.attempts else checked(batch, sight.rows, Withdrawal()) for batch in ours]
        settled = [batch if batch.kept else replace(batch, state=BatchState.CONFIRMED) for batch in looked_at]
        self._undone.save(self._work.lease, settled)
        self._read_at = {batch.seq: sight.began for batch in unsent}

    def _settle(self) -> None:
        """Look what became of what an earlier process sent: only what is left has to wait for a form."""
        sent = [batch for batch in self._open() if batch.state in (BatchState.UNKNOWN, BatchState.WRITTEN)]
        if sent:
            self._writer(sent, Withdrawal()).settle()

    def _form(self) -> Unassignment | None:
        """The form in which Braintrust takes rows back; None where nothing is left to take back.

        A row that changes under our hands tells nothing: another one has to.
        """
        while left := self._open():
            form = self._tried(self._alone(left[0]))
            if form is not None:
                return form
        return None

    def _tried(self, row: Batch) -> Unassignment | None:
        """The form that took a single row back; None where the row was settled without telling."""
        refusal = None
        for form in Unassignment:
            sent = row.attempts
            if row.state in (BatchState.WRITTEN, BatchState.FAILED):
                row = replace(row, state=BatchState.PLANNED)
            reason = self._writer([row], Withdrawal(form)).carry_out(self._read_at, confirm_seconds=FORM_SECONDS)
            row = next(batch for batch in self._undone.of(self._plan.id) if batch.seq == row.seq)
            if row.state is BatchState.CONFIRMED:
                return form if row.kept and row.attempts > sent else None
            if row.state is BatchState.FAILED and reason is not None:
                refusal = reason  # this form is not understood; another one may be
            elif row.state is not BatchState.WRITTEN:
                raise BraintrustRejectedError(reason or row.error or NOT_SEEN)
        raise BraintrustRejectedError(refusal or NO_FORM)

    def _alone(self, batch: Batch) -> Batch:
        """The first row of a batch as a batch of its own."""
        if len(batch.rows) == 1:
            return batch
        rest, alone = parted(batch, batch.kept[:1])  # what was dropped is no part of what is tried
        rest = rest if rest.kept else replace(rest, state=BatchState.CONFIRMED)
        alone, rest = self._undone.split(self._work.lease, (alone, rest))
        if batch.seq in self._read_at:
            self._read_at[rest.seq] = self._read_at[batch.seq]
        return alone

    def _writer(self, batches: Sequence[Batch], change: Withdrawal) -> Writer:
        ledger = Ledger(self._context, batches, store=self._undone, lease=self._work.lease)
        return Writer(self._context, ledger, work=self._work, plan=self._plan, change=change)

    def _open(self) -> list[Batch]:
        """The batches that are not settled; those that were never sent come first."""
        batches = [batch for batch in self._undone.of(self._plan.id) if batch.state is not BatchState.CONFIRMED]
        return sorted(batches, key=lambda batch: (batch.attempts > 0, batch.seq))


class UndoSteps:
    """Previews an undo for a person, and carries it out for the worker."""

    def __init__(self, context: StepContext, *, hours: int) -> None:
        self._context = context
        self._plans = context.books.plans
        self._batches = context.books.batches
        self._undone = context.books.undone
        self.hours = hours
        """For how long after its end an assignment can be taken back."""
        self._closing = threading.Event()

    def is_possible(self, plan: Plan) -> bool:
        """Whether `plan` is in a state, and young enough, to be taken back."""
        earliest = self._context.clock() - timedelta(hours=self.hours)
        return plan.state in UNDOABLE and plan.finished_at is not None and plan.finished_at > earliest

    def preview(self, plan: Plan) -> UndoCounts:
        """Fresh numbers of what an undo would take back and keep; takes its time; raises `BraintrustError`."""
        patience = BoundedPatience(self._closing.wait, seconds=PREVIEW_SECONDS)
        written = not_taken_back(self._batches.of(plan.id), self._undone.of(plan.id))
        others = self._batches.written_later(plan)
        reader = RowReader(self._context.braintrust, self._context.settings)
        return previewed(written, reader.of_batches(plan, [written], patience=patience).rows, others=others)

    def close(self) -> None:
        """Let nobody wait for numbers any more."""
        self._closing.set()

    def begin(self, plan_id: str, *, edition: int, who: str, now: datetime) -> bool:
        """Ask for it; False when it is too late, or somebody was first."""
        finished_after = now - timedelta(hours=self.hours)
        return self._plans.begin_undo(plan_id, edition=edition, who=who, now=now, finished_after=finished_after)

    def take_back(self, work: Work, plan: Plan) -> None:
        """The worker's step: look at the rows, take back what is still as it was written, and count."""
        if not self._plans.occupy(work.lease):
            self._context.explain(work, ANOTHER_FIRST)
            return
        self._undone.recover(work.lease, now=self._context.clock())
        assigned, size = self._batches.of(plan.id), self._context.settings.batch_size
        self._undone.add(work.lease, to_take_back(assigned, self._undone.of(plan.id), size=size))
        try:
            reason = UndoRun(self._context, work=work, plan=plan).carry_out(self._batches.written_later(plan))
        except BraintrustError as error:
            reason = str(error)
        counts = counted_undo(self._undone.of(plan.id))
        state = PlanState.UNDONE if reason is None else plan.undone_from or PlanState.DONE
        noted = {"taken back": counts.taken_back, "reviewed": counts.reviewed, "changed": counts.changed}
        arrange_notices(self._context.books, work.lease, plan)
        now = self._context.clock()
        self._plans.end_undo(work.lease, state=state, reason=reason, counts=noted, now=now)
