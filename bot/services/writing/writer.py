"""The engine that writes rows: one run over batches, by a coordinator that decides and threads that only send.

What Braintrust offers for it is a merge without a compare-and-set, so the order is what keeps it safe: the batch is
stored before its first request, each row is read at most 10 s before it is written, and a request without a usable
answer is read back before anything is sent again.
"""

import logging
import random
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import partial
from typing import Any

from bot.domain.faults import LIMITED_SECONDS, pause_seconds
from bot.domain.plan import Batch, BatchState, Plan
from bot.domain.row_changes import Change, checked, read_back
from bot.domain.writing import MAX_TRIES, Outcome, WriteResult, begun, ended, halves
from bot.errors import STILL_LIMITED, BraintrustError, BraintrustRejectedError, WorkInterruptedError
from bot.services.ports.work import Work
from bot.services.reading import RowReader, Sight
from bot.services.step import StepContext, VisiblePatience
from bot.services.threads import in_background
from bot.services.writing.ledger import Ledger

log = logging.getLogger(__name__)

FINISH_SECONDS = 20.0  # within which every write that is on its way has an answer, or is unknown
FIRST_LOOK_SECONDS = 2.0  # an unknown batch is read back this long after its attempt ended
LOOK_AGAIN_SECONDS = 10.0  # after a reading that failed
CONFIRM_SECONDS = 60.0  # how long acknowledged rows may take to be visible
CONFIRM_AGAIN_SECONDS = 5.0
LONGEST_SECONDS = 60.0  # between two looks
POLL_SECONDS = 1.0  # how soon a press of Stop is noticed when nothing else happens
MAX_LATE = 5  # checks in a row, for each write at a time, that bring nothing young enough to write on
_TOO_SLOW = "Braintrust answers too slowly to check rows right before they are written. Try again later."
_RATE_LIMIT = "Waiting for Braintrust's rate limit."


class Writer:
    """Makes one change to the rows of a plan's batches, for an assignment or an undo.

    Only the step's thread changes anything; the other threads return values.
    """

    def __init__(self, context: StepContext, ledger: Ledger, *, work: Work, plan: Plan, change: Change) -> None:
        self._plan = plan
        self._ledger = ledger
        self._change = change
        self._work = work
        self._context = context
        self._confirm_seconds = CONFIRM_SECONDS
        self._reader = RowReader(context.braintrust, context.settings)
        self._parallel = context.settings.parallel_requests
        self._monotonic = context.monotonic
        self._checks: dict[Future[Sight], list[Batch]] = {}  # looks right before batches are written
        self._looks: dict[Future[Sight], list[Batch]] = {}  # looks at sent batches
        self._writes: dict[Future[WriteResult], Batch] = {}
        self._hold_until = 0.0
        self._limits = 0
        self._limited_at = 0.0
        self._late = 0
        self._unreadable = 0
        self._waiting: str | None = None
        self._reason: str | None = None
        self._sends = True

    def carry_out(self, read_at: Mapping[int, float], *, confirm_seconds: float = CONFIRM_SECONDS) -> str | None:
        """Work until nothing is open; the sentence why it had to end early, None when it did not.

        `read_at` says of batches that were checked just now when the reading of their rows began.
        """
        self._confirm_seconds = confirm_seconds
        for batch in self._ledger.lying(BatchState.PLANNED):
            if batch.seq in read_at:
                self._admit(batch, read_at[batch.seq])
        self._run()
        return self._reason

    def settle(self) -> None:
        """Find out what became of the requests that were sent, and send nothing."""
        self._sends = False
        self._run()

    def _run(self) -> None:
        try:
            while self._is_open():
                self._work.proceed()
                if self._ending:  # nobody waits for answers on which something would have been written
                    self._checks.clear()
                else:
                    self._begin_checks()
                    self._begin_writes()
                self._begin_looks()
                self._collect()
        finally:  # whatever ended the run, what the requests that are on their way bring is stored
            if self._writes:
                self._settle(wait(self._writes, timeout=FINISH_SECONDS).done)
                self._ledger.flush(waiting=None)

    @property
    def _ending(self) -> bool:
        return not self._sends or self._reason is not None or self._plan.is_stopping

    def _is_open(self) -> bool:
        states = [BatchState.UNKNOWN, BatchState.WRITTEN] + ([] if self._ending else [BatchState.PLANNED])
        return bool(self._writes or self._checks or self._looks or any(map(self._ledger.lying, states)))

    def _ahead(self) -> int:
        """How many batches are checked, or being checked."""
        return len(self._ledger.ready()) + sum(map(len, self._checks.values()))

    def _begin_checks(self) -> None:
        """Read the next batches' rows while the ones before are written, so that no writer waits for a reading.

        As soon as the last two rounds of writing are ahead: writers stay busy, and the readings young.
        """
        enough = max(3 * (self._parallel - 1), 1) if self._monotonic() >= self._hold_until else 0
        while self._ahead() < enough and (batches := self._ledger.take(BatchState.PLANNED)):
            self._look(batches, self._checks)

    def _begin_writes(self) -> None:
        """Store that checked batches are being sent, then send them, as many as there is room for."""
        if self._monotonic() < self._hold_until or not self._work.has_time_to_write():
            return
        ready = self._ledger.ready()[: self._parallel - len(self._writes)]
        sending = [(begun(batch, now=self._context.clock()), began) for batch, began in ready]
        for batch, _ in sending:
            self._ledger.note(batch)
        if sending:
            self._plan = self._ledger.flush(waiting=None)
        for batch, began in sending:
            self._writes[in_background(partial(self._write, batch, began), name="write")] = batch

    def _write(self, batch: Batch, began: float) -> WriteResult:
        """Send one batch, unless the process was held up since it was checked."""
        if not self._ledger.is_fresh(began) or not self._work.has_time_to_write():
            return WriteResult(Outcome.NOT_BEGUN)
        return self._context.braintrust.write(self._plan.request.project_id, batch.kept, self._change)

    def _begin_looks(self) -> None:
        """Read sent batches back: acknowledged ones once nothing is left to write, so in few queries."""
        is_last = not (self._writes or self._ahead())
        for state in (BatchState.UNKNOWN, BatchState.WRITTEN) if is_last else (BatchState.UNKNOWN,):
            while len(self._looks) < self._parallel and (batches := self._ledger.take(state)):
                self._look(batches, self._looks)

    def _look(self, batches: list[Batch], looks: dict[Future[Sight], list[Batch]]) -> None:
        """Have the rows of some batches read, which are in the same state."""

        def look_up() -> None:
            if looks is self._checks and self._ending:
                raise WorkInterruptedError

        def explain(reason: str | None) -> None:
            self._waiting = reason

        patience = VisiblePatience(self._work, explain, look_up=look_up)
        meeting = self._change.filter if looks is self._checks else None
        read = partial(self._reader.of_batches, self._plan, batches, patience=patience, meeting=meeting)
        looks[in_background(read, name="look")] = batches

    def _collect(self) -> None:
        """Wait for something to happen, decide what follows, and store it."""
        tasks: list[Future[Any]] = [*self._checks, *self._looks, *self._writes]
        if not tasks:
            self._work.pause(POLL_SECONDS)
        self._settle(wait(tasks, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done)
        waiting = _RATE_LIMIT if self._monotonic() < self._hold_until else self._waiting
        self._plan = self._ledger.flush(waiting=waiting)
        self._context.announcer.writing_progress(self._work, self._plan)

    def _settle(self, done: Collection[Future[Any]]) -> None:
        for write in [future for future in self._writes if future in done]:
            self._on_written(self._writes.pop(write), write.result())
        for looks in (self._checks, self._looks):
            for look in [future for future in looks if future in done]:
                batches = looks.pop(look)
                try:
                    sight = look.result()
                except BraintrustError as error:
                    self._on_unseen(batches, error)
                else:
                    self._on_seen(batches, sight)

    def _on_seen(self, batches: list[Batch], sight: Sight) -> None:
        self._unreadable = 0
        if batches[0].state is BatchState.PLANNED:
            self._late = 0 if self._ledger.is_fresh(sight.began) else self._late + 1
            self._reason = _TOO_SLOW if self._late >= MAX_LATE * self._parallel else self._reason
        for batch in batches:
            if batch.state is BatchState.PLANNED and not batch.attempts:
                self._admit(checked(batch, sight.rows, self._change), sight.began)
            else:
                self._read_back(batch, sight)

    def _on_unseen(self, batches: list[Batch], error: BraintrustError) -> None:
        """Look again later; a refusal, or the last of several tries, leaves sent batches as they are, and is final."""
        state = batches[0].state
        log.warning("rows could not be read", extra={"batches": state.value, "cause": type(error).__name__})
        self._unreadable += state is not BatchState.PLANNED
        final = isinstance(error, BraintrustRejectedError) or self._unreadable >= MAX_TRIES
        if state is BatchState.PLANNED or (final and state is BatchState.UNKNOWN):
            self._reason = str(error)
        elif not final:
            for batch in batches:
                self._ledger.put(batch, due_in_seconds=LOOK_AGAIN_SECONDS)

    def _admit(self, batch: Batch, began: float) -> None:
        """Let a checked batch be written; nothing may be left of it."""
        if batch.kept:
            self._ledger.put(batch, read_at=began)
        else:
            self._ledger.note(replace(batch, state=BatchState.CONFIRMED))

    def _read_back(self, batch: Batch, sight: Sight) -> None:
        """Part what is seen to be written from what is not.

        That is waited for; then what was acknowledged stays so, and everything else is sent again, on this reading.
        """
        settled, waiting = read_back(batch, sight.rows, self._change)
        if waiting is None:
            self._ledger.note(settled)
            return
        if (seconds := self._settles_in(batch, sight)) > 0:
            self._ledger.put(batch, due_in_seconds=seconds)
            return
        if settled.rows:
            _, waiting = self._ledger.split(settled, waiting)
        planned = replace(waiting, state=BatchState.PLANNED)
        is_given_up = batch.state is BatchState.UNKNOWN and (self._ending or batch.attempts >= MAX_TRIES)
        if batch.state is BatchState.WRITTEN or is_given_up:
            self._ledger.note(waiting)
        elif batch.state is BatchState.PLANNED or self._change.filter is None:
            self._admit(checked(planned, sight.rows, self._change), sight.began)
        else:  # it was read without the filter
            self._ledger.put(planned)

    def _settles_in(self, batch: Batch, sight: Sight) -> float:
        """How long to wait for what a sent batch does not show yet."""
        age = self._ledger.age(batch)
        if batch.state is BatchState.WRITTEN:
            return CONFIRM_AGAIN_SECONDS if age < self._confirm_seconds else 0.0
        if batch.state is BatchState.UNKNOWN:  # the reading has to have begun late enough
            age_when_read = age - (self._monotonic() - sight.began)
            return min(self._context.settings.settle_seconds - age_when_read, LONGEST_SECONDS)
        return 0.0

    def _on_written(self, batch: Batch, result: WriteResult) -> None:
        after = ended(batch, result, now=self._context.clock())
        match result.outcome:
            case Outcome.RATE_LIMITED:
                self._hold(result.retry_after_seconds)
            case Outcome.ACKNOWLEDGED:
                self._limits = 0
            case Outcome.REFUSED:
                self._reason = result.reason
            case Outcome.TOO_LARGE if after.state is BatchState.PLANNED:
                for half in self._ledger.split(*halves(after)):
                    self._ledger.put(half)
                return
        later = 0.0 if after.state is BatchState.WRITTEN else FIRST_LOOK_SECONDS * after.attempts
        self._ledger.put(after, due_in_seconds=later)

    def _hold(self, retry_after_seconds: float | None) -> None:
        """Send nothing for as long as Braintrust asks, or longer where that did not help; after an hour, no more."""
        now = self._monotonic()
        if self._limits == 0:
            self._limited_at = now
        if self._limits == 0 or now >= self._hold_until:  # those that were on their way together are told together
            self._limits += 1
        if now - self._limited_at > LIMITED_SECONDS:
            self._reason = STILL_LIMITED
        pause = pause_seconds(self._limits, asked=retry_after_seconds, chance=random.random())  # noqa: S311 - jitter
        self._hold_until = max(self._hold_until, now + pause)
