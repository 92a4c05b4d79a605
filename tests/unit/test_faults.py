"""Faults are counted until the work gets further; pauses grow, and have an end."""

from itertools import accumulate, repeat

import pytest

from bot.domain.faults import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, MOST, Fault, Faults
from bot.domain.model import PlanState

HOUR = 3600


def met(fault: Fault, times: int, *, reached: int = 0) -> Faults:
    """So many faults of one kind, one after the other."""
    faults = Faults()
    for _ in range(times):
        faults = faults.and_another(fault, reached=reached)
    return faults


@pytest.mark.parametrize("fault", Fault)
def test_each_pause_is_twice_as_long_up_to_the_longest(fault: Fault) -> None:
    pauses = [met(fault, times).pause_seconds for times in range(1, 400)]

    doubled = list(accumulate(repeat(2, 398), lambda pause, _: min(pause * 2, 300.0), initial=FIRST_PAUSE_SECONDS))
    assert pauses == doubled
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_bound(fault: Fault) -> None:
    assert not met(fault, MOST[fault] - 1).are_too_many(PlanState.RUNNING)
    assert met(fault, MOST[fault]).are_too_many(PlanState.RUNNING)


def test_an_outage_of_a_night_ends_nothing_and_a_bug_is_met_for_two_minutes_at_most() -> None:
    def waited(fault: Fault) -> float:
        return sum(met(fault, times).pause_seconds for times in range(1, MOST[fault]))

    assert waited(Fault.OUTAGE) > 12 * HOUR
    assert waited(Fault.BUG) < 120


def test_a_reading_ends_with_its_first_bug() -> None:
    """It has written nothing, and to read everything once more costs the query budget."""
    assert met(Fault.BUG, 1).are_too_many(PlanState.READING)
    assert not met(Fault.OUTAGE, 1).are_too_many(PlanState.READING)


def test_getting_further_begins_the_count_anew() -> None:
    faults = met(Fault.BUG, 4, reached=1_000)

    assert faults.and_another(Fault.BUG, reached=2_000) == Faults(bug=1, reached=2_000)
    assert faults.and_another(Fault.BUG, reached=1_000).are_too_many(PlanState.RUNNING)
    assert faults.and_another(Fault.BUG, reached=0).are_too_many(PlanState.RUNNING)  # never backwards


def test_kinds_are_counted_each_for_itself_and_all_make_the_pause_longer() -> None:
    faults = met(Fault.OUTAGE, 3).and_another(Fault.BUG, reached=0)

    assert faults == Faults(outage=3, bug=1)
    assert faults.pause_seconds == 8 * FIRST_PAUSE_SECONDS
