"""The batches of one run: in memory for deciding, in the store before anything is sent, settled by reading back."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from bot.domain.btql import MAX_IDS_PER_QUERY
from bot.domain.plan import Batch, BatchState, Plan, Progress
from bot.domain.row_changes import Change, read_back, without_others
from bot.domain.writing import MAX_TRIES
from bot.errors import BraintrustError, BraintrustRejectedError
from bot.services.ports.plans import BatchBook
from bot.services.ports.work import Lease
from bot.services.reading import Sight
from bot.services.step import StepContext

log = logging.getLogger(__name__)

LONGEST_SECONDS = 60.0  # between two looks
CONFIRM_AGAIN_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 10.0  # after a reading that failed


class Ledger:
    """Knows which batch is due for what.  A batch that was taken is nobody else's until it is put back."""

    def __init__(self, context: StepContext, batches: Iterable[Batch], *, store: BatchBook, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._clock = context.clock
        self._monotonic = context.monotonic
        self._settle_seconds = context.settings.settle_seconds
        self._batches = {batch.seq: batch for batch in batches}
        self._due = dict.fromkeys(self._batches, self._monotonic())
        self._changed: set[int] = set()

    def has(self, state: BatchState) -> bool:
        """Whether a batch in `state` lies here to be taken, now or later."""
        return any(self._batches[seq].state is state for seq in self._due)

    def take(self, state: BatchState) -> list[Batch]:
        """The next due batches in `state`, together small enough for one query by id."""
        taken: list[Batch] = []
        rows = 0
        for batch in [self._batches[seq] for seq in sorted(self._due)]:
            rows += batch.size if batch.state is state else 0
            if taken and rows > MAX_IDS_PER_QUERY:
                break
            if batch.state is state and self._due[batch.seq] <= self._monotonic():
                taken.append(batch)
                del self._due[batch.seq]
        return taken

    def fills_a_query(self, state: BatchState, *, age_seconds: float) -> bool:
        """Whether due batches in `state` whose last request ended so long ago are enough for a full query by id."""
        due = [self._batches[seq] for seq, due_at in self._due.items() if due_at <= self._monotonic()]
        rows = sum(batch.size for batch in due if batch.state is state and self.age(batch) >= age_seconds)
        return rows > MAX_IDS_PER_QUERY - min((batch.size for batch in due), default=0)

    def put(self, batch: Batch, *, due_in_seconds: float = 0.0) -> None:
        """Lay a batch back as it is now; it is stored with the next `flush`."""
        self._batches[batch.seq] = batch
        self._changed.add(batch.seq)
        self._due[batch.seq] = self._monotonic() + due_in_seconds

    def note(self, batch: Batch) -> None:
        """Change a taken batch, which stays taken; it is stored with the next `flush`."""
        self._batches[batch.seq] = batch
        self._changed.add(batch.seq)

    def leave(self, batch: Batch) -> None:
        """Never take a batch again; how it stands is what will be reported."""
        self.note(batch)
        self._due.pop(batch.seq, None)

    def split(self, first: Batch, second: Batch) -> tuple[Batch, Batch]:
        """Replace a taken batch by two, stored and laid back at once."""
        parts = self._store.split(self._lease, (first, second))
        for part in parts:
            self.put(part)
            self._changed.discard(part.seq)
        return parts

    def age(self, batch: Batch) -> float:
        """Seconds since the last request of a batch ended."""
        return 0.0 if batch.attempt_ended_at is None else (self._clock() - batch.attempt_ended_at).total_seconds()

    def settles_in(self, batch: Batch) -> float:
        """In how many seconds the last request of an unknown batch can be taken to have had its effect, or none."""
        return self._settle_seconds - self.age(batch)

    def flush(self, *, waiting: str | None) -> Plan:
        """Store what changed and how far the run is, in one transaction; the plan as it is now."""
        changed = [self._batches[seq] for seq in sorted(self._changed)]
        states = (BatchState.WRITTEN, BatchState.CONFIRMED)
        written = sum(batch.size for batch in self._batches.values() if batch.state in states)
        plan = self._store.save(self._lease, changed, progress=Progress(rows=written, waiting=waiting))
        self._changed.clear()
        return plan


class Settlement:
    """Settles sent batches in the ledger."""

    def __init__(self, context: StepContext, ledger: Ledger, change: Change, *, others: frozenset[str]) -> None:
        self._ledger = ledger
        self._change = change
        self._others = others
        self._confirm_seconds = context.confirm_seconds
        self._monotonic = context.monotonic
        self._failures = 0

    def unknown(self, batches: Iterable[Batch], sight: Sight, *, resend: bool) -> None:
        """Batches whose request ended without a usable answer: what is not there may be on its way until it settles.

        After that it is planned again with `resend`, and stays unknown without.
        """
        self._failures = 0
        for batch in batches:
            settled, waiting = read_back(without_others(batch, self._others), sight.rows, self._change)
            unsettled_seconds = self._ledger.settles_in(batch) + self._monotonic() - sight.began
            if waiting is not None and unsettled_seconds > 0:
                self._ledger.put(batch, due_in_seconds=min(unsettled_seconds, LONGEST_SECONDS))
            else:
                self.divide(settled, waiting, resend=resend)

    def acknowledged(self, batches: Iterable[Batch], sight: Sight) -> None:
        """Acknowledged batches: what is not visible yet is waited for, and never sent again."""
        for batch in batches:
            seen, waiting = read_back(batch, sight.rows, self._change)
            if waiting is None:
                self._ledger.put(seen)
            elif self._ledger.age(batch) < self._confirm_seconds:
                self._ledger.put(batch, due_in_seconds=CONFIRM_AGAIN_SECONDS)
            elif seen.rows:
                self._ledger.leave(self._ledger.split(seen, waiting)[1])
            else:
                self._ledger.leave(batch)

    def divide(self, settled: Batch, waiting: Batch | None, *, resend: bool) -> None:
        """Part what is known to be written from what has to be sent again, or stays unknown when it is not to be."""
        if waiting is None:
            self._ledger.put(settled)
            return
        sent_again = resend and waiting.attempts < MAX_TRIES
        waiting = replace(waiting, state=BatchState.PLANNED if sent_again else BatchState.UNKNOWN)
        if settled.rows:
            _, waiting = self._ledger.split(settled, waiting)
        if sent_again:
            self._ledger.put(waiting)
        else:
            self._ledger.leave(waiting)

    def unreadable(self, batches: Iterable[Batch], error: BraintrustError) -> bool:
        """Look again later; a refusal, or the last of several tries, leaves the batches as they are and is final."""
        log.warning("rows could not be read back", extra={"cause": type(error).__name__})
        self._failures += 1
        final = isinstance(error, BraintrustRejectedError) or self._failures >= MAX_TRIES
        for batch in batches:
            if final:
                self._ledger.leave(batch)
            else:
                self._ledger.put(batch, due_in_seconds=LOOK_AGAIN_SECONDS)
        return final
