"""The batches of one run: in memory for deciding, in the store before anything is sent."""

import math
from collections.abc import Iterable

from bot.domain.btql import MAX_IDS_PER_QUERY
from bot.domain.plan import Batch, BatchState, Plan, Progress
from bot.domain.writing import leading
from bot.services.ports.plans import BatchBook
from bot.services.ports.work import Lease
from bot.services.step import StepContext

FRESH_SECONDS = 10.0  # how old the reading may be on which a write rests


class Ledger:
    """Knows which batch is due for what.  A batch that was taken is nobody else's until it is put back."""

    def __init__(self, context: StepContext, batches: Iterable[Batch], *, store: BatchBook, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._clock = context.clock
        self._monotonic = context.monotonic
        self._batches = {batch.seq: batch for batch in batches}
        self._due = dict.fromkeys(self._batches, -math.inf)
        self._read_at: dict[int, float] = {}
        self._changed: set[int] = set()

    def lying(self, state: BatchState) -> list[Batch]:
        """The batches in `state` that lie here to be taken, now or later."""
        return [self._batches[seq] for seq in sorted(self._due) if self._batches[seq].state is state]

    def ready(self) -> list[tuple[Batch, float]]:
        """The planned batches that may be written now, each with the moment at which the reading of its rows began."""
        read = [(batch, self._read_at.get(batch.seq, -math.inf)) for batch in self.lying(BatchState.PLANNED)]
        return [(batch, began) for batch, began in read if self.is_fresh(began)]

    def is_fresh(self, began: float) -> bool:
        """Whether a write may rest on a reading that began then."""
        return self._monotonic() - began <= FRESH_SECONDS

    def take(self, state: BatchState) -> list[Batch]:
        """The next batches in `state` that are due for a look, together small enough for one query by id."""
        now, ready = self._monotonic(), {batch.seq for batch, _ in self.ready()}
        due = [batch for batch in self.lying(state) if self._due[batch.seq] <= now and batch.seq not in ready]
        taken = list(leading(due, most_rows=MAX_IDS_PER_QUERY))
        for batch in taken:
            del self._due[batch.seq]
        return taken

    def put(self, batch: Batch, *, due_in_seconds: float = 0.0, read_at: float = -math.inf) -> None:
        """Lay a batch back as it is now, or as a reading that began at `read_at` allows it to be written."""
        self.note(batch)
        self._due[batch.seq] = self._monotonic() + due_in_seconds
        self._read_at[batch.seq] = read_at

    def note(self, batch: Batch) -> None:
        """Change a batch, which is nobody's from now on but whoever notes it; it is stored with the next `flush`."""
        self._batches[batch.seq] = batch
        self._due.pop(batch.seq, None)
        self._changed.add(batch.seq)

    def split(self, first: Batch, second: Batch) -> tuple[Batch, Batch]:
        """Replace a taken batch by two, stored at once, and taken both."""
        parts = self._store.split(self._lease, (first, second))
        self._batches |= {part.seq: part for part in parts}
        return parts

    def age(self, batch: Batch) -> float:
        """Seconds since the last request of a batch ended."""
        return 0.0 if batch.attempt_ended_at is None else (self._clock() - batch.attempt_ended_at).total_seconds()

    def flush(self, *, waiting: str | None) -> Plan:
        """Store what changed and how far the run is, in one transaction; the plan as it is now."""
        changed = [self._batches[seq] for seq in sorted(self._changed)]
        states = (BatchState.WRITTEN, BatchState.CONFIRMED)
        written = sum(batch.size for batch in self._batches.values() if batch.state in states)
        plan = self._store.save(self._lease, changed, progress=Progress(rows=written, waiting=waiting))
        self._changed.clear()
        return plan
