"""Waiting for Braintrust: interruptible and explained for the worker, bounded for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BraintrustUnavailableError, WorkInterruptedError
from bot.services.step import EXPLAIN_SECONDS, BoundedPatience, VisiblePatience
from tests.unit.fakes import FakeWork

REASON = "Waiting for Braintrust's rate limit."


class Interrupted(FakeWork):
    """A step that has to end in its second pause."""

    def pause(self, seconds: float) -> None:
        super().pause(seconds)
        if len(self.pauses) == 2:
            raise WorkInterruptedError


@given(st.floats(0, 3_600))
def test_a_wait_takes_as_long_as_asked_in_short_pauses(seconds: float) -> None:
    work = FakeWork()

    VisiblePatience(work, lambda _: None).wait(seconds, REASON)

    assert sum(work.pauses) == pytest.approx(seconds)
    assert all(0 < pause <= EXPLAIN_SECONDS for pause in work.pauses)


def test_people_hear_why_in_each_pause_and_then_that_it_goes_on() -> None:
    told: list[str | None] = []

    VisiblePatience(FakeWork(), told.append).wait(5, REASON)

    assert told == [REASON, REASON, REASON, None]


def test_a_wait_ends_when_the_step_has_to() -> None:
    work = Interrupted()

    with pytest.raises(WorkInterruptedError):
        VisiblePatience(work, lambda _: None).wait(60, REASON)

    assert len(work.pauses) == 2


def test_a_person_waits_as_long_as_asked_while_there_is_patience() -> None:
    slept: list[float] = []
    patience = BoundedPatience(slept.append, seconds=10, monotonic=lambda: sum(slept))

    patience.wait(4, REASON)
    patience.wait(6, REASON)

    assert slept == [4, 6]


def test_patience_that_would_run_out_is_not_waited_for() -> None:
    slept: list[float] = []
    patience = BoundedPatience(slept.append, seconds=10, monotonic=lambda: sum(slept))
    patience.wait(4, REASON)

    with pytest.raises(BraintrustUnavailableError, match=r"^Braintrust takes too long just now\. Try again later\.$"):
        patience.wait(6.5, REASON)

    assert slept == [4]


@given(st.lists(st.floats(0, 100)), st.floats(0, 200))
def test_patience_never_sleeps_longer_than_it_has(waits: list[float], seconds: float) -> None:
    slept: list[float] = []
    patience = BoundedPatience(slept.append, seconds=seconds, monotonic=lambda: sum(slept))

    for wait in waits:
        try:
            patience.wait(wait, REASON)
        except BraintrustUnavailableError:
            break

    assert sum(slept) <= seconds or sum(slept) == pytest.approx(seconds)
