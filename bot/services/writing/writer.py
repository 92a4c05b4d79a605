"""The engine that writes rows: one run over batches, by a coordinator that decides and threads that only send.

What Braintrust offers for it is a merge without a compare-and-set, so the order is what keeps it safe: the batch is
stored before its first request, each row is read at most 10 s before it is written, and a request without a usable
answer is read back before anything is sent again.
"""

import math
import random
from collections import deque
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from bot.domain.faults import LIMITED_SECONDS, pause_seconds
from bot.domain.plan import Batch, BatchState, Plan
from bot.domain.row_changes import Change, checked, read_back, without_others
from bot.domain.writing import (
    Acknowledged,
    NotBegun,
    RateLimited,
    Refused,
    TooLarge,
    WriteResult,
    begun,
    ended,
    halves,
)
from bot.errors import STILL_LIMITED, BraintrustError, WorkInterruptedError
from bot.services.ports.work import Work
from bot.services.reading import RowReader, Sight
from bot.services.step import StepContext, VisiblePatience
from bot.services.threads import in_background
from bot.services.writing.ledger import Ledger, Settlement

FRESH_SECONDS = 10.0  # how old the reading may be on which a write rests
FINISH_SECONDS = 20.0  # within which every write that is on its way has an answer, or is unknown
SEEN_SECONDS = 1.0  # within which a write was visible in all recordings that are public
FIRST_LOOK_SECONDS = 2.0  # an unknown batch is read back this long after its attempt ended
POLL_SECONDS = 1.0  # how soon a press of Stop is noticed when nothing else happens
MAX_STALE_CHECKS = 5
_TOO_SLOW = "Braintrust answers too slowly to check rows right before they are written. Try again later."
_RATE_LIMIT = "Waiting for Braintrust's rate limit."


class Writer:
    """Makes one change to the rows of a plan's batches, for an assignment or an undo.

    Only the step's thread changes anything; the other threads return values.
    """

    def __init__(
        self, context: StepContext, ledger: Ledger, *, work: Work, plan: Plan, change: Change, others: frozenset[str]
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._change = change
        self._others = others
        self._work = work
        self._context = context
        self._reader = RowReader(context.braintrust, context.settings)
        self._settlement = Settlement(context, ledger, change, others=others)
        self._parallel = context.settings.parallel_requests
        self._monotonic = context.monotonic
        self._ready: deque[tuple[Batch, float]] = deque()  # with the moment at which the reading of its rows began
        self._read_at: dict[int, float] = {}
        self._looks: dict[Future[Sight], tuple[list[Batch], BatchState]] = {}  # at planned, unknown or written ones
        self._writes: dict[Future[WriteResult], Batch] = {}
        self._hold_until = 0.0
        self._limits = 0
        self._limited_at = 0.0
        self._stale_checks = 0
        self._waiting: str | None = None
        self._reason: str | None = None
        self._sends = True

    def carry_out(self, read_at: Mapping[int, float] = MappingProxyType({})) -> str | None:
        """Work until nothing is open; the sentence why it had to end early, None when it did not.

        `read_at` says of batches that were checked just now when the reading of their rows began.
        """
        self._read_at = dict(read_at)
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
                if self._ending:
                    self._put_back()
                self._begin_checks()
                self._begin_writes()
                self._look(self._ledger.take(BatchState.UNKNOWN), BatchState.UNKNOWN)
                self._begin_confirmation()
                self._collect()
        finally:  # whatever ended the run, what the requests that are on their way bring is stored
            if self._writes:
                self._settle(wait(self._writes, timeout=FINISH_SECONDS).done)
                self._ledger.flush(waiting=None)

    @property
    def _ending(self) -> bool:
        return not self._sends or self._reason is not None or self._plan.is_stopping

    def _is_open(self) -> bool:
        if self._writes or self._looks or self._ready:
            return True
        if self._ledger.has(BatchState.UNKNOWN) or self._ledger.has(BatchState.WRITTEN):
            return True
        return not self._ending and self._ledger.has(BatchState.PLANNED)

    def _checking(self) -> int:
        """How many batches are looked at right before they are written."""
        return sum(len(batches) for batches, state in self._looks.values() if state is BatchState.PLANNED)

    def _begin_checks(self) -> None:
        """Read the next batches' rows while the ones before are written, so that no writer waits for a reading.

        As soon as the last two rounds of writing are ahead: writers stay busy, and the readings young.
        """
        while not self._ending and self._monotonic() >= self._hold_until:
            ahead = len(self._ready) + self._checking()
            is_far_ahead = ahead >= max(3 * (self._parallel - 1), 1)
            if is_far_ahead or not (batches := self._ledger.take(BatchState.PLANNED)):
                return
            unread: list[Batch] = []
            for batch in batches:
                began = self._read_at.pop(batch.seq, -math.inf)
                if self._is_fresh(began):
                    self._admit(without_others(batch, self._others), began)
                else:
                    unread.append(batch)
            self._look(unread, BatchState.PLANNED)

    def _begin_writes(self) -> None:
        """Store that checked batches are being sent, then send them, as many as there is room for."""
        sending: list[tuple[Batch, float]] = []
        may_write = self._monotonic() >= self._hold_until and self._work.has_time_to_write()
        while may_write and self._ready and len(self._writes) + len(sending) < self._parallel:
            batch, began = self._ready.popleft()
            if self._is_stale(began):
                self._ledger.put(batch)
            else:
                sending.append((begun(batch, now=self._context.clock()), began))
        if not sending:
            return
        for batch, _ in sending:
            self._ledger.note(batch)
        self._plan = self._ledger.flush(waiting=None)
        for batch, began in sending:
            self._writes[in_background(partial(self._write, batch, began), name="write")] = batch

    def _write(self, batch: Batch, began: float) -> WriteResult:
        """Send one batch, unless the process was held up since it was checked."""
        if not self._is_fresh(began) or not self._work.has_time_to_write():
            return NotBegun()
        return self._context.braintrust.write(self._plan.request.project_id, batch.kept, self._change)

    def _begin_confirmation(self) -> None:
        """Read acknowledged batches back: full queries of older ones meanwhile, all once nothing is left to write."""
        is_last = not (self._writes or self._ready or self._checking())
        while len(self._looks) + len(self._writes) < (self._parallel if is_last else 2 * self._parallel - 1):
            if not is_last and not self._ledger.fills_a_query(BatchState.WRITTEN, age_seconds=SEEN_SECONDS):
                return
            batches = self._ledger.take(BatchState.WRITTEN)
            if not batches:
                return
            self._look(batches, BatchState.WRITTEN)

    def _put_back(self) -> None:
        """Leave batches unsent that were checked, or are being checked: nobody waits for that any more."""
        while self._ready:
            self._ledger.put(self._ready.popleft()[0])
        for look in [look for look, (_, state) in self._looks.items() if state is BatchState.PLANNED]:
            for batch in self._looks.pop(look)[0]:
                self._ledger.put(batch)

    def _is_fresh(self, began: float) -> bool:
        """Whether a write may rest on a reading that began then."""
        return self._monotonic() - began <= FRESH_SECONDS

    def _is_stale(self, began: float) -> bool:
        """Whether a reading is too old to write on; a server that is too slow every time ends the assignment."""
        if self._is_fresh(began):
            self._stale_checks = 0
            return False
        self._stale_checks += 1
        if self._stale_checks >= MAX_STALE_CHECKS * self._parallel:
            self._reason = _TOO_SLOW
        return True

    def _look(self, batches: list[Batch], state: BatchState) -> None:
        """Have the rows of some batches read, which are in `state`."""

        def look_up() -> None:
            if state is BatchState.PLANNED and self._ending:
                raise WorkInterruptedError

        def explain(reason: str | None) -> None:
            self._waiting = reason

        patience = VisiblePatience(self._work, explain, look_up=look_up)
        if batches:
            meeting = self._change.filter if state is BatchState.PLANNED else None
            read = partial(self._reader.of_batches, self._plan, batches, patience=patience, meeting=meeting)
            self._looks[in_background(read, name="look")] = batches, state

    def _collect(self) -> None:
        """Wait for something to happen, decide what follows, and store it."""
        tasks: list[Future[Any]] = [*self._looks, *self._writes]
        if not tasks:
            self._work.pause(POLL_SECONDS)
        self._settle(wait(tasks, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED).done)
        waiting = _RATE_LIMIT if self._monotonic() < self._hold_until else self._waiting
        self._plan = self._ledger.flush(waiting=waiting)
        self._context.announcer.writing_progress(self._work, self._plan)

    def _settle(self, done: Collection[Future[Any]]) -> None:
        for write in [future for future in self._writes if future in done]:
            self._on_written(self._writes.pop(write), write.result())
        for look in [future for future in self._looks if future in done]:
            batches, state = self._looks.pop(look)
            try:
                self._on_seen(batches, state, look.result())
            except BraintrustError as error:
                self._on_unseen(batches, state, error)

    def _on_seen(self, batches: list[Batch], state: BatchState, sight: Sight) -> None:
        match state:
            case BatchState.UNKNOWN:
                self._settlement.unknown(batches, sight, resend=not self._ending)
            case BatchState.WRITTEN:
                self._settlement.acknowledged(batches, sight)
            case _:
                for batch in batches:
                    self._judge(batch, sight)

    def _on_unseen(self, batches: list[Batch], state: BatchState, error: BraintrustError) -> None:
        if state is BatchState.PLANNED:
            self._reason = str(error)
            for batch in batches:
                self._ledger.put(batch)
        elif self._settlement.unreadable(batches, error) and state is BatchState.UNKNOWN:
            self._reason = str(error)

    def _judge(self, batch: Batch, sight: Sight) -> None:
        """Drop what may not be written any more; rows of an earlier attempt that turn out written are kept as such."""
        if batch.attempts:
            settled, waiting = read_back(without_others(batch, self._others), sight.rows, self._change)
            if waiting is None or len(waiting.kept) < len(batch.kept):
                self._settlement.divide(settled, waiting, resend=not self._ending)
                return
        self._admit(checked(batch, sight.rows, self._change, others=self._others), sight.began)

    def _admit(self, batch: Batch, began: float) -> None:
        """Make a checked batch ready to be written; nothing may be left of it."""
        if batch.kept:
            self._ledger.note(batch)
            self._ready.append((batch, began))
        else:
            self._ledger.put(replace(batch, state=BatchState.CONFIRMED))

    def _on_written(self, batch: Batch, result: WriteResult) -> None:
        after = ended(batch, result, now=self._context.clock())
        match result:
            case RateLimited(retry_after_seconds):
                self._hold(retry_after_seconds)
            case Acknowledged():
                self._limits = 0
            case Refused(reason):
                self._reason = reason
            case TooLarge() if after.state is BatchState.PLANNED:
                self._ledger.split(*halves(after))
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
