"""The batches of one run: in memory for deciding, in the store before anything is sent."""

from collections.abc import Iterable

from bot.domain.btql import MAX_IDS_PER_QUERY
from bot.domain.model import Batch, BatchState, Plan, Progress
from bot.services.ports import Batches, Lease
from bot.services.writing.context import Context


class Ledger:
    """Knows which batch is due for what.  A batch that was taken is nobody else's until it is put back."""

    def __init__(self, context: Context, batches: Iterable[Batch], *, store: Batches, lease: Lease) -> None:
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
        plan = self._store.save(self._lease, changed, progress=Progress(rows=self._written(), waiting=waiting))
        self._changed.clear()
        return plan

    def _written(self) -> int:
        states = (BatchState.WRITTEN, BatchState.CONFIRMED)
        return sum(batch.size for batch in self._batches.values() if batch.state in states)
