"""Waiting for Braintrust and Slack: interruptible and explained for the worker, bounded for a person."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BraintrustUnavailableError, SlackUnavailableError, WorkInterruptedError
from bot.services.ports.braintrust import Patience
from bot.services.step import EXPLAIN_SECONDS, BoundedPatience, VisiblePatience, ask_slack
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


def briefly(patience: Patience, *, seconds: float) -> BoundedPatience:
    """The patience of a step that can do without Slack."""
    error = SlackUnavailableError("Slack takes too long just now.")
    return BoundedPatience(partial(patience.wait, reason=REASON), seconds=seconds, error=error)


def limited(times: int, *, seconds: float | None = 7.0) -> Callable[[], str]:
    """A call that Slack refuses for `times` times before it answers."""
    refusals = iter([SlackUnavailableError("Slack has a problem.", retry_after_seconds=seconds)] * times)

    def call() -> str:
        for refusal in refusals:
            raise refusal
        return "Ada"

    return call


def test_a_call_that_slack_limits_is_made_again_after_the_time_that_it_names() -> None:
    work = FakeWork()
    told: list[str | None] = []

    assert ask_slack(limited(2), VisiblePatience(work, told.append)) == "Ada"

    assert sum(work.pauses) == pytest.approx(14)
    assert told[0] == "Waiting for Slack's rate limit."


@pytest.mark.parametrize(("times", "seconds"), [(4, 7.0), (1, None)])
def test_a_call_that_slack_goes_on_to_refuse_is_given_up(times: int, seconds: float | None) -> None:
    with pytest.raises(SlackUnavailableError):
        ask_slack(limited(times, seconds=seconds), VisiblePatience(FakeWork(), lambda _: None))


def test_a_step_that_can_do_without_slack_waits_a_few_seconds_for_a_limit_and_no_longer() -> None:
    work = FakeWork()
    patience = briefly(VisiblePatience(work, lambda _: None), seconds=5)

    assert ask_slack(limited(1, seconds=2.0), patience) == "Ada"
    with pytest.raises(SlackUnavailableError):
        ask_slack(limited(1, seconds=30.0), patience)

    assert sum(work.pauses) == pytest.approx(2)


def test_a_call_that_hangs_is_left_alone_when_the_time_is_over_or_the_step_has_to_end() -> None:
    never = threading.Event()

    class Ending(FakeWork):
        def proceed(self) -> None:
            raise WorkInterruptedError

    try:
        with pytest.raises(SlackUnavailableError):
            ask_slack(never.wait, briefly(VisiblePatience(FakeWork(), lambda _: None), seconds=0.1))
        with pytest.raises(WorkInterruptedError):
            ask_slack(never.wait, VisiblePatience(Ending(), lambda _: None))
    finally:
        never.set()
