"""Which rows may be taken back: only what is exactly as it was written, and nobody has begun with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.model import Batch, BatchState, DropReason
from bot.domain.reading import PENDING, LogRow
from bot.domain.undo import UndoCounts, UndoState, counted_undo, cut, judged, previewed, without_others, written
from tests.unit.builders import a_batch, a_row

PAIRS = st.dictionaries(st.sampled_from([f"row-{index}" for index in range(12)]), st.sampled_from(["r1", "r2"]))
ROWS = st.builds(
    a_row,
    st.just("row"),
    st.sampled_from(["r1", "r2", "stranger"]),
    status=st.sampled_from([None, "PENDING", "pending", "COMPLETE"]),
) | st.builds(a_row, st.just("row"), status=st.sampled_from([None, "PENDING", "COMPLETE"]))
READINGS = st.dictionaries(st.sampled_from([f"row-{index}" for index in range(12)]), ROWS)
BEFORE = st.sampled_from([None, *UndoState])


@pytest.mark.parametrize(
    ("row", "before", "expected"),
    [
        (a_row("row-1", "r1"), None, None),
        (a_row("row-1", "r1", status="PENDING"), None, None),
        (a_row("row-1", "r1", status="pending"), None, None),
        (a_row("row-1", "r1", tags=()), None, None),
        (a_row("row-1", "r1"), UndoState.SENDING, None),
        (a_row("row-1", "r1", status="COMPLETE"), None, UndoState.REVIEWED),
        (a_row("row-1", "r1", status="IN_PROGRESS"), UndoState.SENDING, UndoState.REVIEWED),
        (a_row("row-1", "r2"), None, UndoState.CHANGED),
        (a_row("row-1", "r1", "r2"), None, UndoState.CHANGED),
        (a_row("row-1", "r2", status="COMPLETE"), None, UndoState.CHANGED),
        (a_row("row-1"), None, UndoState.CHANGED),
        (a_row("row-1"), UndoState.SENDING, UndoState.TAKEN_BACK),
        (a_row("row-1", status="COMPLETE"), UndoState.SENDING, UndoState.TAKEN_BACK),
        (None, None, UndoState.CHANGED),
        (None, UndoState.SENDING, UndoState.CHANGED),
    ],
)
def test_a_row_is_judged_by_what_it_says_now(
    row: LogRow | None, before: UndoState | None, expected: UndoState | None
) -> None:
    assert judged(row, "r1", before) is expected


@given(ROWS | st.none(), BEFORE)
def test_only_an_untouched_row_is_open_and_only_what_was_asked_for_was_taken_back(
    row: LogRow | None, before: UndoState | None
) -> None:
    state = judged(row, "r1", before)

    if state is None:
        assert row is not None
        assert (row.assignees, row.is_finished({PENDING})) == (("r1",), False)
    if state is UndoState.TAKEN_BACK:
        assert row is not None
        assert (row.assignees, before) == ((), UndoState.SENDING)
    assert state is not UndoState.SENDING


@given(PAIRS, READINGS)
def test_a_preview_accounts_for_every_row_once(pairs: dict[str, str], rows: dict[str, LogRow]) -> None:
    counts = previewed(rows, pairs)

    assert counts.taken_back + counts.reviewed + counts.changed == len(pairs)


@given(st.dictionaries(st.text(max_size=3), st.sampled_from(UndoState)))
def test_the_counts_are_those_of_what_is_settled(states: dict[str, UndoState]) -> None:
    counts = counted_undo(states)

    sending = sum(state is UndoState.SENDING for state in states.values())
    assert counts.taken_back + counts.reviewed + counts.changed + sending == len(states)


def test_what_another_plan_wrote_later_is_kept_unless_it_is_settled_already() -> None:
    known = {"a": UndoState.TAKEN_BACK, "b": UndoState.REVIEWED, "c": UndoState.SENDING, "d": UndoState.SENDING}

    states = without_others(known, ["a", "b", "c", "e"])

    assert states == {**known, "c": UndoState.CHANGED, "e": UndoState.CHANGED}


def test_a_preview_says_what_would_be_kept_and_why() -> None:
    rows = {
        "row-0": a_row("row-0", "r1"),
        "row-1": a_row("row-1", "r2", status="COMPLETE"),
        "row-2": a_row("row-2", "stranger"),
    }

    counts = previewed(rows, {"row-0": "r1", "row-1": "r2", "row-2": "r1", "row-3": "r2"})

    assert counts == UndoCounts(taken_back=1, reviewed=1, changed=2)


@pytest.mark.parametrize("state", BatchState)
def test_only_what_was_written_can_be_taken_back(state: BatchState) -> None:
    batch = a_batch(3, state=state, dropped=(("row-1", DropReason.ASSIGNED),))

    is_written = state in (BatchState.WRITTEN, BatchState.CONFIRMED)
    assert written([batch]) == ({"row-0": "r1", "row-2": "r1"} if is_written else {})


def test_what_was_written_comes_from_all_batches() -> None:
    batches = [
        Batch(1, (("row-a", "r1"),), state=BatchState.WRITTEN),
        Batch(2, (("row-b", "r2"),), state=BatchState.FAILED),
        Batch(3, (("row-c", "r2"),), state=BatchState.CONFIRMED),
    ]

    assert written(batches) == {"row-a": "r1", "row-c": "r2"}


@given(st.lists(st.text(max_size=3)), st.integers(1, 9))
def test_the_parts_are_the_whole_in_order_and_none_is_too_large(row_ids: list[str], size: int) -> None:
    parts = cut(row_ids, size=size)

    assert [row_id for part in parts for row_id in part] == row_ids
    assert all(0 < len(part) <= size for part in parts)
    assert len(parts) == -(-len(row_ids) // size)
