"""Rows are counted for everybody, and cut into batches."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.distribution import batches, recounted
from bot.domain.model import Reviewer, Share

ROWS = st.lists(st.text(min_size=1), unique=True, max_size=60)


def test_everybody_keeps_a_share_even_of_nothing() -> None:
    before = (Share(Reviewer("b", "Ben"), 3, open_rows=4), Share(Reviewer("a", "Ana"), 3, weight=2))

    after = recounted(before, [("row-1", "a"), ("row-2", "a")])

    assert after == (Share(Reviewer("b", "Ben"), 0, open_rows=4), Share(Reviewer("a", "Ana"), 2, weight=2))


@given(ROWS, st.integers(1, 20))
def test_batches_hold_every_pair_in_order_and_are_full_but_the_last(rows: list[str], size: int) -> None:
    pairs = [(row, "r") for row in rows]

    found = batches(pairs, size=size)

    assert [pair for batch in found for pair in batch.rows] == pairs
    assert [batch.seq for batch in found] == list(range(1, len(found) + 1))
    assert [len(batch.rows) for batch in found[:-1]] == [size] * (len(found) - 1 if found else 0)
    assert all(1 <= len(batch.rows) <= size for batch in found)
