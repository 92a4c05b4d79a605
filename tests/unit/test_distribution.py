"""Rows are divided evenly, and cut into batches."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.distribution import batches, distribute, recounted
from bot.domain.model import Reviewer, Share

ROWS = st.lists(st.text(min_size=1), unique=True, max_size=60)
REVIEWERS = st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=12)


@given(ROWS, REVIEWERS)
def test_every_row_is_dealt_once_and_in_the_order_given(rows: list[str], reviewers: list[str]) -> None:
    pairs = distribute(rows, reviewers)

    assert [row for row, _ in pairs] == rows


@given(ROWS, REVIEWERS)
def test_the_first_reviewers_get_the_one_row_more(rows: list[str], reviewers: list[str]) -> None:
    base, extra = divmod(len(rows), len(reviewers))

    counts = Counter(reviewer for _, reviewer in distribute(rows, reviewers))

    assert [counts[name] for name in reviewers] == [base + 1] * extra + [base] * (len(reviewers) - extra)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (0, {}),
        (1, {"a": 1}),
        (2, {"a": 1, "b": 1}),
        (3, {"a": 1, "b": 1, "c": 1}),
        (7, {"a": 3, "b": 2, "c": 2}),
        (11, {"a": 4, "b": 4, "c": 3}),
    ],
)
def test_remainders_go_to_the_front(rows: int, expected: dict[str, int]) -> None:
    pairs = distribute([f"row-{index}" for index in range(rows)], ["a", "b", "c"])

    assert Counter(reviewer for _, reviewer in pairs) == expected


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
