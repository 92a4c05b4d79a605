"""What an undo deals with, and how its rows are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import Batch, BatchState, DropReason
from bot.domain.reading import LogRow
from bot.domain.undo import UndoCounts, counted_undo, not_taken_back, previewed, taken_back, to_take_back
from tests.unit.builders import a_batch, a_row

IDS = [f"row-{index}" for index in range(12)]
PAIRS = st.dictionaries(st.sampled_from(IDS), st.sampled_from(["r1", "r2"])).map(lambda pairs: tuple(pairs.items()))
ROWS = st.builds(
    a_row,
    st.just("row"),
    st.sampled_from(["r1", "r2", "stranger"]),
    status=st.sampled_from([None, "PENDING", "pending", "COMPLETE"]),
) | st.builds(a_row, st.just("row"), status=st.sampled_from([None, "PENDING", "COMPLETE"]))
READINGS = st.dictionaries(st.sampled_from(IDS), ROWS)


@given(PAIRS, READINGS, st.frozensets(st.sampled_from(IDS)))
def test_a_preview_accounts_for_every_row_once(
    pairs: tuple[tuple[str, str], ...], rows: dict[str, LogRow], others: frozenset[str]
) -> None:
    counts = previewed(Batch(0, pairs), rows, others=others)

    assert counts.taken_back + counts.reviewed + counts.changed == len(pairs)


def test_a_preview_says_what_would_be_kept_and_why() -> None:
    rows = {
        "row-0": a_row("row-0", "r1"),
        "row-1": a_row("row-1", "r2", status="COMPLETE"),
        "row-2": a_row("row-2", "stranger"),
        "row-4": a_row("row-4", "r1"),
    }

    counts = previewed(a_batch(5), rows, others={"row-4"})

    assert counts == UndoCounts(taken_back=1, reviewed=1, changed=3)


@pytest.mark.parametrize("state", BatchState)
def test_only_what_was_written_can_be_taken_back(state: BatchState) -> None:
    batch = a_batch(3, state=state, dropped=(("row-1", DropReason.ASSIGNED),))

    is_written = state in (BatchState.WRITTEN, BatchState.CONFIRMED)
    assert not_taken_back([batch], []).rows == ((("row-0", "r1"), ("row-2", "r1")) if is_written else ())


def test_what_was_written_since_an_earlier_undo_gets_batches_of_its_own() -> None:
    assigned = [a_batch(4, state=BatchState.CONFIRMED), Batch(2, (("row-9", "r2"),), state=BatchState.WRITTEN)]
    undone = [a_batch(2, state=BatchState.CONFIRMED), Batch(2, (("row-2", "r1"),), state=BatchState.UNKNOWN)]

    new = to_take_back(assigned, undone, size=1)

    assert [batch.rows for batch in new] == [(("row-3", "r2"),), (("row-9", "r2"),)]


@given(PAIRS, st.integers(1, 9))
def test_the_batches_are_the_whole_and_none_is_too_large(pairs: tuple[tuple[str, str], ...], size: int) -> None:
    parts = to_take_back([Batch(1, pairs, state=BatchState.CONFIRMED)], [], size=size)

    assert [pair for part in parts for pair in part.rows] == sorted(pairs)
    assert all(0 < part.size <= size for part in parts)


@pytest.mark.parametrize("state", BatchState)
def test_a_row_counts_as_taken_back_once_it_was_seen_without_an_assignee(state: BatchState) -> None:
    dropped = (("row-1", DropReason.FINISHED), ("row-2", DropReason.ASSIGNED), ("row-3", DropReason.OTHER_PLAN))
    batch = a_batch(5, state=state, dropped=dropped)

    seen = {"row-0", "row-4"} if state is BatchState.CONFIRMED else set()
    assert taken_back([batch]) == seen
    assert counted_undo([batch]) == UndoCounts(taken_back=len(seen), reviewed=1, changed=2)
