"""The steps of an undo, and its preview: only rows that are still exactly as the plan wrote them are taken back."""

import threading
from datetime import timedelta

from bot.domain.model import UNDOABLE, Plan, PlanState, Progress
from bot.domain.undo import UndoCounts, counted_undo, not_taken_back, previewed, to_take_back
from bot.errors import BraintrustError
from bot.services.notifying import Arranging
from bot.services.ports import Batches, Plans, Work
from bot.services.reading import RowReader
from bot.services.waiting import BoundedPatience
from bot.services.writing.context import Context
from bot.services.writing.undo_run import UndoRun

PREVIEW_SECONDS = 120.0  # how long a person waits for the numbers, at most


class Undoing:
    """Previews an undo for a person, and carries it out for the worker.

    `undone` has the batches of undos, as `batches` has those of assignments.
    """

    def __init__(
        self, context: Context, *, plans: Plans, batches: Batches, undone: Batches, arranging: Arranging, hours: int
    ) -> None:
        self._context = context
        self._plans = plans
        self._batches = batches
        self._undone = undone
        self._arranging = arranging
        self._hours = timedelta(hours=hours)
        self._closing = threading.Event()

    @property
    def hours(self) -> int:
        """For how long after its end an assignment can be taken back."""
        return int(self._hours.total_seconds() // 3600)

    def is_possible(self, plan: Plan) -> bool:
        """Whether `plan` is in a state, and young enough, to be taken back."""
        recent = plan.finished_at is not None and plan.finished_at > self._context.clock() - self._hours
        return recent and plan.state in UNDOABLE

    def preview(self, plan: Plan) -> UndoCounts:
        """Fresh numbers of what an undo would take back and keep; takes its time; raises `BraintrustError`."""
        patience = BoundedPatience(self._closing.wait, seconds=PREVIEW_SECONDS)
        written = not_taken_back(self._batches.of(plan.id), self._undone.of(plan.id))
        others = self._batches.written_later(plan)
        ids = [row_id for row_id, _ in written.rows if row_id not in others]
        rows = RowReader(self._context.braintrust, self._context.settings).by_id
        return previewed(written, rows(plan.request.project_id, ids, patience=patience).rows, others=others)

    def close(self) -> None:
        """Let nobody wait for numbers any more."""
        self._closing.set()

    def begin(self, plan: Plan, *, edition: int, who: str) -> bool:
        """Ask for it; False when it is too late, or somebody was first."""
        now = self._context.clock()
        return self._plans.begin_undo(plan.id, edition=edition, who=who, now=now, finished_after=now - self._hours)

    def take_back(self, work: Work, plan: Plan) -> None:
        """The worker's step: look at the rows, take back what is still as it was written, and count."""
        if not self._plans.occupy(work.lease):
            waiting = Progress(waiting="Another plan of this project is written first.")
            self._context.announcer.writing_progress(work, self._plans.record_progress(work.lease, waiting))
            return
        self._undone.recover(work.lease, now=self._context.clock())
        assigned, size = self._batches.of(plan.id), self._context.settings.batch_size
        self._undone.add(work.lease, to_take_back(assigned, self._undone.of(plan.id), size=size))
        run = UndoRun(self._context, self._undone, work=work, plan=plan, others=self._batches.written_later(plan))
        try:
            reason = run.carry_out()
        except BraintrustError as error:
            reason = str(error)
        counts = counted_undo(self._undone.of(plan.id))
        state = PlanState.UNDONE if reason is None else plan.undone_from or PlanState.DONE
        noted = {"taken back": counts.taken_back, "reviewed": counts.reviewed, "changed": counts.changed}
        self._arranging.arrange(work.lease, plan)
        now = self._context.clock()
        self._plans.end_undo(work.lease, state=state, reason=reason, counts=noted, now=now)
