"""Who waited long for a plan is told by direct message, once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.model import Origin, Plan, PlanState
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.services.announcing import LONG_READING, Announcing
from bot.settings import Settings
from tests.unit.builders import NOW, a_plan, a_request
from tests.unit.fakes import (
    FakeAnswers,
    FakeBatches,
    FakeClock,
    FakeNotices,
    FakePlans,
    FakeSlack,
    FakeUndos,
    FakeWork,
)

LONG = LONG_READING + timedelta(seconds=1)


class DirectSlack(FakeSlack):
    """A Slack that takes direct messages, unless it meets one of its `errors` first."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)
        self.direct: list[tuple[str, str]] = []

    def send_directly(self, user: str, message: Any) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.direct.append((user, message.text))

    def update(self, channel: str, ts: str, message: Any) -> None:
        """Nobody looks."""


class World:
    """The announcer with everything it talks to, some time after the command was typed."""

    def __init__(self, plan: Plan, *, after: timedelta = LONG, slack: DirectSlack | None = None) -> None:
        self.plans = FakePlans(plan)
        self.slack = slack or DirectSlack()
        self.answers = FakeAnswers()
        self.announcing = Announcing(
            plans=self.plans,
            batches=FakeBatches(),
            undos=FakeUndos(),
            notices=FakeNotices(),
            slack=self.slack,
            answers=self.answers,
            clock=FakeClock(NOW + after),
            settings=Settings(),
        )

    def draw(self) -> None:
        self.announcing.draw(FakeWork())

    def change(self, **changes: Any) -> None:
        """Something happens to the plan, so that it is drawn again."""
        plan = self.plans.stored["k7f3q2"]
        self.plans.stored[plan.id] = replace(plan, revision=plan.revision + 1, **changes)


def read(state: PlanState = PlanState.PROPOSED, **changes: Any) -> Plan:
    return a_plan(state, reason="Braintrust is away.", **changes)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (read(), "/p1.000100|The plan is ready>: 7 rows for 2 reviewers. (plan `k7f3q2`)"),
        (read(PlanState.SHOWN, request=a_request(dry_run=True)), "|The dry run is ready>"),
        (read(PlanState.EMPTY), "Nothing to assign"),
        (read(PlanState.FAILED), "No plan was made. Braintrust is away."),
    ],
    ids=["proposed", "shown", "empty", "failed"],
)
def test_who_waited_long_is_told_what_came_of_it(plan: Plan, words: str) -> None:
    world = World(plan)

    world.draw()

    [(user, text)] = world.slack.direct
    assert user == "U0ASK"
    assert words in text
    assert world.answers.texts == [text]


@pytest.mark.parametrize(
    ("plan", "after"),
    [
        (read(), LONG_READING),
        (read(PlanState.CANCELLED), LONG),
        (read(PlanState.SUPERSEDED), LONG),
        (read(request=a_request(channel="D0ASK")), LONG),
        (read(request=a_request(origin=Origin.SCHEDULE, requested_by=None)), LONG),
    ],
    ids=["soon", "cancelled", "superseded", "in their own messages", "by schedule"],
)
def test_nobody_else_is(plan: Plan, after: timedelta) -> None:
    world = World(plan, after=after)

    world.draw()

    assert world.slack.direct == []


def test_a_result_that_is_posted_nowhere_is_told_in_their_own_messages_too() -> None:
    world = World(read(PlanState.EMPTY, request=a_request(channel="D0ASK")))

    world.draw()

    assert len(world.slack.direct) == 1


def test_what_happens_to_the_plan_later_is_not_told_again() -> None:
    world = World(read())
    world.draw()

    world.change()
    world.draw()

    assert len(world.slack.direct) == 1


def test_a_plan_that_was_read_soon_and_changes_late_is_not_told_of() -> None:
    """As when it is proposed again after a look at what changed."""
    world = World(read(answered=True))

    world.draw()

    assert world.slack.direct == []


def test_a_fault_that_passes_does_not_swallow_the_message_nor_repeat_the_answer() -> None:
    world = World(read(), slack=DirectSlack(SlackUnavailableError("later")))

    with pytest.raises(SlackUnavailableError):
        world.draw()
    world.draw()

    assert len(world.slack.direct) == 1
    assert len(world.answers.texts) == 1
    assert len(world.slack.posted) == 1


def test_who_cannot_be_written_to_does_not_hold_up_the_plan() -> None:
    world = World(read(), slack=DirectSlack(SlackRejectedError("no", code="user_disabled")))

    world.draw()

    plan = world.plans.stored["k7f3q2"]
    assert (plan.drawn, plan.alerted, len(world.answers.texts)) == (plan.revision, True, 1)
