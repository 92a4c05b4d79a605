"""Batches in a real database: from planned to written, through crashes and splits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.plan import Batch, BatchState, DropReason, PlanState, Progress
from bot.domain.writing import Outcome, WriteResult, begun, ended, halves
from tests.integration.stored import ANA, BATCHES, BO, EXPIRES, NOW, PROJECT, PROPOSAL, Store

B = BatchState
LATER = NOW + timedelta(seconds=5)
MANY = Batch(1, tuple((f"row-{number}", (ANA if number % 2 else BO).id) for number in range(7)))


def test_what_became_of_a_batch_is_stored(store: Store) -> None:
    store.proposed()
    first = begun(BATCHES[0], now=NOW)
    after = replace(
        ended(first, WriteResult(Outcome.UNKNOWN, "no answer"), now=LATER), dropped=(("row-2", DropReason.FINISHED),)
    )

    plan = store.batches.save(store.claim(), [after], progress=Progress(rows=1, waiting="a reason"))

    assert store.batches.of("plan") == (after, BATCHES[1])
    assert (plan, plan.progress) == (store.get(), Progress(rows=1, waiting="a reason"))


def test_saving_tells_that_somebody_asked_to_stop(store: Store) -> None:
    """That is how a run hears of it."""
    store.add(state=PlanState.RUNNING)
    lease = store.claim()
    store.plans.stop("plan", edition=1, who="UADA", now=NOW)

    assert store.batches.save(lease, [], progress=Progress()).stopped_by == "UADA"


def test_the_rows_of_a_batch_never_change_by_saving(store: Store) -> None:
    """Which row goes to whom is fixed before the first request."""
    store.proposed()

    store.batches.save(store.claim(), [replace(BATCHES[0], rows=(("row-9", ANA.id),), state=B.WRITTEN)])

    assert store.batches.of("plan")[0].rows == BATCHES[0].rows


def test_saving_concerns_the_plan_s_own_batches_only(store: Store) -> None:
    store.proposed("other")
    store.proposed()

    store.batches.save(store.claim(), [replace(BATCHES[0], state=B.WRITTEN)])

    assert store.batches.of("other") == BATCHES


def test_after_a_crash_what_was_on_its_way_is_unknown(store: Store) -> None:
    """All others stay as they were."""
    store.proposed()
    lease = store.claim()
    sending = begun(BATCHES[0], now=NOW)
    written = ended(begun(BATCHES[1], now=NOW), WriteResult(Outcome.ACKNOWLEDGED), now=NOW)
    store.batches.save(lease, [sending, written])

    store.batches.recover(lease, now=LATER)

    lost = replace(sending, state=B.UNKNOWN, attempt_ended_at=LATER)
    assert store.batches.of("plan") == (lost, written)


@pytest.mark.parametrize("state", [state for state in BatchState if state is not B.SENDING])
def test_a_recovery_touches_nothing_that_was_settled(store: Store, state: BatchState) -> None:
    store.proposed()
    lease = store.claim()
    settled = replace(begun(BATCHES[0], now=NOW), state=state, attempt_ended_at=LATER)
    store.batches.save(lease, [settled])

    store.batches.recover(lease, now=EXPIRES)

    assert store.batches.of("plan")[0] == settled


@pytest.mark.parametrize("dropped", [(), (("row-0", DropReason.GONE), ("row-5", DropReason.ASSIGNED))])
def test_a_split_keeps_every_row_once(store: Store, dropped: tuple[tuple[str, DropReason], ...]) -> None:
    """Down to single rows: together the parts are the batch, each dropped row stays dropped, no number comes twice."""
    store.add()
    lease = store.claim()
    other = Batch(2, (("row-9", ANA.id),))
    store.plans.propose(lease, replace(PROPOSAL, batches=(MANY, other)), state=PlanState.PROPOSED, now=NOW)
    store.batches.save(lease, [replace(MANY, dropped=dropped)])

    while large := next((batch for batch in store.batches.of("plan") if len(batch.kept) > 1), None):
        first, second = store.batches.split(lease, halves(large))
        assert first.seq == large.seq
        assert {first, second} <= set(store.batches.of("plan"))

    parts = store.batches.of("plan")
    rows = [pair for part in parts for pair in part.rows]
    assert sorted(rows) == sorted(MANY.rows + other.rows)
    assert [pair for part in parts for pair in part.dropped] == list(dropped)
    assert [part.seq for part in parts] == list(range(1, len(parts) + 1))


def test_what_other_plans_wrote_or_may_have_written_lately_is_known(store: Store) -> None:
    for name, state, minutes in (
        ("written", B.WRITTEN, 1),
        ("unknown", B.UNKNOWN, 14),
        ("sending", B.SENDING, 15),
        ("failed", B.FAILED, 1),
        ("planned", B.PLANNED, 1),
        ("long-ago", B.WRITTEN, 16),
    ):
        _write(store, name, state=state, minutes=minutes)
    _write(store, "elsewhere", state=B.WRITTEN, minutes=1, project="another")
    _write(store, "mine", state=B.WRITTEN, minutes=1)

    rows = store.batches.recently_written(store.get("mine"), since=NOW - timedelta(minutes=15))

    assert rows == {"row-of-written", "row-of-unknown", "row-of-sending"}


def test_what_another_plan_wrote_later_is_known(store: Store) -> None:
    """Row by row: a plan that is older can have written later, after a retry."""
    mine = ("row-of-mine", "before", "at once", "after", "dropped", "undone")
    _write(store, "mine", state=B.CONFIRMED, minutes=10, rows=mine)
    _write(store, "older", state=B.CONFIRMED, minutes=11, rows=("before",))
    _write(store, "same", state=B.CONFIRMED, minutes=10, rows=("at once",))
    _write(store, "newer", state=B.CONFIRMED, minutes=9, rows=("after", "another"))
    _write(store, "unclear", state=B.UNKNOWN, minutes=9, rows=("row-of-mine",))
    _write(store, "left", state=B.CONFIRMED, minutes=9, rows=("dropped",), dropped=(("dropped", DropReason.GONE),))
    _write(store, "back", state=B.CONFIRMED, minutes=9, rows=("undone",))
    store.change("back", state=PlanState.UNDONE.value)
    _write(store, "elsewhere", state=B.CONFIRMED, minutes=9, rows=("before",), project="another")

    assert store.batches.written_later(store.get("mine")) == {"after", "row-of-mine"}
    assert store.batches.written_later(store.add("nothing yet")) == frozenset()


def test_rows_that_were_dropped_were_not_written(store: Store) -> None:
    _write(store, "other", state=B.WRITTEN, minutes=1, dropped=(("row-of-other", DropReason.GONE),))
    store.add("mine")

    assert store.batches.recently_written(store.get("mine"), since=NOW - timedelta(minutes=15)) == frozenset()


def _write(
    store: Store,
    name: str,
    *,
    state: BatchState,
    minutes: int,
    project: str = PROJECT,
    rows: tuple[str, ...] = (),
    dropped: tuple[tuple[str, DropReason], ...] = (),
) -> None:
    """A plan one batch of which was attempted so many minutes ago."""
    store.add(name, project_id=project)
    lease = store.claim(name)
    batch = Batch(1, tuple((row_id, ANA.id) for row_id in rows or (f"row-of-{name}",)))
    store.plans.propose(lease, replace(PROPOSAL, batches=(batch,)), state=PlanState.PROPOSED, now=NOW)
    attempted = replace(
        batch, state=state, dropped=dropped, attempts=1, attempt_began_at=NOW - timedelta(minutes=minutes)
    )
    store.batches.save(lease, [attempted])
