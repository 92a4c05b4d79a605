"""One run over the rows that a plan takes back: look, send, look again, part after part."""

import math
import time
from collections.abc import Callable, Mapping, Sequence

from bot.domain.model import Plan, Progress
from bot.domain.pauses import LIMITED_SECONDS, pause_seconds
from bot.domain.undo import Unassignment, UndoCounts, UndoState, counted_undo, cut, judged
from bot.domain.writing import (
    MAX_TRIES,
    Acknowledged,
    RateLimited,
    Refused,
    TooLarge,
    Unknown,
    Unreachable,
    WriteResult,
)
from bot.errors import STILL_LIMITED, BraintrustRejectedError, BraintrustUnavailableError
from bot.services.ports import Announcer, Braintrust, Plans, Undos, Work
from bot.services.reading import RowReader
from bot.services.waiting import VisiblePatience
from bot.settings import WorkSettings

VISIBLE_SECONDS = 60.0  # how long an acknowledged change may take to be visible
FORM_SECONDS = 12.0  # the same, for the one row on which a form is tried
LOOK_AGAIN_SECONDS = 2.0
FRESH_SECONDS = 10.0  # how old the reading may be on which a write rests
WRITE_SECONDS = 20.0  # the deadline of one write: with less lease left, none is begun
NO_FORM = "Braintrust keeps its assignments, however it is asked. The rows that are left have to be unassigned by hand."
NOT_SEEN = "Braintrust did not show that the rows were taken back. Try again later."


class TakingBack:
    """Carries out one undo.  What is sent is stored before; a row counts as taken back once it was seen unassigned."""

    def __init__(
        self,
        plan: Plan,
        pairs: Mapping[str, str],
        states: dict[str, UndoState],
        *,
        work: Work,
        plans: Plans,
        undos: Undos,
        braintrust: Braintrust,
        announcer: Announcer,
        settings: WorkSettings,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._pairs = pairs
        self._states = states
        self._work = work
        self._plans = plans
        self._undos = undos
        self._braintrust = braintrust
        self._reader = RowReader(braintrust, settings)
        self._announcer = announcer
        self._size = settings.batch_size
        self._settle_seconds = float(settings.settle_seconds)
        self._monotonic = monotonic
        self._form = Unassignment(plan.unassignment) if plan.unassignment else None
        self._waiting: str | None = None
        self._looked_at = -math.inf

    @property
    def counts(self) -> UndoCounts:
        """What became of the rows so far."""
        return counted_undo(self._states)

    def carry_out(self) -> str | None:
        """Take back what can be; the sentence why it ended early, None when it did not; raises `BraintrustError`."""
        parts = cut(sorted(self._pairs), size=self._size)
        self._undos.arrange(self._work.lease, [self._known(part) for part in parts])
        for number, part in enumerate(parts):
            reason = self._take_back(number, part)
            if reason is not None:
                return reason
        return None

    def _take_back(self, number: int, part: Sequence[str]) -> str | None:
        rows = self._settled(number, part)
        while rows and self._form is None:
            reason = self._try_forms(number, part, rows[0])
            if reason is not None:
                return reason
            rows = self._look(number, part)
        for _ in range(MAX_TRIES):
            if not rows or self._form is None:
                return None
            acknowledged = self._send(number, part, rows, self._form)
            rows = self._awaited(number, part, seconds=VISIBLE_SECONDS if acknowledged else 0)
        return NOT_SEEN if rows else None

    def _settled(self, number: int, part: Sequence[str]) -> list[str]:
        """The first look at a part: what an earlier process sent may land for a while, so it is waited for.

        Otherwise it could land behind the end of the undo, on a row that the next plan has assigned by then.
        """
        rows = self._look(number, part)
        if not any(self._states.get(row_id) is UndoState.SENDING for row_id in rows):
            return rows
        self._work.pause(self._settle_seconds)
        return self._look(number, part)

    def _try_forms(self, number: int, part: Sequence[str], row_id: str) -> str | None:
        """Find the form that takes one row back; the sentence why there is none.

        Without a sentence and without a form, the row changed under our hands: another one has to tell.
        """
        refusal: BraintrustRejectedError | None = None
        for form in Unassignment:
            try:
                open_rows = self._tried(number, part, row_id, form)
            except BraintrustRejectedError as error:
                refusal = error  # this form is not understood; another one may be
                continue
            if open_rows is None:
                return NOT_SEEN
            if self._states.get(row_id) is UndoState.TAKEN_BACK:
                self._form = form
                self._undos.remember_form(self._work.lease, form)
            if row_id not in open_rows:
                return None
        if refusal is not None:
            raise refusal
        return NO_FORM

    def _tried(self, number: int, part: Sequence[str], row_id: str, form: Unassignment) -> list[str] | None:
        """The rows that are still ours once Braintrust acknowledged one form for one row; None when it never did."""
        for _ in range(MAX_TRIES):
            acknowledged = self._send(number, part, [row_id], form)
            rows = self._awaited(number, part, seconds=FORM_SECONDS if acknowledged else 0, only=row_id)
            if acknowledged or row_id not in rows:
                return rows
        return None

    def _look(self, number: int, part: Sequence[str]) -> list[str]:
        """Read the part's open rows, note what is settled, and return those that are still as the plan wrote them."""
        settled = (UndoState.TAKEN_BACK, UndoState.REVIEWED, UndoState.CHANGED)
        unsettled = [row_id for row_id in part if self._states.get(row_id) not in settled]
        patience = VisiblePatience(self._work, lambda reason: self._explain(number, part, reason))
        sight = self._reader.by_id(self._plan.request.project_id, unsettled, patience=patience)
        self._looked_at = sight.began
        still_ours: list[str] = []
        for row_id in unsettled:
            state = judged(sight.rows.get(row_id), self._pairs[row_id], self._states.get(row_id))
            if state is None:
                still_ours.append(row_id)
            else:
                self._states[row_id] = state
        self._save(number, part)
        return still_ours

    def _awaited(self, number: int, part: Sequence[str], *, seconds: float, only: str | None = None) -> list[str]:
        """Look until the rows (or the one named) are not ours any more, for at most so long; what is left."""
        deadline = self._monotonic() + seconds
        rows = self._look(number, part)
        while (rows if only is None else only in rows) and self._monotonic() < deadline:
            self._work.pause(LOOK_AGAIN_SECONDS)
            rows = self._look(number, part)
        return rows

    def _send(self, number: int, part: Sequence[str], rows: Sequence[str], form: Unassignment) -> bool:
        """Store what is being sent, send it, and wait as the answer asks; whether it was acknowledged.

        A rate limit is waited for and costs nothing.  Raises `BraintrustRejectedError` when Braintrust refuses.
        """
        waited, limits = 0.0, 0
        while True:
            rows = self._fresh(number, part, rows)
            result = self._unassigned(number, part, rows, form) if rows else Acknowledged()
            match result:
                case Refused(reason):
                    raise BraintrustRejectedError(reason)
                case RateLimited(seconds):
                    limits += 1
                    pause = pause_seconds(limits, asked=seconds)
                    waited += pause
                    if waited > LIMITED_SECONDS:
                        raise BraintrustUnavailableError(STILL_LIMITED)
                    self._explain(number, part, "Waiting for Braintrust's rate limit.")
                    self._work.pause(pause)
                    self._explain(number, part, None)
                    continue
                case Unknown() | Unreachable():
                    self._work.pause(self._settle_seconds)  # it may still land; then the rows are looked at again
            return isinstance(result, Acknowledged)

    def _fresh(self, number: int, part: Sequence[str], rows: Sequence[str]) -> Sequence[str]:
        """`rows`, looked at once more where the last look is too old to write on."""
        if self._monotonic() - self._looked_at <= FRESH_SECONDS:
            return rows
        still_ours = set(self._look(number, part))
        return [row_id for row_id in rows if row_id in still_ours]

    def _unassigned(self, number: int, part: Sequence[str], rows: Sequence[str], form: Unassignment) -> WriteResult:
        """Send the rows; in halves where they are too many bytes for one request."""
        self._work.proceed()
        while self._work.seconds_left() < WRITE_SECONDS:
            self._work.pause(1.0)
        self._states |= dict.fromkeys(rows, UndoState.SENDING)
        self._save(number, part)
        pairs = [(row_id, self._pairs[row_id]) for row_id in rows]
        result = self._braintrust.unassign(self._plan.request.project_id, pairs, form)
        if not isinstance(result, TooLarge) or len(rows) == 1:
            return result
        half = len(rows) // 2
        first = self._unassigned(number, part, rows[:half], form)
        return self._unassigned(number, part, rows[half:], form) if isinstance(first, Acknowledged) else first

    def _explain(self, number: int, part: Sequence[str], reason: str | None) -> None:
        self._waiting = reason
        self._save(number, part)

    def _known(self, part: Sequence[str]) -> dict[str, UndoState]:
        return {row_id: self._states[row_id] for row_id in part if row_id in self._states}

    def _save(self, number: int, part: Sequence[str]) -> None:
        progress = Progress(rows=self.counts.taken_back, waiting=self._waiting)
        plan = self._undos.save(self._work.lease, number, self._known(part), progress=progress)
        self._announcer.writing_progress(self._work, plan)
