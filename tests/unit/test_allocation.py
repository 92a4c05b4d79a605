"""Who gets how many rows, and which: by weight, by open load, within the room they have, in turns."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from hashlib import sha256
from itertools import groupby

import pytest

from bot.domain.allocation import Allotment, Candidate, Reason, Strategy, allotted

SEED = "k7f3q2:1"
EQUALS = [Candidate("a"), Candidate("b"), Candidate("c")]


def singles(rows: int) -> list[list[str]]:
    return [[f"row-{index:04}"] for index in range(rows)]


def groups_of(*sizes: int) -> list[list[str]]:
    """Groups of these sizes; the rows of the second are called 1-0, 1-1 and so on."""
    return [[f"{group}-{index}" for index in range(size)] for group, size in enumerate(sizes)]


def evenly(groups: Sequence[Sequence[str]], people: Sequence[Candidate]) -> Allotment:
    return allotted(groups, people, strategy=Strategy.EVEN, seed=SEED)


def balanced(groups: Sequence[Sequence[str]], people: Sequence[Candidate]) -> Allotment:
    return allotted(groups, people, strategy=Strategy.BALANCED, seed=SEED)


def counted(found: Allotment) -> dict[str, int]:
    return dict(Counter(who for _, who in found.pairs))


def by_digest(names: Iterable[str], part: slice = slice(None)) -> list[str]:
    """`names` in the seeded order, by a part of the digest."""
    return sorted(names, key=lambda name: sha256(f"{SEED}:{name}".encode()).digest()[part])


@pytest.mark.parametrize(
    ("rows", "expected"), [(0, []), (1, [1]), (2, [1, 1]), (3, [1, 1, 1]), (7, [2, 2, 3]), (11, [3, 4, 4])]
)
def test_equal_people_share_evenly(rows: int, expected: list[int]) -> None:
    assert sorted(counted(evenly(singles(rows), EQUALS)).values()) == expected


def test_weights_say_how_many_times_a_single_share_somebody_gets() -> None:
    people = [Candidate("a", weight=3), Candidate("b", weight=2), Candidate("c")]

    assert counted(evenly(singles(12), people)) == {"a": 6, "b": 4, "c": 2}


def test_a_weight_of_zero_gets_nothing_whatever_is_left() -> None:
    people = [Candidate("a", weight=0, balance=Fraction(-5)), Candidate("b", room=2)]

    found = evenly(singles(5), people)

    assert counted(found) == {"b": 2}
    assert len(found.left) == 3
    assert found.carried == {"a": 0, "b": 0}


def test_what_does_not_fit_is_shared_by_the_others_in_the_same_way() -> None:
    """Also when that fills the next one."""
    people = [Candidate("a", room=1), Candidate("b", weight=2, room=6), Candidate("c", weight=2), Candidate("d")]

    assert counted(evenly(singles(16), people)) == {"a": 1, "b": 6, "c": 6, "d": 3}
    assert counted(evenly(singles(22), people)) == {"a": 1, "b": 6, "c": 10, "d": 5}


def test_less_than_no_room_is_no_room() -> None:
    assert counted(evenly(singles(4), [Candidate("a", room=-3), Candidate("b")])) == {"b": 4}


def test_even_does_not_look_at_what_people_have_open() -> None:
    people = [Candidate("a", open_rows=100), Candidate("b")]

    assert counted(evenly(singles(4), people)) == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (2, {"c": 2}),
        (6, {"b": 1, "c": 5}),
        (16, {"a": 2, "b": 5, "c": 9}),
    ],
)
def test_balanced_fills_up_who_has_least(rows: int, expected: dict[str, int]) -> None:
    people = [Candidate("a", open_rows=8), Candidate("b", open_rows=5), Candidate("c", open_rows=1)]

    assert counted(balanced(singles(rows), people)) == expected


def test_balanced_levels_the_load_for_each_unit_of_weight() -> None:
    """20 and 10 open rows in the end, for twice the weight."""
    people = [Candidate("a", weight=2, open_rows=5), Candidate("b", open_rows=7)]

    assert counted(balanced(singles(18), people)) == {"a": 15, "b": 3}


def test_balanced_passes_on_what_does_not_fit() -> None:
    people = [Candidate("a", open_rows=8), Candidate("b", open_rows=4), Candidate("c", room=2)]

    assert counted(balanced(singles(10), people)) == {"a": 2, "b": 6, "c": 2}


def test_an_old_debt_is_no_reason_to_load_who_has_most_already() -> None:
    people = [Candidate("a", open_rows=50, balance=Fraction(-9, 10)), Candidate("b"), Candidate("c")]

    assert "a" not in counted(balanced(singles(5), people))


def test_the_remainder_goes_to_who_is_owed_most() -> None:
    people = [Candidate("a", balance=Fraction(1, 3)), Candidate("b", balance=Fraction(-1, 3)), Candidate("c")]

    found = evenly(singles(4), people)

    assert counted(found) == {"a": 1, "b": 2, "c": 1}
    assert found.carried == {"a": Fraction(-1, 3), "b": Fraction(2, 3), "c": Fraction(-1, 3)}


def test_a_larger_fraction_of_a_share_counts_like_a_debt() -> None:
    """0.75 of a row beats 0.25, until 0.6 of a row was got before."""
    people = [Candidate("a", weight=3), Candidate("b")]
    spoilt = [Candidate("a", weight=3, balance=Fraction(6, 10)), Candidate("b")]

    assert counted(evenly(singles(1), people)) == {"a": 1}
    assert counted(evenly(singles(1), spoilt)) == {"b": 1}


def test_who_is_full_gets_no_row_of_the_remainder() -> None:
    people = [Candidate("a", room=2, balance=Fraction(-9, 10)), Candidate("b"), Candidate("c")]

    assert counted(evenly(singles(7), people))["a"] == 2


def test_equal_claims_are_settled_by_the_seed() -> None:
    found = [allotted([["row"]], EQUALS, strategy=Strategy.EVEN, seed=f"plan-{number}") for number in range(20)]

    assert counted(evenly([["row"]], EQUALS)) == {by_digest(["a", "b", "c"])[0]: 1}
    assert {who for one in found for _, who in one.pairs} == {"a", "b", "c"}


def test_exact_shares_of_awkward_weights_lose_no_row() -> None:
    """A tenth, a third and a seventh have no exact value as floating-point numbers."""
    people = [Candidate(f"p{weight}", weight) for weight in (1, 3, 7, 10, 21)]

    found = evenly(singles(4_200), people)

    assert counted(found) == {"p1": 100, "p3": 300, "p7": 700, "p10": 1_000, "p21": 2_100}
    assert set(found.carried.values()) == {0}


def test_the_same_question_has_the_same_answer_on_every_machine() -> None:
    found = evenly([["row-0", "row-1"], ["row-2"], ["row-3"], ["row-4"]], [Candidate("a"), Candidate("b")])

    assert found == Allotment(
        pairs=(("row-2", "a"), ("row-0", "b"), ("row-1", "b"), ("row-4", "b"), ("row-3", "a")),
        left=(),
        carried={"a": Fraction(-1, 2), "b": Fraction(1, 2)},
        reasons={"row-0": Reason.TOGETHER, "row-1": Reason.TOGETHER, "row-4": Reason.REMAINDER},
    )


def test_another_seed_deals_in_another_order() -> None:
    other = allotted(singles(40), EQUALS, strategy=Strategy.EVEN, seed="another:1")

    assert other.pairs != evenly(singles(40), EQUALS).pairs


def test_nobody_gets_only_the_newest_rows() -> None:
    pairs = evenly(singles(1_000), [Candidate("a"), Candidate("b")]).pairs

    newest = Counter(who for row, who in pairs if row < "row-0500")
    assert 200 < newest["a"] < 300


def test_an_assignment_stopped_half_way_has_served_everybody() -> None:
    people = [Candidate(f"r{index}") for index in range(10)]

    half = Counter(who for _, who in evenly(singles(1_000), people).pairs[:500])

    assert min(half[person.id] for person in people) >= 30


def test_the_order_of_writing_has_nothing_to_do_with_who_gets_what() -> None:
    """Rows are given out by one half of their digest, and written by the other."""
    found = evenly(singles(100), [Candidate("a"), Candidate("b")])

    rows, takers = [row for row, _ in found.pairs], dict(found.pairs)
    assert rows == by_digest(rows, slice(16, None))
    assert len(list(groupby(takers[row] for row in by_digest(rows, slice(16))))) == 2


def test_groups_stay_together_and_single_rows_even_things_out() -> None:
    found = evenly(groups_of(4, 1, 1, 2), [Candidate("a"), Candidate("b")])

    assert counted(found) == {"a": 4, "b": 4}
    assert len({who for row, who in found.pairs if row.startswith("0-")}) == 1


def test_large_groups_are_placed_first() -> None:
    """Else the small ones would take the only room that the large one fits in."""
    people = [Candidate("a", room=5), Candidate("b", room=2)]

    found = evenly(groups_of(1, 2, 4), people)

    assert found.left == ()
    assert {who for row, who in found.pairs if row.startswith("2-")} == {"a"}


def test_a_group_that_fits_nobody_is_left_whole_and_the_others_are_not() -> None:
    found = evenly(groups_of(5, 1, 2), [Candidate("a", room=4), Candidate("b", room=4)])

    assert list(found.left) == by_digest(f"0-{index}" for index in range(5))
    assert sum(counted(found).values()) == 3


def test_who_has_no_room_for_a_large_group_still_gets_a_small_one() -> None:
    """Once the groups are small enough, they are the one who lacks most."""
    people = [Candidate("a", room=3), Candidate("b", weight=9)]

    found = evenly(groups_of(6, 6, 6, 6, 3), people)

    assert {row for row, who in found.pairs if who == "a"} == {"4-0", "4-1", "4-2"}


def test_groups_may_put_somebody_over_their_share_and_single_rows_make_up_for_it() -> None:
    found = evenly(groups_of(8, 1, 1, 1, 1), EQUALS)

    assert sorted(counted(found).values()) == [2, 2, 8]


@pytest.mark.parametrize("people", [[], [Candidate("a", room=0)], [Candidate("a", weight=0)]])
@pytest.mark.parametrize("strategy", Strategy)
def test_where_nobody_has_room_everything_is_left(people: list[Candidate], strategy: Strategy) -> None:
    found = allotted(groups_of(1, 2), people, strategy=strategy, seed=SEED)

    assert found.pairs == ()
    assert list(found.left) == by_digest(["0-0", "1-0", "1-1"])
    assert set(found.carried.values()) <= {0}


def test_no_rows_are_no_trouble() -> None:
    assert evenly([], EQUALS) == Allotment((), (), {"a": Fraction(0), "b": Fraction(0), "c": Fraction(0)}, {})


def test_rows_that_divide_need_no_reason_of_their_own() -> None:
    assert evenly(singles(9), EQUALS).reasons == {}


def test_the_row_that_is_one_more_says_whose_turn_it_is() -> None:
    found = evenly(singles(4), [Candidate("a"), Candidate("b", balance=Fraction(-1, 2)), Candidate("c")])

    [(row, reason)] = found.reasons.items()
    assert (dict(found.pairs)[row], reason) == ("b", Reason.REMAINDER)


def test_who_got_less_than_their_share_for_a_group_has_no_row_of_the_remainder() -> None:
    """9 rows for two: 4 and 5, but the group makes it 8 and 1."""
    people = [Candidate("a", balance=Fraction(-1, 2)), Candidate("b", room=5)]

    found = evenly(groups_of(8, 1), people)

    assert counted(found) == {"a": 8, "b": 1}
    assert set(found.reasons.values()) == {Reason.TOGETHER}


def test_the_reasons_are_words_for_people() -> None:
    assert [str(reason) for reason in Reason] == [
        "even share",
        "weighted share",
        "lowest open load",
        "your turn for the remainder",
        "together",
    ]
