"""Takes an assignment back: only rows that are still exactly as the plan wrote them, and still pending."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from bot.domain.model import UNDOABLE, Plan, PlanState, Progress
from bot.domain.undo import UndoCounts, UndoState, previewed, without_others, written
from bot.errors import BraintrustError
from bot.services.notifying import Arranging
from bot.services.ports import Announcer, Batches, Braintrust, Clock, Plans, Undos, Work
from bot.services.reading import RowReader
from bot.services.taking_back import TakingBack
from bot.services.waiting import BoundedPatience
from bot.settings import Settings

PREVIEW_SECONDS = 120.0  # how long a person waits for the numbers, at most


class Undoing:
    """Previews an undo for a person, and carries it out for the worker."""

    def __init__(
        self,
        *,
        plans: Plans,
        batches: Batches,
        undos: Undos,
        braintrust: Braintrust,
        announcer: Announcer,
        arranging: Arranging,
        settings: Settings,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._undos = undos
        self._braintrust = braintrust
        self._reader = RowReader(braintrust, settings.work)
        self._announcer = announcer
        self._arranging = arranging
        self._work_settings = settings.work
        self._hours = timedelta(hours=settings.policy.undo_hours)
        self._clock = clock
        self._monotonic = monotonic
        self._closing = threading.Event()

    @property
    def hours(self) -> int:
        """For how long after its end an assignment can be taken back."""
        return int(self._hours.total_seconds() // 3600)

    def is_possible(self, plan: Plan) -> bool:
        """Whether `plan` is in a state, and young enough, to be taken back."""
        recent = plan.finished_at is not None and plan.finished_at > self._clock() - self._hours
        return recent and plan.state in UNDOABLE

    def preview(self, plan: Plan) -> UndoCounts:
        """Fresh numbers of what an undo would take back and keep; takes its time; raises `BraintrustError`."""
        patience = BoundedPatience(self._closing.wait, seconds=PREVIEW_SECONDS)
        taken_back = {row for row, state in self._undos.of(plan.id).items() if state is UndoState.TAKEN_BACK}
        pairs = written(self._batches.of(plan.id))
        pairs = {row_id: who for row_id, who in pairs.items() if row_id not in taken_back}
        others = self._batches.written_later(plan)
        ids = [row_id for row_id in pairs if row_id not in others]
        rows = self._reader.by_id(plan.request.project_id, ids, patience=patience).rows
        return previewed(rows, pairs)

    def close(self) -> None:
        """Let nobody wait for numbers any more."""
        self._closing.set()

    def begin(self, plan: Plan, *, edition: int, who: str) -> bool:
        """Ask for it; False when it is too late, or somebody was first."""
        now = self._clock()
        return self._plans.begin_undo(plan.id, edition=edition, who=who, now=now, finished_after=now - self._hours)

    def take_back(self, work: Work, plan: Plan) -> None:
        """The worker's step: take back part after part, each looked at before and after."""
        if not self._plans.occupy(work.lease):
            waiting = Progress(waiting="Another plan of this project is written first.")
            self._announcer.writing_progress(work, self._plans.record_progress(work.lease, waiting))
            return
        pairs = written(self._batches.of(plan.id))
        run = TakingBack(
            plan,
            pairs,
            without_others(self._undos.of(plan.id), self._batches.written_later(plan) & pairs.keys()),
            work=work,
            plans=self._plans,
            undos=self._undos,
            braintrust=self._braintrust,
            announcer=self._announcer,
            settings=self._work_settings,
            monotonic=self._monotonic,
        )

        try:
            reason = run.carry_out()
        except BraintrustError as error:
            reason = str(error)

        counts = run.counts
        state = PlanState.UNDONE if reason is None else plan.undone_from or PlanState.DONE
        noted = {"taken back": counts.taken_back, "reviewed": counts.reviewed, "changed": counts.changed}
        self._arranging.arrange(work.lease, plan)
        self._plans.end_undo(work.lease, state=state, reason=reason, counts=noted, now=self._clock())
