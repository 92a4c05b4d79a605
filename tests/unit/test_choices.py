"""Which rows a plan takes: a sample that can be told again, in an order, up to a limit."""

from collections import Counter
from fractions import Fraction
from math import ceil, floor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allocation import Candidate, Strategy, allotted
from bot.domain.choices import RowOrder, grouped, selected

ROWS = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=40)
SAMPLES = st.none() | st.fractions(0, 1, max_denominator=100)
ORDERS = st.sampled_from(RowOrder)
LIMITS = st.none() | st.integers(1, 50)
SEEDS = st.text(max_size=4)
NEWEST_FIRST = [f"row-{index:03}" for index in range(400)]


def taken(
    rows: list[str],
    *,
    seed: str = "k7f3q2:1",
    sample: Fraction | None = None,
    order: RowOrder = RowOrder.NEWEST,
    limit: int | None = None,
) -> list[str]:
    return selected(rows, seed=seed, sample=sample, order=order, limit=limit)


@given(ROWS, SEEDS, SAMPLES, ORDERS, LIMITS)
def test_each_row_is_taken_once_or_not_at_all(
    rows: list[str], seed: str, sample: Fraction | None, order: RowOrder, limit: int | None
) -> None:
    found = selected(rows, seed=seed, sample=sample, order=order, limit=limit)

    assert len(set(found)) == len(found)
    assert set(found) <= set(rows)
    assert found == selected(rows, seed=seed, sample=sample, order=order, limit=limit)


@given(ROWS, SEEDS, st.fractions(0, 1, max_denominator=100), ORDERS)
def test_a_sample_has_its_part_of_the_rows_rounded_half_up_but_one_at_least(
    rows: list[str], seed: str, sample: Fraction, order: RowOrder
) -> None:
    found = selected(rows, seed=seed, sample=sample, order=order, limit=None)

    part = sample * len(rows)
    rounded = ceil(part) if part - floor(part) >= Fraction(1, 2) else floor(part)
    assert len(found) == (max(1, rounded) if rows else 0)


@pytest.mark.parametrize(
    ("rows", "sample", "count"),
    [(5, "0.5", 3), (5, "0.3", 2), (5, "0.29", 1), (7, "1", 7), (100, "0.125", 13), (3, "0.01", 1), (0, "0.5", 0)],
)
def test_the_border_of_rounding_is_exact(rows: int, sample: str, count: int) -> None:
    assert len(taken(NEWEST_FIRST[:rows], sample=Fraction(sample))) == count


@given(ROWS, SEEDS, SAMPLES, ORDERS, st.integers(1, 50))
def test_a_limit_cuts_the_end_off(
    rows: list[str], seed: str, sample: Fraction | None, order: RowOrder, limit: int
) -> None:
    whole = selected(rows, seed=seed, sample=sample, order=order, limit=None)

    assert selected(rows, seed=seed, sample=sample, order=order, limit=limit) == whole[:limit]


@given(ROWS, SEEDS, SAMPLES)
def test_newest_and_oldest_are_each_other_turned_round(rows: list[str], seed: str, sample: Fraction | None) -> None:
    newest = taken(rows, seed=seed, sample=sample, order=RowOrder.NEWEST)

    assert newest == [row for row in rows if row in newest]
    assert taken(rows, seed=seed, sample=sample, order=RowOrder.OLDEST) == newest[::-1]


@given(ROWS, SEEDS, SAMPLES, st.randoms(use_true_random=False))
def test_which_rows_are_sampled_does_not_depend_on_the_order_in_which_they_were_read(
    rows: list[str], seed: str, sample: Fraction | None, random: Random
) -> None:
    mixed = random.sample(rows, len(rows))

    assert set(taken(mixed, seed=seed, sample=sample)) == set(taken(rows, seed=seed, sample=sample))
    assert taken(mixed, seed=seed, sample=sample, order=RowOrder.RANDOM) == taken(
        rows, seed=seed, sample=sample, order=RowOrder.RANDOM
    )


def test_the_sample_comes_before_the_limit() -> None:
    """A tenth of all rows, and of these the newest; not a tenth of the newest."""
    tenth = taken(NEWEST_FIRST, sample=Fraction(1, 10))

    assert taken(NEWEST_FIRST, sample=Fraction(1, 10), limit=20) == tenth[:20]
    assert taken(NEWEST_FIRST, sample=Fraction(1, 10), order=RowOrder.OLDEST, limit=20) == tenth[:19:-1]


def test_the_limit_keeps_the_rows_that_come_first() -> None:
    assert taken(NEWEST_FIRST, limit=2) == ["row-000", "row-001"]
    assert taken(NEWEST_FIRST, order=RowOrder.OLDEST, limit=2) == ["row-399", "row-398"]


def test_the_same_question_has_the_same_answer_on_every_machine() -> None:
    rows = NEWEST_FIRST[:10]

    assert taken(rows, sample=Fraction(3, 10)) == ["row-000", "row-001", "row-004"]
    assert taken(rows, order=RowOrder.RANDOM, limit=4) == ["row-005", "row-009", "row-007", "row-006"]


@pytest.mark.parametrize("order", [RowOrder.NEWEST, RowOrder.RANDOM])
def test_two_plans_take_different_rows(order: RowOrder) -> None:
    first = taken(NEWEST_FIRST, seed="one:1", sample=Fraction(1, 10), order=order)

    assert set(first) != set(taken(NEWEST_FIRST, seed="two:1", sample=Fraction(1, 10), order=order))


def test_a_sample_is_drawn_from_all_ages() -> None:
    half = taken(NEWEST_FIRST, sample=Fraction(1, 2))

    assert 75 < len([row for row in half if row < "row-200"]) < 125


def test_a_random_order_mixes_the_ages() -> None:
    first = taken(NEWEST_FIRST, order=RowOrder.RANDOM, limit=100)

    assert 30 < len([row for row in first if row < "row-200"]) < 70


@pytest.mark.parametrize(
    ("sample", "order"), [(Fraction(1, 2), RowOrder.NEWEST), (None, RowOrder.RANDOM), (Fraction(1, 2), RowOrder.RANDOM)]
)
def test_which_rows_are_taken_says_nothing_about_who_gets_them(sample: Fraction | None, order: RowOrder) -> None:
    """With the same seed for both: of the first half of the rows taken, each of two people gets about half."""
    rows = taken(NEWEST_FIRST, sample=sample, order=order)
    people = [Candidate("a"), Candidate("b")]

    found = allotted([[row] for row in NEWEST_FIRST], people, strategy=Strategy.EVEN, seed="k7f3q2:1")

    takers, half = dict(found.pairs), rows[: len(rows) // 2]
    assert 0.35 < Counter(takers[row] for row in half)["a"] / len(half) < 0.65


def test_a_random_order_of_a_sample_does_not_go_by_what_made_the_sample() -> None:
    """Else a limit would keep the same rows whatever the sample's size."""
    small = taken(NEWEST_FIRST, sample=Fraction(1, 10), order=RowOrder.RANDOM, limit=20)

    assert set(small) != set(taken(NEWEST_FIRST, sample=Fraction(1, 2), order=RowOrder.RANDOM, limit=20))


def test_rows_of_the_same_value_are_grouped() -> None:
    groups = grouped(["r1", "r2", "r3", "r4", "r5"], {"r1": "x", "r3": "y", "r4": "x", "r9": "x"})

    assert groups == [["r1", "r4"], ["r2"], ["r3"], ["r5"]]


def test_a_value_that_reads_like_the_id_of_a_row_does_not_take_it_in() -> None:
    assert grouped(["r1", "r2"], {"r2": "r1"}) == [["r1"], ["r2"]]


@given(ROWS, st.dictionaries(st.text(min_size=1, max_size=4), st.text(max_size=1), max_size=40))
def test_every_row_is_in_one_group_with_exactly_those_of_its_value(rows: list[str], group_of: dict[str, str]) -> None:
    groups = grouped(rows, group_of | dict.fromkeys(rows[::3], "z"))

    values = group_of | dict.fromkeys(rows[::3], "z")
    assert sorted(row for group in groups for row in group) == sorted(rows)
    assert [group for group in groups if len({values.get(row, row) for row in group}) != 1] == []
    shared = [values[group[0]] for group in groups if group[0] in values]
    assert len(set(shared)) == len(shared)
    assert [group for group in groups if group[0] not in values and len(group) > 1] == []
