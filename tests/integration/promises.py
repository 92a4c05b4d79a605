"""What holds after every step of a walk, on the rows themselves, in the store, and in what people are told."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select

from bot.adapters.store.records import batch_of
from bot.adapters.store.tables import batches, undo_batches
from bot.domain.plan import Batch, BatchState, DropReason, Plan, PlanState
from bot.domain.report import outcome, report_of, written_pairs
from bot.domain.undo import UndoCounts, counted_undo, taken_back
from sandbox.braintrust.row import ASSIGNMENTS, REVIEW_LISTS, Row
from tests.integration.stored import Store
from tests.integration.walk import Walk

S = PlanState
AT_REST = frozenset({S.DONE, S.PARTIAL, S.STOPPED, S.FAILED})
POSSIBLY_WRITTEN = {BatchState.WRITTEN, BatchState.CONFIRMED, BatchState.UNKNOWN, BatchState.SENDING}
Condition = tuple[tuple[str, ...], str | None]
"""Whose a row is, and where it stands in the review list."""
FREE: tuple[Condition, ...] = (((), None), ((), "PENDING"))
"""Never assigned, or taken back."""


def verify(walk: Walk) -> None:
    """Each row has one value at most, its plan's, over nobody's; what is taken back was ours; and as the store says."""
    found = Found(walk)
    plans = found.plans
    planned: defaultdict[str, set[str]] = defaultdict(set)
    for row_id, who in (pair for kept in plans for pair in kept.planned):
        planned[row_id].add(who)
    for row in found.rows.values():
        _verify_row(row, planned[row.id])
        _verify_that_the_rest_is_kept(row, walk.logged[row.id], is_untagged=row.id in walk.by_hand)
        asked_back = [kept for kept in plans if row.id in kept.taken_back]
        assert len(asked_back) <= _taken_back(row), f"{row.id} was not taken back"
    claimed = Counter(row for kept in plans for row in kept.held)
    assert [row for row, times in claimed.items() if times > 1] == [], "two plans say that they wrote it"
    for kept in plans:
        if kept.plan.decided_at is not None and kept.plan.state in AT_REST:
            _verify_report(kept, found.rows)
        if kept.plan.state is S.UNDONE:
            _verify_undo(kept)
        _verify_that_what_is_kept_was_touched(kept, plans)
    _verify_that_nothing_is_forgotten(found)
    _verify_previews(found)


class Found:
    """All rows and all plans, looked up once."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.rows = {row.id: row for row in walk.rows}
        self._batches, self._undone = (_batches_by_plan(walk.store, table) for table in (batches, undo_batches))
        self.plans = [self.kept(plan) for plan in walk.store.plans.recent()]

    def kept(self, plan: Plan) -> "Kept":
        return Kept(self.walk, plan, self._batches[plan.id], self._undone[plan.id])


def _batches_by_plan(store: Store, table: Table) -> defaultdict[str, list[Batch]]:
    by_plan: defaultdict[str, list[Batch]] = defaultdict(list)
    with store.database.read() as connection:
        for row in connection.execute(select(table).order_by(table.c.plan_id, table.c.seq)):
            by_plan[row.plan_id].append(batch_of(row))
    return by_plan


class Kept:
    """One plan with all that is stored of it."""

    def __init__(self, walk: Walk, plan: Plan, batches: Sequence[Batch], undone: Sequence[Batch]) -> None:
        self.walk = walk
        self.plan = plan
        self.batches = batches
        self.undone = undone
        self.taken_back = taken_back(self.undone)
        self.kept = {row_id: reason for batch in self.undone for row_id, reason in batch.dropped}
        self.planned = [pair for batch in self.batches for pair in batch.rows]
        self.written = dict(written_pairs(self.batches))

    @property
    def held(self) -> dict[str, str]:
        """The rows that are its reviewers', as far as the store says."""
        lost = {row_id for row_id, reason in self.kept.items() if reason is not DropReason.FINISHED}
        sent = {row_id for batch in self.undone if batch.attempts for row_id, _ in batch.kept}
        return {row_id: who for row_id, who in self.written.items() if row_id not in lost | sent}


def _verify_row(row: Row, planned: set[str]) -> None:
    """The bot makes what is free ours, and what is ours free; after a person's change it makes nothing."""
    assert not row.phantom, f"{row.id} was made by a merge"
    was: Condition = ((), None)
    is_theirs = False
    for change in row.history:
        now: Condition = (change.assignments, change.status)
        if change.source == "api":
            assert not is_theirs, f"{row.id} was {was}, and somebody's"
            assert now == was or _is_ours(was, now, planned), f"{row.id} was {was} and became {now}"
        elif now != was:
            is_theirs = True
        was = now


def _is_ours(was: Condition, now: Condition, planned: set[str]) -> bool:
    written = [((who,), "PENDING") for who in planned]
    return (was in FREE and now in written) or (was in written and now == ((), "PENDING"))


def _taken_back(row: Row) -> int:
    """How often the bot took the row back."""
    before = [(), *(change.assignments for change in row.history)]
    return sum(
        change.source == "api" and was != () and change.assignments == ()
        for was, change in zip(before, row.history, strict=False)
    )


def _verify_that_the_rest_is_kept(row: Row, logged: Row, *, is_untagged: bool) -> None:
    """Whatever else is in the row stays as it was logged."""
    assert _rest(row) == _rest(logged), row.id
    assert row.tags == logged.tags or is_untagged, row.id


def _rest(row: Row) -> dict[str, Any]:
    metadata = {name: value for name, value in row.metadata.items() if name not in (ASSIGNMENTS, REVIEW_LISTS)}
    kept = {name: value for name, value in row.columns.items() if name not in ("_xact_id", "tags", "metadata")}
    return {**kept, "metadata": metadata}


def _verify_report(kept: Kept, rows: Mapping[str, Row]) -> None:
    """The report of a plan at rest is what the rows say."""
    plan = kept.plan
    ours = {row: who for row, who in kept.held.items() if row not in kept.walk.by_hand}
    assert [row for row, who in ours.items() if rows[row].assignments != (who,)] == [], f"{plan.id} says it wrote them"
    report = report_of(plan, kept.batches)
    assert outcome(plan, report) is plan.state
    assert report.written + report.dropped_rows + report.missing == plan.planned_rows


def _verify_undo(kept: Kept) -> None:
    """Every row is accounted for once, and the audit trail has the same numbers."""
    assert sorted(row_id for batch in kept.undone for row_id, _ in batch.rows) == sorted(kept.written)
    assert {batch.state for batch in kept.undone} <= {BatchState.CONFIRMED}
    counts = counted_undo(kept.undone)
    noted = kept.walk.store.plans.history(kept.plan.id)[-1].counts
    assert noted == {"taken back": counts.taken_back, "reviewed": counts.reviewed, "changed": counts.changed}


def _verify_that_what_is_kept_was_touched(kept: Kept, plans: Sequence[Kept]) -> None:
    """Only a row that a person, or another plan, changed is kept by an undo."""
    others = {row for other in plans if other.plan.id != kept.plan.id for row, _ in other.planned}
    assert kept.kept.keys() <= kept.walk.by_hand | others, f"{kept.plan.id} keeps rows that nobody touched"


def _verify_that_nothing_is_forgotten(found: Found) -> None:
    """What the bot wrote stands in the store: as written, or as not known yet."""
    sent = [batch for kept in found.plans for batch in kept.batches if batch.state in POSSIBLY_WRITTEN]
    known = {(row, (who,)) for batch in sent for row, who in batch.kept}
    written = {
        (row.id, change.assignments)
        for row in found.rows.values()
        for change in row.history
        if change.source == "api" and change.assignments
    }
    assert {pair for pair in written - known if pair[0] not in found.walk.by_hand} == set()


def _verify_previews(found: Found) -> None:
    """The numbers that a person was just told are what the rows say."""
    for plan, counts in found.walk.previews:
        kept = found.kept(plan)
        open_rows = {row: who for row, who in kept.written.items() if row not in kept.taken_back}
        now = Counter(_previewed(found.rows.get(row), who) for row, who in open_rows.items())
        assert counts == UndoCounts(now["ours"], now["reviewed"], now["changed"]), plan.id
    found.walk.previews.clear()


def _previewed(row: Row | None, who: str) -> str:
    if row is None or row.assignments != (who,):
        return "changed"
    return "ours" if row.status == "PENDING" else "reviewed"
