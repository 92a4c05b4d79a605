"""A press: whoever is first decides, and everybody gets an answer that names the plan."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.plan import BatchState, Plan, PlanState
from bot.errors import BraintrustRejectedError
from bot.messages.buttons import UNDO_CONFIRM, Target
from bot.services.decisions import Decider, Press
from bot.services.permissions import Permissions
from bot.services.ports.slack import ReplyTo
from bot.services.step import StepContext
from bot.services.writing.undo import UndoSteps
from bot.settings import PolicySettings, WorkSettings
from tests.integration.stored import Store
from tests.unit.builders import NOW, a_batch, a_plan, a_request, a_row, buttons_of
from tests.unit.fakes import Calls, FakeAnnouncer, FakeAnswers, FakeBraintrust, FakeClock, FakeDirectory

AT = "<!date^1779094800^{date_short_pretty} at {time}|2026-05-18 09:00 UTC>"


class World:
    """The service with everything it talks to."""

    def __init__(self, store: Store, *plans: Plan, policy: PolicySettings | None = None) -> None:
        self.store = store
        for plan in plans:
            store.put(plan, a_batch(3, state=BatchState.CONFIRMED))
        self.answers = FakeAnswers()
        self.clock = FakeClock(NOW)
        self.wake = Calls()
        self.braintrust = FakeBraintrust(a_row("row-0", "r1"), a_row("row-1", "r2", status="COMPLETE"))
        policy = policy or PolicySettings()
        context = StepContext(self.braintrust, FakeAnnouncer(), WorkSettings(), self.clock, store.books)
        undoing = UndoSteps(context, hours=policy.undo_hours)
        self.deciding = Decider(
            plans=store.plans,
            permissions=Permissions(policy, FakeDirectory(outsiders=frozenset({"U0GUEST"}))),
            answers=self.answers,
            undoing=undoing,
            clock=self.clock,
            wake=self.wake,
        )

    def preview_undo(self, made: Press) -> None:
        """Press Undo, and wait for the numbers."""
        before = set(threading.enumerate())
        self.deciding.preview_undo(made)
        for thread in set(threading.enumerate()) - before:
            thread.join()

    @property
    def plan(self) -> Plan:
        """The plan that the presses are about, as it is now."""
        return self.store.get("k7f3q2")


Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store)


def press(user: str = "U0ANA", *, edition: int = 1, plan_id: str = "k7f3q2") -> Press:
    return Press(Target(plan_id, edition), ReplyTo(user, "C0REV", f"https://hooks.slack.com/actions/{user}"))


PRESSES: list[Callable[[World, Press], None]] = [
    lambda world, made: world.deciding.approve(made),
    lambda world, made: world.deciding.cancel(made),
    lambda world, made: world.deciding.stop(made),
    lambda world, made: world.deciding.retry(made),
]
UNDO_PRESSES: list[Callable[[World, Press], None]] = [
    lambda world, made: world.preview_undo(made),
    lambda world, made: world.deciding.undo(made),
]
NAMES = ["approve", "cancel", "stop", "retry", "preview_undo", "undo"]
every_press = pytest.mark.parametrize("act", [*PRESSES, *UNDO_PRESSES], ids=NAMES)


def test_approve_starts_the_assignment_and_says_who_decided(worlds: Worlds) -> None:
    world = worlds(a_plan())

    world.deciding.approve(press())

    assert (world.plan.state, world.plan.decided_by, world.plan.decided_at) == (PlanState.CHECKING, "U0ANA", NOW)
    assert world.answers.texts == ["You approved plan `k7f3q2`. Its thread follows the assignment."]
    assert world.wake.count == 1


def test_only_the_first_decision_counts(worlds: Worlds) -> None:
    world = worlds(a_plan())
    world.deciding.approve(press("U0ANA"))

    world.deciding.approve(press("U0BEN"))

    assert world.plan.decided_by == "U0ANA"
    assert world.answers.texts[1:] == [f"Already approved by <@U0ANA>, {AT}. (plan `k7f3q2`)"]


def test_a_cancelled_plan_cannot_be_approved(worlds: Worlds) -> None:
    world = worlds(a_plan())
    world.deciding.cancel(press("U0ANA"))

    world.deciding.approve(press("U0BEN"))

    assert world.plan.state is PlanState.CANCELLED
    assert world.answers.texts == [
        "Plan `k7f3q2` is cancelled. Nothing was assigned.",
        f"Already cancelled by <@U0ANA>, {AT}. (plan `k7f3q2`)",
    ]


def test_an_approved_plan_cannot_be_cancelled(worlds: Worlds) -> None:
    world = worlds(a_plan())
    world.deciding.approve(press("U0ANA"))

    world.deciding.cancel(press("U0BEN"))

    assert world.plan.state is PlanState.CHECKING
    assert world.answers.texts[1:] == [f"Already approved by <@U0ANA>, {AT}. (plan `k7f3q2`)"]


def test_a_plan_that_expires_right_now_is_expired(worlds: Worlds) -> None:
    world = worlds(a_plan(expires_at=NOW))

    world.deciding.approve(press())

    assert world.plan.state is PlanState.EXPIRED
    assert world.answers.texts == ["This plan has expired. Ask again with `/assign-reviews`. (plan `k7f3q2`)"]


def test_a_plan_can_be_approved_until_it_expires(worlds: Worlds) -> None:
    world = worlds(a_plan(expires_at=NOW + timedelta(seconds=1)))

    world.deciding.approve(press())

    assert world.plan.state is PlanState.CHECKING


def test_a_version_that_is_not_shown_any_more_cannot_be_approved(worlds: Worlds) -> None:
    world = worlds(a_plan(version=2, edition=3))

    world.deciding.approve(press(edition=1))

    assert world.plan.state is PlanState.PROPOSED
    assert world.answers.texts == ["Plan `k7f3q2` has changed since (it is version 2 now). Look at its message again."]


LATER: dict[str, tuple[PlanState, Callable[[World, Press], None]]] = {
    "stop": (PlanState.RUNNING, PRESSES[2]),
    "retry": (PlanState.STOPPED, PRESSES[3]),
    "take back": (PlanState.PARTIAL, UNDO_PRESSES[1]),
}


@pytest.mark.parametrize(("state", "act"), LATER.values(), ids=LATER)
def test_a_press_about_an_earlier_attempt_changes_nothing(
    state: PlanState, act: Callable[[World, Press], None], worlds: Worlds
) -> None:
    world = worlds(an_assigned_plan(state, edition=4))

    act(world, press("U0ASK", edition=2))

    assert world.plan == an_assigned_plan(state, edition=4)
    assert world.answers.texts == [
        "Plan `k7f3q2` has gone on since this was shown, so nothing was changed. Look at its thread again."
    ]


@pytest.mark.parametrize("act", [*PRESSES, UNDO_PRESSES[1]], ids=[*NAMES[:4], NAMES[5]])
@pytest.mark.parametrize("state", [*PlanState])
def test_what_is_sent_twice_decides_once(state: PlanState, act: Callable[[World, Press], None], worlds: Worlds) -> None:
    """Wherever the plan has come to in between."""
    world = worlds(an_assigned_plan(state))
    before = world.plan
    act(world, press("U0ASK"))
    decided = world.plan != before
    again = [replace(world.plan, state=other, stopped_by=None) for other in PlanState]

    for plan in again if decided else ():
        world.store.put(plan)
        act(world, press("U0ASK"))
        assert world.plan == plan


def test_a_replaced_plan_leads_to_its_successor(worlds: Worlds) -> None:
    newer = a_plan(id="newer1", message_url="https://example.slack.com/archives/C0REV/p9000100")
    world = worlds(a_plan(PlanState.SUPERSEDED, superseded_by="newer1"), newer)

    world.deciding.approve(press())

    link = "<https://example.slack.com/archives/C0REV/p9000100|a newer plan>"
    assert world.answers.texts == [f"This plan was replaced by {link}. (plan `k7f3q2`)"]


@every_press
def test_a_press_about_an_unknown_plan_is_answered(act: Callable[[World, Press], None], worlds: Worlds) -> None:
    world = worlds()

    act(world, press(plan_id="gone42"))

    assert world.answers.texts == [
        "I have no record of plan `gone42`, so nothing was changed. `/assign-reviews` makes a new one."
    ]


@pytest.mark.parametrize("act", PRESSES, ids=NAMES[:4])
def test_a_person_who_may_not_changes_nothing_and_learns_who_may(
    act: Callable[[World, Press], None], worlds: Worlds
) -> None:
    world = worlds(a_plan(PlanState.PROPOSED), policy=PolicySettings(approvers=frozenset({"U0BOSS"})))

    act(world, press("U0ANA"))

    assert world.plan == a_plan(PlanState.PROPOSED)
    assert len(world.answers.texts) == 1
    assert world.answers.texts[0].startswith("Plan `k7f3q2`: ")
    assert world.answers.texts[0].endswith("Approvers are <@U0BOSS>.")
    assert world.wake.count == 0


def test_with_four_eyes_the_requester_may_cancel_but_not_approve(worlds: Worlds) -> None:
    world = worlds(a_plan(), policy=PolicySettings(four_eyes=True))

    world.deciding.approve(press("U0ASK"))
    world.deciding.cancel(press("U0ASK"))

    assert world.plan.state is PlanState.CANCELLED
    assert "somebody else has to approve it" in world.answers.texts[0]


def test_a_reading_can_be_cancelled(worlds: Worlds) -> None:
    world = worlds(a_plan(PlanState.READING))

    world.deciding.cancel(press())

    assert world.plan.state is PlanState.CANCELLED


@pytest.mark.parametrize("state", [PlanState.EMPTY, PlanState.FAILED])
def test_a_cancel_that_comes_after_the_reading_is_not_told_of_an_approval(state: PlanState, worlds: Worlds) -> None:
    world = worlds(a_plan(state, reason="Braintrust refused."))

    world.deciding.cancel(press())

    assert len(world.answers.texts) == 1
    assert "approved" not in world.answers.texts[0]


@pytest.mark.parametrize("state", [PlanState.CHECKING, PlanState.RUNNING])
def test_stop_is_noted_once(state: PlanState, worlds: Worlds) -> None:
    world = worlds(a_plan(state))

    world.deciding.stop(press("U0ANA"))
    world.deciding.stop(press("U0BEN"))

    assert (world.plan.state, world.plan.stopped_by) == (state, "U0ANA")
    assert world.answers.texts == [
        "Plan `k7f3q2` stops after the batches that are on their way. The thread will have the counts.",
        "Already stopped by <@U0ANA>. (plan `k7f3q2`)",
    ]


@pytest.mark.parametrize("state", [PlanState.PARTIAL, PlanState.STOPPED])
def test_what_an_assignment_left_can_be_tried_again(state: PlanState, worlds: Worlds) -> None:
    world = worlds(a_plan(state, decided_by="U0ANA", decided_at=NOW, stopped_by="U0BEN"))

    world.deciding.retry(press("U0BEN"))

    assert (world.plan.state, world.plan.stopped_by) == (PlanState.CHECKING, None)
    assert world.wake.count == 1
    assert world.answers.texts == [
        "Plan `k7f3q2` goes on with the rows that are left. Its thread follows the assignment."
    ]


def test_only_who_may_approve_may_retry(worlds: Worlds) -> None:
    world = worlds(a_plan(PlanState.PARTIAL), policy=PolicySettings(four_eyes=True))

    world.deciding.retry(press("U0ASK"))

    assert world.plan.state is PlanState.PARTIAL
    assert "somebody else has to approve it" in world.answers.texts[0]


def an_assigned_plan(state: PlanState = PlanState.DONE, **changes: Any) -> Plan:
    """A plan that U0ASK asked for and U0BOSS approved, an hour ago."""
    return a_plan(state, decided_by="U0BOSS", decided_at=NOW, **{"finished_at": NOW - timedelta(hours=1), **changes})


@pytest.mark.parametrize("act", UNDO_PRESSES, ids=NAMES[4:])
def test_who_may_not_take_back_changes_nothing_and_learns_who_may(
    act: Callable[[World, Press], None], worlds: Worlds
) -> None:
    world = worlds(an_assigned_plan())

    act(world, press("U0ELSE"))

    assert world.plan == an_assigned_plan()
    assert [text.split(": ")[0] for text in world.answers.texts] == ["Plan `k7f3q2`"]
    assert "Only <@U0ASK>, <@U0BOSS> may" in world.answers.texts[0]
    assert world.braintrust.queries == []


def test_undo_tells_what_it_would_do_and_does_nothing(worlds: Worlds) -> None:
    world = worlds(an_assigned_plan())

    world.preview_undo(press("U0BOSS"))

    [(to, message)] = world.answers.sent
    assert to == press("U0BOSS").reply_to
    assert message.text == ("Plan `k7f3q2`: 1 row can be taken back. Kept: 1 already reviewed and 1 changed since.")
    assert list(buttons_of(message)) == [UNDO_CONFIRM]
    assert (world.plan, world.braintrust.unassigned, world.wake.count) == (an_assigned_plan(), [], 0)


def test_numbers_that_cannot_be_had_are_said_to_be_missing(worlds: Worlds) -> None:
    world = worlds(an_assigned_plan())
    world.braintrust.refusals["id IN ["] = BraintrustRejectedError("Check BRAINTRUST_API_KEY.")

    world.preview_undo(press("U0BOSS"))

    assert world.answers.texts == ["Plan `k7f3q2`: nothing was taken back. Check BRAINTRUST_API_KEY."]


@pytest.mark.parametrize("state", [PlanState.DONE, PlanState.PARTIAL, PlanState.STOPPED])
def test_take_back_begins_an_undo(state: PlanState, worlds: Worlds) -> None:
    world = worlds(an_assigned_plan(state))

    world.deciding.undo(press("U0ASK"))

    assert (world.plan.state, world.plan.undone_by, world.plan.undone_from) == (PlanState.UNDOING, "U0ASK", state)
    assert world.answers.texts == ["The rows of plan `k7f3q2` are taken back. Its thread follows."]
    assert world.wake.count == 1


@pytest.mark.parametrize(
    ("changes", "hours"),
    [
        ({"finished_at": NOW - timedelta(hours=24)}, 24),
        ({"finished_at": NOW}, 0),
        ({"finished_at": None}, 24),
        ({"state": PlanState.UNDONE}, 24),
        ({"state": PlanState.RUNNING}, 24),
        ({"state": PlanState.FAILED}, 24),
    ],
)
def test_what_cannot_be_taken_back_any_more_is_said(changes: dict[str, Any], hours: int, worlds: Worlds) -> None:
    plan = an_assigned_plan(**changes)
    world = worlds(plan, policy=PolicySettings(undo_hours=hours))

    world.preview_undo(press("U0ASK"))
    world.deciding.undo(press("U0ASK"))

    assert world.plan == plan
    assert len(world.answers.texts) == 2
    limit = f"that works within {hours} hours of its end" if hours else "that is switched off"
    assert world.answers.texts[0] == f"Plan `k7f3q2` cannot be taken back: {limit}."


def test_an_undo_is_possible_until_its_last_second(worlds: Worlds) -> None:
    world = worlds(an_assigned_plan(finished_at=NOW - timedelta(hours=24) + timedelta(seconds=1)))

    world.deciding.undo(press("U0ASK"))

    assert world.plan.state is PlanState.UNDOING


@pytest.mark.parametrize("is_private", [True, False])
@pytest.mark.parametrize("state", [PlanState.DONE, PlanState.UNDONE, PlanState.PROPOSED])
@pytest.mark.parametrize("act", [PRESSES[1], UNDO_PRESSES[1]], ids=["cancel", "take back"])
def test_a_button_whose_time_is_over_goes_from_a_private_message(
    act: Callable[[World, Press], None], state: PlanState, is_private: bool, worlds: Worlds
) -> None:
    world = worlds(an_assigned_plan(state))
    made = press("U0ASK")

    act(world, replace(made, reply_to=replace(made.reply_to, is_private=is_private)))

    assert world.answers.replaced == (world.answers.texts if is_private else [])


def test_a_refused_press_leaves_the_button_for_a_second_try(worlds: Worlds) -> None:
    world = worlds(an_assigned_plan())
    made = press("U0GUEST")

    world.deciding.undo(replace(made, reply_to=replace(made.reply_to, is_private=True)))

    assert (len(world.answers.texts), world.answers.replaced) == (1, [])


@every_press
@pytest.mark.parametrize("user", ["U0ANA", "U0BOSS"])
@pytest.mark.parametrize("state", PlanState)
def test_every_press_is_answered_once_where_it_was_made(
    act: Callable[[World, Press], None], user: str, state: PlanState, worlds: Worlds
) -> None:
    world = worlds(an_assigned_plan(state, request=a_request(requested_by=None)))
    made = press(user)

    act(world, made)

    assert [to for to, _ in world.answers.sent] == [made.reply_to]
    assert "`k7f3q2`" in world.answers.texts[0]


@pytest.mark.parametrize("act", ["approve", "cancel", "stop", "retry", "undo", "preview_undo"])
def test_a_press_in_another_channel_by_who_is_not_in_the_plans_changes_nothing(act: str, worlds: Worlds) -> None:
    state = PlanState.PROPOSED if act in ("approve", "cancel") else PlanState.DONE
    world = worlds(a_plan(state, finished_at=NOW))
    before = world.plan
    pressed = Press(Target("k7f3q2", 1), ReplyTo("U0ANA", "C0ELSEWHERE", "https://hooks.slack.com/actions/1"))

    (world.preview_undo if act == "preview_undo" else getattr(world.deciding, act))(pressed)

    assert world.plan == before
    assert "you are not in that channel" in world.answers.texts[-1]
