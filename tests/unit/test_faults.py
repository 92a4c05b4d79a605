"""Faults are counted until the work gets further; pauses grow, and have an end."""

from itertools import accumulate, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.faults import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, MOST, FaultKind, FaultTally, pause_seconds
from bot.domain.plan import PlanState

HOUR = 3600


def met(fault: FaultKind, times: int, *, reached: int = 0) -> FaultTally:
    """So many faults of one kind, one after the other."""
    faults = FaultTally()
    for _ in range(times):
        faults = faults.and_another(fault, reached=reached)
    return faults


@pytest.mark.parametrize("fault", FaultKind)
def test_each_pause_is_twice_as_long_up_to_the_longest(fault: FaultKind) -> None:
    pauses = [met(fault, times).pause_seconds for times in range(1, 400)]

    doubled = list(accumulate(repeat(2, 398), lambda pause, _: min(pause * 2, 300.0), initial=FIRST_PAUSE_SECONDS))
    assert pauses == doubled
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("fault", FaultKind)
def test_every_fault_has_a_bound(fault: FaultKind) -> None:
    assert not met(fault, MOST[fault] - 1).are_too_many(PlanState.RUNNING)
    assert met(fault, MOST[fault]).are_too_many(PlanState.RUNNING)


def test_an_outage_of_a_night_ends_nothing_and_a_bug_is_met_for_two_minutes_at_most() -> None:
    def waited(fault: FaultKind) -> float:
        return sum(met(fault, times).pause_seconds for times in range(1, MOST[fault]))

    assert waited(FaultKind.OUTAGE) > 12 * HOUR
    assert waited(FaultKind.BUG) < 120


def test_a_reading_ends_with_its_first_bug() -> None:
    """It has written nothing, and to read everything once more costs the query budget."""
    assert met(FaultKind.BUG, 1).are_too_many(PlanState.READING)
    assert not met(FaultKind.OUTAGE, 1).are_too_many(PlanState.READING)


def test_getting_further_begins_the_count_anew() -> None:
    faults = met(FaultKind.BUG, 4, reached=1_000)

    assert faults.and_another(FaultKind.BUG, reached=2_000) == FaultTally(bug=1, reached=2_000)
    assert faults.and_another(FaultKind.BUG, reached=1_000).are_too_many(PlanState.RUNNING)
    assert faults.and_another(FaultKind.BUG, reached=0).are_too_many(PlanState.RUNNING)  # never backwards


def test_kinds_are_counted_each_for_itself_and_all_make_the_pause_longer() -> None:
    faults = met(FaultKind.OUTAGE, 3).and_another(FaultKind.BUG, reached=0)

    assert faults == FaultTally(outage=3, bug=1)
    assert faults.pause_seconds == 8 * FIRST_PAUSE_SECONDS


@given(tries=st.integers(1, 10_000), asked=st.none() | st.floats(0, 3_600), chance=st.floats(0, 1))
def test_a_pause_is_never_shorter_than_a_second_nor_than_asked(tries: int, asked: float | None, chance: float) -> None:
    pause = pause_seconds(tries, asked=asked, chance=chance)

    assert pause >= max(1.0, asked or 0.0)
    assert pause <= max(75.0, asked or 0.0)


@given(tries=st.integers(1, 100), asked=st.none() | st.floats(0, 3_600))
def test_it_grows_while_it_does_not_help(tries: int, asked: float | None) -> None:
    assert pause_seconds(tries + 1, asked=asked) >= pause_seconds(tries, asked=asked)
    assert pause_seconds(tries, asked=0, longest=8) == min(2.0 ** (tries - 1), 8)
