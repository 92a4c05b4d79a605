"""Rows are dealt out completely, evenly, and always the same way."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.distribution import batches, dealt, distribute, shares
from bot.domain.model import Reviewer, Share

ROWS = st.lists(st.text(min_size=1), unique=True, max_size=60)
REVIEWERS = st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=12)
ROTATIONS = st.integers(0, 100)


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


@given(ROWS, REVIEWERS, st.text(), ROTATIONS)
def test_dealing_is_complete_and_even(rows: list[str], reviewers: list[str], seed: str, rotation: int) -> None:
    base, extra = divmod(len(rows), len(reviewers))

    pairs = dealt(rows, reviewers, seed=seed, rotation=rotation)

    counts = Counter(reviewer for _, reviewer in pairs)
    assert sorted(row for row, _ in pairs) == sorted(rows)
    assert sorted(counts[name] for name in reviewers) == [base] * (len(reviewers) - extra) + [base + 1] * extra


@given(ROWS, REVIEWERS, st.text(), ROTATIONS)
def test_the_rotation_says_who_gets_the_extra_rows(
    rows: list[str], reviewers: list[str], seed: str, rotation: int
) -> None:
    base, extra = divmod(len(rows), len(reviewers))
    lucky = {reviewers[(rotation + index) % len(reviewers)] for index in range(extra)}

    counts = Counter(reviewer for _, reviewer in dealt(rows, reviewers, seed=seed, rotation=rotation))

    assert {name for name in reviewers if counts[name] == base + 1} == lucky


@given(ROWS, REVIEWERS, st.text(), ROTATIONS, st.randoms(use_true_random=False))
def test_the_order_in_which_rows_were_read_does_not_matter(
    rows: list[str], reviewers: list[str], seed: str, rotation: int, random: Random
) -> None:
    mixed = random.sample(rows, len(rows))

    pairs = dealt(mixed, reviewers, seed=seed, rotation=rotation)

    assert pairs == dealt(rows, reviewers, seed=seed, rotation=rotation)


def test_the_same_question_has_the_same_answer_on_every_machine() -> None:
    rows = [f"row-{index}" for index in range(5)]

    pairs = dealt(rows, ["a", "b"], seed="k7f3q2:1", rotation=1)

    assert pairs == [("row-3", "a"), ("row-1", "b"), ("row-2", "b"), ("row-4", "b"), ("row-0", "a")]


def test_another_seed_deals_in_another_order() -> None:
    rows = [f"row-{index}" for index in range(40)]

    first = dealt(rows, ["a", "b"], seed="one:1", rotation=0)

    assert first != dealt(rows, ["a", "b"], seed="two:1", rotation=0)


def test_nobody_gets_only_the_newest_rows() -> None:
    rows = [f"row-{index:04}" for index in range(1_000)]

    pairs = dealt(rows, ["a", "b"], seed="k7f3q2:1", rotation=0)

    newest = Counter(reviewer for row, reviewer in pairs if row < "row-0500")
    assert 200 < newest["a"] < 300


def test_an_assignment_stopped_half_way_has_served_everybody() -> None:
    rows = [f"row-{index:04}" for index in range(1_000)]
    reviewers = [f"r{index}" for index in range(10)]

    pairs = dealt(rows, reviewers, seed="k7f3q2:1", rotation=0)

    half = Counter(reviewer for _, reviewer in pairs[:500])
    assert min(half[name] for name in reviewers) >= 30


def test_everybody_has_a_share_even_of_nothing() -> None:
    reviewers = (Reviewer("b", "Ben"), Reviewer("a", "Ana"))

    found = shares([("row-1", "a"), ("row-2", "a")], reviewers)

    assert found == (Share(reviewers[0], 0), Share(reviewers[1], 2))


@given(ROWS, st.integers(1, 20))
def test_batches_hold_every_pair_in_order_and_are_full_but_the_last(rows: list[str], size: int) -> None:
    pairs = [(row, "r") for row in rows]

    found = batches(pairs, size=size)

    assert [pair for batch in found for pair in batch.rows] == pairs
    assert [batch.seq for batch in found] == list(range(1, len(found) + 1))
    assert [len(batch.rows) for batch in found[:-1]] == [size] * (len(found) - 1 if found else 0)
    assert all(1 <= len(batch.rows) <= size for batch in found)
