"""Whatever the rows, the people and the plans before: nothing is lost, nobody gets too many, nobody is always last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from math import floor
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.allocation import Allotment, Candidate, Reason, Strategy, allotted

pytestmark = pytest.mark.long

NAMES = st.lists(st.text(min_size=1, max_size=3), unique=True, max_size=6)
STRATEGIES = st.sampled_from(Strategy)
SEEDS = st.text(max_size=4)
SIZES = st.lists(st.integers(0, 40), min_size=60, max_size=60)
ROOMS = st.none() | st.integers(-1, 12)
BALANCES = st.fractions(-1, 1, max_denominator=12)


@st.composite
def people(draw: st.DrawFn, *, rooms: st.SearchStrategy[int | None] = ROOMS, least: int = 0) -> list[Candidate]:
    """Anybody: with any weight, load and balance."""
    weights, loads = st.integers(least, 4), st.integers(0, 12)
    names = draw(st.lists(st.text(min_size=1, max_size=3), unique=True, min_size=least, max_size=6))
    return [Candidate(name, draw(weights), draw(loads), draw(rooms), draw(BALANCES)) for name in names]


@st.composite
def companies(draw: st.DrawFn, *, largest: int = 6) -> list[list[str]]:
    """Rows in groups of any sizes."""
    rows = iter(range(1_000))
    sizes = draw(st.lists(st.integers(1, largest), max_size=20))
    return [[f"row-{next(rows)}" for _ in range(size)] for size in sizes]


SINGLES = companies(largest=1)
ANYBODY = people()


def singles(rows: int) -> list[list[str]]:
    return [[f"row-{index}"] for index in range(rows)]


def counted(found: Allotment, candidates: Sequence[Candidate]) -> dict[str, int]:
    """How many rows each gets."""
    counts = Counter(who for _, who in found.pairs)
    return {person.id: counts[person.id] for person in candidates}


def parted(groups: Sequence[Sequence[str]]) -> list[list[str]]:
    """The same rows, each alone: then everybody gets exactly as many as they are to get."""
    return [[row_id] for group in groups for row_id in group]


def roomy(person: Candidate, rows: int) -> int:
    """How many of `rows` fit."""
    if person.weight == 0:
        return 0
    return rows if person.room is None else min(max(person.room, 0), rows)


def carrying(candidates: Sequence[Candidate], carried: Mapping[str, Fraction]) -> list[Candidate]:
    """The people as the next plan finds them."""
    return [replace(person, balance=person.balance + carried[person.id]) for person in candidates]


def history(candidates: Sequence[Candidate], sizes: Sequence[int]) -> list[Allotment]:
    """One plan after the other, each with the balances that the ones before left."""
    found: list[Allotment] = []
    for number, size in enumerate(sizes):
        found.append(allotted(singles(size), candidates, strategy=Strategy.EVEN, seed=f"plan-{number}"))
        candidates = carrying(candidates, found[-1].carried)
    return found


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_every_row_is_given_or_left_once(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    rows = [row_id for group in groups for row_id in group]
    assert sorted([*(row_id for row_id, _ in found.pairs), *found.left]) == sorted(rows)
    assert {who for _, who in found.pairs} <= {person.id for person in candidates}


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_nobody_gets_more_than_they_have_room_for(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    counts = counted(allotted(groups, candidates, strategy=strategy, seed=seed), candidates)

    rows = sum(map(len, groups))
    assert [person for person in candidates if counts[person.id] > roomy(person, rows)] == []


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_what_is_left_fits_nobody(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    """A row without company is left only when everybody is full."""
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    counts, rows = counted(found, candidates), sum(map(len, groups))
    space = max((roomy(person, rows) - counts[person.id] for person in candidates), default=0)
    assert [group for group in groups if group[0] in found.left and len(group) <= space] == []


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_groups_are_never_split(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    takers = dict(found.pairs)
    assert [group for group in groups if len({takers.get(row_id) for row_id in group}) > 1] == []


@given(companies(), people(rooms=st.none(), least=1), STRATEGIES, SEEDS)
def test_groups_put_nobody_a_whole_group_off(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    """Where room is no matter.  Each group goes to who lacks most, so nobody is off by as much as the largest."""
    counts = counted(allotted(groups, candidates, strategy=strategy, seed=seed), candidates)

    ideal = allotted(parted(groups), candidates, strategy=strategy, seed=seed)
    off = [abs(counts[who] - count) for who, count in counted(ideal, candidates).items()]
    assert max(off) < max(map(len, groups), default=1)


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_rows_are_dealt_as_one_by_one_would(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    """The largest group first, each to who lacks most of those with room; ties by the seeded hash of the person."""
    rows = sum(map(len, groups))
    ideal = allotted(parted(groups), candidates, strategy=strategy, seed=seed)
    lacking, space = counted(ideal, candidates), {person.id: roomy(person, rows) for person in candidates}

    def turn(who: str) -> tuple[int, bytes]:
        return -lacking[who], sha256(f"{seed}:{who}".encode()).digest()

    def shuffled(group: list[str]) -> tuple[int, bytes]:
        return -len(group), min(sha256(f"{seed}:{row}".encode()).digest() for row in group)

    expected, takers = dict.fromkeys(space, 0), dict[str, str]()
    for group in sorted(groups, key=shuffled):
        for who in sorted((who for who in space if space[who] >= len(group)), key=turn)[:1]:
            expected[who] += len(group)
            lacking[who] -= len(group)
            space[who] -= len(group)
            takers |= dict.fromkeys(group, who) if len(group) > 1 else {}

    found = allotted(groups, candidates, strategy=strategy, seed=seed)
    assert counted(found, candidates) == expected
    assert takers.items() <= dict(found.pairs).items()


@given(SINGLES, ANYBODY, STRATEGIES, SEEDS)
def test_the_target_is_one_level_for_all(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    """Water-filling: who got some but is not full stands at the level, who got none above it, who is full below."""
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    counts, rows = counted(found, candidates), len(groups)
    able = [person for person in candidates if roomy(person, rows)]
    targets = {person.id: counts[person.id] - found.carried[person.id] for person in candidates}
    assert sum(targets.values()) == min(rows, sum(roomy(person, rows) for person in able))

    def height(person: Candidate) -> Fraction:
        load = person.open_rows if strategy is Strategy.BALANCED else 0
        return (load + targets[person.id]) / Fraction(person.weight)

    lowest = min((height(person) for person in able if targets[person.id] < roomy(person, rows)), default=None)
    highest = max((height(person) for person in able if targets[person.id] > 0), default=None)
    assert lowest is None or highest is None or highest <= lowest


@given(SINGLES, ANYBODY, STRATEGIES, SEEDS)
def test_targets_are_rounded_down_or_one_more_and_nothing_is_lost_by_it(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    counts = counted(found, candidates)
    assert found.carried.keys() == counts.keys()
    assert sum(found.carried.values()) == 0
    assert {counts[who] - floor(counts[who] - off) for who, off in found.carried.items()} <= {0, 1}


@given(SINGLES, ANYBODY, STRATEGIES, SEEDS)
def test_the_rows_that_do_not_divide_go_to_who_is_owed_most(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    """Of those whom rows reach at all, and who have room for one more."""
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    counts, rows = counted(found, candidates), len(groups)
    targets = {person: counts[person.id] - found.carried[person.id] for person in candidates}
    able = [person for person, target in targets.items() if 0 < target < roomy(person, rows)]
    owed = {person.id: targets[person] - floor(targets[person]) - person.balance for person in able}
    lucky = {who for who, off in found.carried.items() if off > 0}
    assert min((owed[who] for who in lucky), default=9) >= max((owed[who] for who in owed.keys() - lucky), default=-9)


@given(companies(), ANYBODY, STRATEGIES, SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_rows_groups_and_people_does_not_matter(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str, random: Random
) -> None:
    mixed = [random.sample(group, len(group)) for group in random.sample(groups, len(groups))]

    found = allotted(mixed, random.sample(candidates, len(candidates)), strategy=strategy, seed=seed)

    assert found == allotted(groups, candidates, strategy=strategy, seed=seed)


@given(st.integers(0, 60), NAMES.filter(len), SEEDS, st.data())
def test_equal_people_get_the_same_but_for_one_row(rows: int, names: list[str], seed: str, data: st.DataObject) -> None:
    """Whatever they are owed."""
    candidates = [Candidate(name, balance=data.draw(BALANCES)) for name in names]

    counts = counted(allotted(singles(rows), candidates, strategy=Strategy.EVEN, seed=seed), candidates)

    assert max(counts.values()) - min(counts.values()) <= 1


@given(SIZES, NAMES.filter(len))
@settings(max_examples=30)
def test_no_two_equal_people_are_ever_more_than_one_row_apart(sizes: list[int], names: list[str]) -> None:
    """In all plans together, after each of them."""
    candidates, total = [Candidate(name) for name in names], Counter(dict.fromkeys(names, 0))

    for found in history(candidates, sizes):
        total.update(who for _, who in found.pairs)
        assert max(total.values()) - min(total.values()) <= 1


def furthest(weights: Sequence[int], sizes: Sequence[int]) -> Fraction:
    """How far anybody ever is from their part of all rows so far, in rows."""
    candidates = [Candidate(f"p{index}", weight) for index, weight in enumerate(weights)]
    got, worst, rows = Counter[str](), Fraction(0), 0
    for found in history(candidates, sizes):
        got.update(who for _, who in found.pairs)
        rows += len(found.pairs)
        for person in candidates:
            worst = max(worst, abs(got[person.id] - Fraction(rows * person.weight, sum(weights))))
    return worst


@given(SIZES, st.lists(st.integers(1, 9), min_size=1, max_size=3))
@settings(max_examples=30)
def test_up_to_three_weighted_people_are_never_one_row_off(sizes: list[int], weights: list[int]) -> None:
    assert furthest(weights, sizes) < 1


@given(SIZES, st.lists(st.integers(1, 3), min_size=4, max_size=6))
@settings(max_examples=30)
def test_more_weighted_people_are_hardly_ever_one_row_off(sizes: list[int], weights: list[int]) -> None:
    """A plan does not know the sizes of those to come, and so may owe two people the same row.  For these weights, no
    sequence of plans of any sizes goes further than 7/6.
    """
    assert furthest(weights, sizes) <= Fraction(7, 6)


@given(st.integers(0, 60), st.lists(st.integers(1, 9), min_size=1, max_size=6), SEEDS, st.data())
def test_weights_are_shares(rows: int, weights: list[int], seed: str, data: st.DataObject) -> None:
    """Rounded down, or one more."""
    candidates = [Candidate(f"p{index}", weight, balance=data.draw(BALANCES)) for index, weight in enumerate(weights)]

    found = allotted(singles(rows), candidates, strategy=Strategy.EVEN, seed=seed)

    for person in candidates:
        share = floor(Fraction(rows * person.weight, sum(weights)))
        assert counted(found, candidates)[person.id] in (share, share + 1)


@given(st.integers(0, 60), people(rooms=st.none(), least=1), SEEDS)
def test_loads_are_level_in_the_end(rows: int, candidates: list[Candidate], seed: str) -> None:
    """Within one row: nobody who got one stands, without it, above somebody who could have had it."""
    candidates = [replace(person, balance=Fraction(0)) for person in candidates]

    counts = counted(allotted(singles(rows), candidates, strategy=Strategy.BALANCED, seed=seed), candidates)

    ends = {person: person.open_rows + counts[person.id] for person in candidates}
    before = [Fraction(end - 1, person.weight) for person, end in ends.items() if counts[person.id]]
    after = [Fraction(end + 1, person.weight) for person, end in ends.items()]
    assert max(before, default=Fraction(-1)) < min(after)


@given(st.integers(0, 60), st.lists(st.integers(0, 12), min_size=1, max_size=6), SEEDS)
def test_equal_loads_in_the_end_but_for_one_row_and_those_who_had_more(rows: int, loads: list[int], seed: str) -> None:
    candidates = [Candidate(f"p{index}", open_rows=load) for index, load in enumerate(loads)]

    counts = counted(allotted(singles(rows), candidates, strategy=Strategy.BALANCED, seed=seed), candidates)

    ends = {person.id: person.open_rows + counts[person.id] for person in candidates}
    assert max((ends[who] for who, count in counts.items() if count), default=0) - min(ends.values()) <= 1


@given(SIZES, st.integers(1, 6), st.integers(1, 59))
@settings(max_examples=30)
def test_who_joins_begins_like_everybody(sizes: list[int], others: int, since: int) -> None:
    """With a balance of 0: nothing is made up for, and from then on everybody is within a row of their share."""
    candidates = [Candidate(f"p{index}") for index in range(others)]
    for found in history(candidates, sizes[:since]):
        candidates = carrying(candidates, found.carried)
    candidates.append(Candidate("new"))

    rows = 0
    got = Counter[str]()
    for found in history(candidates, sizes[since:]):
        counts = counted(found, candidates)
        assert max(counts.values()) - min(counts.values()) <= 1
        rows += len(found.pairs)
        got.update(counts)
        assert abs(got["new"] - Fraction(rows, others + 1)) < 1


@given(companies(), companies(), ANYBODY, STRATEGIES)
def test_an_undone_plan_leaves_no_trace_in_the_balances(
    first: list[list[str]], second: list[list[str]], candidates: list[Candidate], strategy: Strategy
) -> None:
    """What it carried is taken off again, exactly, whatever was planned meanwhile."""
    undone = allotted(first, candidates, strategy=strategy, seed="one")
    meanwhile = carrying(candidates, undone.carried)
    kept = allotted(second, meanwhile, strategy=strategy, seed="two")

    back = carrying(carrying(meanwhile, kept.carried), {who: -rows for who, rows in undone.carried.items()})

    assert back == carrying(candidates, kept.carried)


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_what_is_carried_goes_by_the_rows_and_not_by_their_groups(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    """Groups fall as they fall; who is a few rows off by them is not made to pay for it in the next plan."""
    ideal = allotted(parted(groups), candidates, strategy=strategy, seed=seed)

    assert allotted(groups, candidates, strategy=strategy, seed=seed).carried == ideal.carried


@given(SINGLES, ANYBODY, STRATEGIES, SEEDS)
def test_each_row_that_does_not_divide_says_so(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    takers = dict(found.pairs)
    assert sorted(takers[row] for row in found.reasons) == sorted(who for who, off in found.carried.items() if off > 0)
    assert set(found.reasons.values()) <= {Reason.REMAINDER}


@given(companies(), ANYBODY, STRATEGIES, SEEDS)
def test_rows_in_company_say_so_and_nobody_has_two_of_the_remainder(
    groups: list[list[str]], candidates: list[Candidate], strategy: Strategy, seed: str
) -> None:
    found = allotted(groups, candidates, strategy=strategy, seed=seed)

    takers = dict(found.pairs)
    together = {row for row, reason in found.reasons.items() if reason is Reason.TOGETHER}
    assert together == {row for group in groups if len(group) > 1 for row in group if row in takers}
    lucky = Counter(takers[row] for row in found.reasons.keys() - together)
    assert set(lucky.values()) <= {1}
    assert set(lucky) <= {who for who, off in found.carried.items() if off > 0}
