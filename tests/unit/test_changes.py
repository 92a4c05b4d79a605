"""What may still be written, and what was written, is judged by a reading; no row is lost and none changes hands."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.changes import Assignment, Seen, TakingBack, checked, read_back
from bot.domain.model import Batch, BatchState, DropReason
from bot.domain.reading import USUAL_OPEN_STATUSES, LogRow
from tests.unit.builders import TAG, a_batch, a_row

ASSIGNEES = st.sampled_from([(), ("r1",), ("r2",), ("stranger",), ("r1", "r2")])


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """A batch in any condition, some of its rows dropped before."""
    rows = tuple((f"row-{index}", draw(st.sampled_from(["r1", "r2"]))) for index in range(draw(st.integers(0, 8))))
    gone = draw(st.sets(st.sampled_from([row_id for row_id, _ in rows]))) if rows else set()
    dropped = tuple((row_id, draw(st.sampled_from(DropReason))) for row_id in sorted(gone))
    state, attempts = draw(st.sampled_from(BatchState)), draw(st.integers(0, 5))
    return Batch(draw(st.integers(1, 9)), rows, state=state, dropped=dropped, attempts=attempts)


@st.composite
def readings(draw: st.DrawFn) -> dict[str, LogRow]:
    """What Braintrust may show for the rows of such a batch."""
    ids = draw(st.sets(st.sampled_from([f"row-{index}" for index in range(8)])))
    status = st.sampled_from([None, "PENDING", "COMPLETE"])
    tags = st.sampled_from([(TAG,), (), ("other", TAG), ("other",)])
    return {row_id: LogRow(row_id, draw(ASSIGNEES), draw(status), draw(tags)) for row_id in sorted(ids)}


OTHERS = st.frozensets(st.sampled_from([f"row-{index}" for index in range(8)]))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (None, DropReason.GONE),
        (a_row("row-1"), None),
        (a_row("row-1", status="PENDING"), None),
        (a_row("row-1", "r1"), DropReason.ASSIGNED),
        (a_row("row-1", "r1", status="COMPLETE"), DropReason.ASSIGNED),
        (a_row("row-1", "r2"), DropReason.ASSIGNED),
        (a_row("row-1", "r1", "r2"), DropReason.ASSIGNED),
        (a_row("row-1", status="COMPLETE"), DropReason.FINISHED),
        (a_row("row-1", status="COMPLETE", tags=()), DropReason.FINISHED),
        (a_row("row-1", tags=("another tag",)), DropReason.UNTAGGED),
        (a_row("row-1", tags=()), DropReason.UNTAGGED),
        (a_row("row-1", tags=("another tag", TAG)), None),
    ],
)
def test_a_row_is_judged_by_what_it_says_now(row: LogRow | None, expected: DropReason | None) -> None:
    assert Assignment(TAG).objection(row, "r1") is expected


def test_a_row_that_somebody_assigned_to_the_same_person_is_not_ours_to_write() -> None:
    batch = a_batch(1)

    after = checked(batch, {"row-0": a_row("row-0", "r1")}, Assignment(TAG), others=frozenset())

    assert after.dropped == (("row-0", DropReason.ASSIGNED),)


def test_a_row_of_another_plan_is_left_alone_even_where_it_looks_free() -> None:
    batch = a_batch(2)
    rows = {"row-0": a_row("row-0"), "row-1": a_row("row-1")}

    after = checked(batch, rows, Assignment(TAG), others=frozenset({"row-1"}))

    assert after.kept == (("row-0", "r1"),)
    assert after.dropped == (("row-1", DropReason.OTHER_PLAN),)


def test_rows_that_are_free_stay_and_others_go_with_their_reason() -> None:
    batch = a_batch(5)
    rows = {
        "row-0": a_row("row-0"),
        "row-1": a_row("row-1", "stranger"),
        "row-2": a_row("row-2", status="COMPLETE"),
        "row-4": a_row("row-4", tags=()),
    }

    after = checked(batch, rows, Assignment(TAG), others=frozenset())

    assert after == replace(
        batch,
        dropped=(
            ("row-1", DropReason.ASSIGNED),
            ("row-2", DropReason.FINISHED),
            ("row-3", DropReason.GONE),
            ("row-4", DropReason.UNTAGGED),
        ),
    )


@given(batches(), readings(), OTHERS)
def test_a_check_accounts_for_every_row_once_and_changes_no_reviewer(
    batch: Batch, rows: dict[str, LogRow], others: frozenset[str]
) -> None:
    after = checked(batch, rows, Assignment(TAG), others=others)

    dropped = [row_id for row_id, _ in after.dropped]
    assert after.rows == batch.rows
    assert sorted([*dropped, *(row_id for row_id, _ in after.kept)]) == [row_id for row_id, _ in batch.rows]
    assert after.dropped[: len(batch.dropped)] == batch.dropped
    assert replace(after, dropped=batch.dropped) == batch


@given(batches(), readings(), OTHERS)
def test_only_rows_that_were_seen_free_are_kept(batch: Batch, rows: dict[str, LogRow], others: frozenset[str]) -> None:
    after = checked(batch, rows, Assignment(TAG), others=others)

    for row_id, _ in after.kept:
        row = rows[row_id]
        assert (row.assignees, row.is_finished(USUAL_OPEN_STATUSES)) == ((), False)
        assert TAG in row.tags
        assert row_id not in others


@given(batches(), readings())
def test_reading_back_accounts_for_every_row_once_and_changes_no_reviewer(
    batch: Batch, rows: dict[str, LogRow]
) -> None:
    settled, waiting = read_back(batch, rows, Assignment(TAG))

    parts = [settled] if waiting is None else [settled, waiting]
    assert sorted(pair for part in parts for pair in part.rows) == sorted(batch.rows)
    for part in parts:
        dropped = [row_id for row_id, _ in part.dropped]
        assert len(set(dropped)) == len(dropped)
        assert sorted([*dropped, *(row_id for row_id, _ in part.kept)]) == sorted(row_id for row_id, _ in part.rows)


@given(batches(), readings())
def test_reading_back_believes_what_it_sees_and_nothing_else(batch: Batch, rows: dict[str, LogRow]) -> None:
    settled, waiting = read_back(batch, rows, Assignment(TAG))

    shown = {row_id: rows[row_id].assignees if row_id in rows else () for row_id, _ in batch.kept}
    new = {row_id: reason for row_id, reason in settled.dropped if row_id in shown}
    assert settled.state is BatchState.CONFIRMED
    assert {row_id for row_id, _ in settled.kept} == {row_id for row_id, who in batch.kept if shown[row_id] == (who,)}
    assert set(new.values()) <= {DropReason.ASSIGNED}
    assert (
        {row_id for row_id, _ in waiting.kept}
        if waiting
        else set() == {row_id for row_id in shown if not shown[row_id]}
    )


def test_a_batch_that_is_seen_whole_is_confirmed() -> None:
    batch = a_batch(2, state=BatchState.UNKNOWN, attempts=1)

    result = read_back(batch, {"row-0": a_row("row-0", "r1"), "row-1": a_row("row-1", "r2")}, Assignment(TAG))

    assert result == (replace(batch, state=BatchState.CONFIRMED), None)


def test_a_batch_that_is_not_seen_at_all_waits_whole() -> None:
    batch = a_batch(2, state=BatchState.UNKNOWN, attempts=1)

    settled, waiting = read_back(batch, {"row-0": a_row("row-0")}, Assignment(TAG))

    assert settled.rows == ()
    assert waiting == batch


def test_a_half_seen_batch_comes_apart() -> None:
    batch = a_batch(4, state=BatchState.UNKNOWN, attempts=2, dropped=(("row-3", DropReason.GONE),))
    rows = {"row-0": a_row("row-0", "r1"), "row-1": a_row("row-1", "stranger"), "row-2": a_row("row-2")}

    settled, waiting = read_back(batch, rows, Assignment(TAG))

    assert settled.kept == (("row-0", "r1"),)
    assert settled.dropped == (("row-3", DropReason.GONE), ("row-1", DropReason.ASSIGNED))
    assert waiting == replace(batch, rows=(("row-2", "r1"),), dropped=())


# ---- taking back: only what is exactly as it was written, and nobody has begun with ---------------------------------


@pytest.mark.parametrize(
    ("row", "objection", "effect"),
    [
        (a_row("row-1", "r1"), None, Seen.NOT_YET),
        (a_row("row-1", "r1", status="PENDING"), None, Seen.NOT_YET),
        (a_row("row-1", "r1", status="pending"), None, Seen.NOT_YET),
        (a_row("row-1", "r1", tags=()), None, Seen.NOT_YET),
        (a_row("row-1", "r1", status="COMPLETE"), DropReason.FINISHED, DropReason.FINISHED),
        (a_row("row-1", "r1", status="IN_PROGRESS"), DropReason.FINISHED, DropReason.FINISHED),
        (a_row("row-1", "r2"), DropReason.ASSIGNED, DropReason.ASSIGNED),
        (a_row("row-1", "r1", "r2"), DropReason.ASSIGNED, DropReason.ASSIGNED),
        (a_row("row-1", "r2", status="COMPLETE"), DropReason.ASSIGNED, DropReason.ASSIGNED),
        (a_row("row-1"), DropReason.ASSIGNED, Seen.DONE),
        (a_row("row-1", status="COMPLETE"), DropReason.ASSIGNED, Seen.DONE),
        (None, DropReason.GONE, DropReason.GONE),
    ],
)
def test_a_row_is_taken_back_only_while_it_is_as_it_was_written(
    row: LogRow | None, objection: DropReason | None, effect: Seen | DropReason
) -> None:
    """An unassigned row counts as taken back only when that was asked for."""
    assert TakingBack().objection(row, "r1") is objection
    assert TakingBack().effect(row, "r1") is effect
