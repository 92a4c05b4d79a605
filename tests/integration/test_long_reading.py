"""Who waited long for a plan is told by direct message, once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.plan import Origin, PlanState
from bot.domain.surfaces import Surface
from bot.messages.surfaces import LONG_READING
from sandbox.http.faults import Error, Status
from sandbox.slack.stand_in import SlackStandIn
from tests.integration.shown import ADA, Window
from tests.integration.stored import opened

LONG = (LONG_READING + timedelta(seconds=1)).total_seconds()


@pytest.fixture
def window(sqlite_url: str, slack: SlackStandIn) -> Iterator[Window]:
    with opened(sqlite_url) as store:
        yield Window(store, slack)


def read(window: Window, state: PlanState = PlanState.PROPOSED, *, after: float = LONG, **request: Any) -> None:
    """A plan whose reading ended some time after the command was typed."""
    window.proposed(**request)
    window.change(state=state.value, reason="Braintrust is away.")
    window.move(after)


@pytest.mark.parametrize(
    ("state", "request_", "words"),
    [
        (PlanState.PROPOSED, {}, "|The plan is ready>: 3 rows for 2 reviewers. (plan `plan`)"),
        (PlanState.SHOWN, {"dry_run": True}, "|The dry run is ready>"),
        (PlanState.EMPTY, {}, "Nothing to assign"),
        (PlanState.FAILED, {}, "No plan was made. Braintrust is away."),
    ],
    ids=["proposed", "shown", "empty", "failed"],
)
def test_a_requester_who_waited_long_is_told_the_outcome(
    window: Window, state: PlanState, request_: dict[str, Any], words: str
) -> None:
    read(window, state, **request_)

    window.draw()

    [text] = window.direct
    assert words in text
    assert window.notes == [text]


@pytest.mark.parametrize(
    ("state", "after"),
    [(PlanState.PROPOSED, LONG - 1), (PlanState.CANCELLED, LONG), (PlanState.SUPERSEDED, LONG)],
    ids=["soon", "cancelled", "superseded"],
)
def test_nobody_else_is(window: Window, state: PlanState, after: float) -> None:
    read(window, state, after=after)

    window.draw()

    assert window.direct == []


def test_a_schedule_is_told_nothing(window: Window) -> None:
    read(window, origin=Origin.SCHEDULE, requested_by=None)

    window.draw()

    assert Surface.ALERT not in window.known


@pytest.mark.parametrize(("state", "messages"), [(PlanState.PROPOSED, 1), (PlanState.EMPTY, 1)])
def test_in_their_own_messages_the_outcome_stands_once(window: Window, state: PlanState, messages: int) -> None:
    """As the plan itself, or told directly where nothing is posted."""
    read(window, state, channel=window.slack.workspace.direct_channel(ADA).id)

    window.draw()

    assert len(window.direct) == messages


def test_what_happens_to_the_plan_later_is_not_told_again(window: Window) -> None:
    read(window)
    window.draw()

    window.change(version=2)
    window.draw()

    assert len(window.direct) == 1


def test_a_plan_that_was_read_soon_and_changes_late_is_not_told_of(window: Window) -> None:
    """As when it is proposed again after a look at what changed."""
    read(window, after=1)
    window.draw()

    window.move(LONG)
    window.change(version=2)
    window.draw()

    assert window.direct == []


def test_a_fault_that_passes_does_not_swallow_the_message_nor_repeat_the_answer(window: Window) -> None:
    read(window)
    window.slack.faults.next("conversations.open", Status(503))

    assert not window.draw()
    window.move(10)
    window.draw()

    assert [len(window.direct), len(window.notes), len(window.posts)] == [1, 1, 1]


def test_a_requester_who_cannot_be_written_to_does_not_hold_up_the_plan(window: Window) -> None:
    read(window)
    window.slack.faults.next("conversations.open", Error("user_disabled"))

    window.draw()

    plan = window.store.get()
    assert (plan.drawn, len(window.notes)) == (plan.revision, 1)
