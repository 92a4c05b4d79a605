"""Two processes change one plan at the same moment: one of them counts, the other one is told so and leaves no trace.

Each pair begins together, round after round, and each of the two is the first to be begun in half of the rounds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from functools import partial
from itertools import combinations_with_replacement
from typing import Any, TypeVar

import pytest

from bot.domain.plan import PlanState
from bot.messages.buttons import Target
from bot.services.decisions import Decider, Press
from bot.services.permissions import Permissions
from bot.services.ports.slack import ReplyTo
from bot.services.ports.work import Lease
from bot.services.step import StepContext
from bot.services.writing.undo import UndoSteps
from bot.settings import PolicySettings, WorkSettings
from tests.integration.stored import (
    ANA,
    BO,
    EXPIRES,
    NOW,
    PROPOSAL,
    REVISION,
    Store,
    new_plan,
    together,
)
from tests.integration.test_store_plans import interrupted_before
from tests.unit.fakes import FakeAnswers, FakeDirectory

S = PlanState
T = TypeVar("T")
ROUNDS = 10
IN_TIME = EXPIRES - timedelta(microseconds=1)
LATER = NOW + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Act:
    """One way to change a plan: whether it did, who is named for it, and to which state it leads."""

    name: str
    does: Callable[[Store, str], bool]
    leads_to: PlanState
    by_a_person: bool = True

    def __str__(self) -> str:
        return self.name

    def said(self, who: str, *, before: PlanState) -> tuple[str, str | None, str]:
        """The line that it leaves in the audit trail."""
        return (who if self.by_a_person else "bot", before, self.leads_to)


APPROVE = Act("approve", lambda store, who: store.plans.approve("plan", edition=1, who=who, now=IN_TIME), S.CHECKING)
CANCEL = Act("cancel", lambda store, who: store.plans.cancel("plan", edition=1, who=who, now=NOW), S.CANCELLED)
EXPIRE = Act("expire", lambda store, _: bool(store.plans.expire(now=EXPIRES)), S.EXPIRED, by_a_person=False)
RETRY = Act("retry", lambda store, who: store.plans.retry("plan", edition=1, who=who, now=NOW), S.CHECKING)
UNDO = Act(
    "undo",
    lambda store, who: store.plans.begin_undo(
        "plan", edition=1, who=who, now=NOW, finished_after=NOW - timedelta(hours=24)
    ),
    S.UNDOING,
)
RIVALS = {
    S.PROPOSED: [APPROVE, CANCEL, EXPIRE],
    S.PARTIAL: [RETRY, UNDO],
    S.STOPPED: [RETRY, UNDO],
    S.DONE: [UNDO],
}
PAIRS = [
    pytest.param(state, one, other, id=f"{state}-{one}-{other}")
    for state, acts in RIVALS.items()
    for one, other in combinations_with_replacement(acts, 2)
]


@pytest.mark.parametrize(("state", "one", "other"), PAIRS)
def test_of_two_decisions_at_once_exactly_one_counts(
    store: Store, rival: Store, state: PlanState, one: Act, other: Act
) -> None:
    """Whichever is first wins; the loser is told so, and leaves no trace."""
    for number in range(ROUNDS):
        store.add(state=state, finished_at=NOW)

        mine, theirs = at_once(lambda: one.does(store, "UADA"), lambda: other.does(rival, "UBEN"), swapped=number % 2)

        won, who = (one, "UADA") if mine else (other, "UBEN")
        assert sorted([mine, theirs]) == [False, True]
        assert store.get().state is won.leads_to
        assert store.steps()[1:] == [won.said(who, before=state)]
        forget(store, "plan")


@pytest.mark.parametrize("other", [APPROVE, CANCEL, EXPIRE], ids=str)
def test_of_a_decision_and_a_newer_plan_exactly_one_counts(store: Store, rival: Store, other: Act) -> None:
    """The newer plan is proposed either way; the older one is decided about or replaced, never both."""
    for number in range(ROUNDS):
        store.proposed()
        lease = asked_later(store)

        decided, proposed = at_once(
            lambda: other.does(store, "UADA"), partial(proposes, rival, lease), swapped=number % 2
        )

        replaced = ("UASKER", S.PROPOSED, S.SUPERSEDED)
        assert proposed
        assert store.get("newer").state is S.PROPOSED
        assert store.get().state is (other.leads_to if decided else S.SUPERSEDED)
        assert store.get().superseded_by == (None if decided else "newer")
        assert store.steps()[2:] == [other.said("UADA", before=S.PROPOSED) if decided else replaced]
        forget(store, "plan", "newer")


def test_a_cancel_and_the_end_of_the_reading_at_once_leave_one_answer(store: Store, rival: Store) -> None:
    for number in range(ROUNDS):
        store.plans.add(new_plan(), who="UASKER")
        lease = store.claim()

        cancelled, proposed = at_once(
            lambda: CANCEL.does(store, "UADA"), partial(proposes, rival, lease), swapped=number % 2
        )

        assert cancelled  # also a proposed plan can be cancelled
        assert store.get().state is S.CANCELLED
        assert len(store.steps()) == (3 if proposed else 2)
        assert len(store.batches.of("plan")) == (2 if proposed else 0)
        forget(store, "plan")


def test_two_presses_of_stop_at_once_count_once(store: Store, rival: Store) -> None:
    store.add(state=S.RUNNING)

    results = together(
        lambda: store.plans.stop("plan", edition=1, who="UADA", now=NOW),
        lambda: rival.plans.stop("plan", edition=1, who="UBEN", now=NOW),
    )

    assert sorted(results) == [False, True]
    assert len(store.steps()) == 2


# ---- a plan that is proposed again, with fewer rows ------------------------------------------------------------------


def test_a_late_press_on_the_version_before_never_approves_the_new_one(store: Store, rival: Store) -> None:
    for number in range(ROUNDS):
        lease = in_checking(store)

        _, approved = at_once(
            partial(proposes_again, store, lease), lambda: APPROVE.does(rival, "UBEN"), swapped=number % 2
        )

        assert not approved
        assert (store.get().state, store.get().version, store.get().decided_by) == (S.PROPOSED, 2, None)
        assert store.steps()[3:] == [("bot", S.CHECKING, S.PROPOSED)]
        forget(store, "plan")


def test_a_press_on_a_version_that_is_just_made_approves_what_it_names(store: Store, rival: Store) -> None:
    """The rows of the new version are there before it can be approved."""
    for number in range(ROUNDS):
        lease = in_checking(store)

        _, approved = at_once(
            partial(proposes_again, store, lease),
            lambda: rival.plans.approve("plan", edition=3, who="UBEN", now=IN_TIME),
            swapped=number % 2,
        )

        assert store.get().state is (S.CHECKING if approved else S.PROPOSED)
        assert store.get().decided_by == ("UBEN" if approved else None)
        assert store.batches.of("plan") == REVISION.batches
        assert store.steps()[4:] == ([("UBEN", S.PROPOSED, S.CHECKING)] if approved else [])
        forget(store, "plan")


def test_a_cancel_and_a_new_version_at_once_leave_a_plan_that_waits_or_one_that_is_cancelled(
    store: Store, rival: Store
) -> None:
    """What is approved cannot be cancelled; its new version can."""
    for number in range(ROUNDS):
        lease = in_checking(store)

        _, cancelled = at_once(
            partial(proposes_again, store, lease), lambda: CANCEL.does(rival, "UBEN"), swapped=number % 2
        )

        assert store.get().state is (S.CANCELLED if cancelled else S.PROPOSED)
        assert store.steps()[4:] == ([("UBEN", S.PROPOSED, S.CANCELLED)] if cancelled else [])
        forget(store, "plan")


def test_a_stop_and_a_new_version_at_once_leave_a_plan_that_waits_and_can_be_approved(
    store: Store, rival: Store
) -> None:
    for number in range(ROUNDS):
        lease = in_checking(store)

        _, stopped = at_once(
            partial(proposes_again, store, lease),
            lambda: rival.plans.stop("plan", edition=2, who="UBEN", now=NOW),
            swapped=number % 2,
        )

        asked = [("UBEN", None, "stop asked")] if stopped else []
        assert (store.get().state, store.get().version, store.get().stopped_by) == (S.PROPOSED, 2, None)
        assert store.steps()[3:] == [*asked, ("bot", S.CHECKING, S.PROPOSED)]
        assert store.plans.approve("plan", edition=store.get().edition, who="UADA", now=IN_TIME)
        forget(store, "plan")


def test_of_a_new_version_and_a_newer_plan_the_later_one_stays(store: Store, rival: Store) -> None:
    """One live plan: each replaces the other one that it finds."""
    for number in range(ROUNDS):
        lease = in_checking(store)
        newer = asked_later(store)

        at_once(
            partial(proposes_again, store, lease),
            partial(proposes, rival, newer),
            swapped=number % 2,
        )

        states = {name: store.get(name).state for name in ("plan", "newer")}
        assert sorted(states.values()) == [S.PROPOSED, S.SUPERSEDED]
        [lost] = [name for name, state in states.items() if state is S.SUPERSEDED]
        assert store.get(lost).superseded_by == ({"plan", "newer"} - {lost}).pop()
        assert store.steps(lost)[-1] == ("UASKER", S.PROPOSED, S.SUPERSEDED)
        forget(store, "plan", "newer")


# ---- clean-up --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [RETRY, UNDO], ids=str)
def test_a_plan_that_somebody_goes_on_with_is_not_forgotten(store: Store, rival: Store, other: Act) -> None:
    """It is gone before the press, or stays with all that belongs to it."""
    for number in range(ROUNDS):
        worked_off(store, S.PARTIAL)

        forgotten, pressed = at_once(
            lambda: store.plans.forget(before=LATER) == 1,
            lambda: other.does(rival, "UBEN"),
            swapped=number % 2,
        )

        assert sorted([forgotten, pressed]) == [False, True]
        assert (store.plans.get("plan") is None) is forgotten
        assert len(store.batches.of("plan")) == (0 if forgotten else 2)
        assert store.plans.balances("default", "needs-review") == {
            ANA.id: Fraction(number + 1, 2),
            BO.id: Fraction(-number - 1, 2),
        }
        if pressed:
            forget(store, "plan")


ONCE = {ANA.id: Fraction(1, 2), BO.id: Fraction(-1, 2)}


def test_two_processes_that_clean_up_at_once_carry_over_once(store: Store, rival: Store) -> None:
    worked_off(store, S.DONE)

    with interrupted_before(store, "SELECT balances") as interrupted:
        interrupted.by(lambda: rival.plans.forget(before=LATER))
        forgotten = store.plans.forget(before=LATER)

    assert [forgotten, *interrupted.results] == [1, 0]
    assert store.plans.balances("default", "needs-review") == ONCE


def test_what_a_plan_that_stays_carries_over_is_counted_once(store: Store, rival: Store) -> None:
    """Somebody has it taken back while its clean-up is under way."""
    worked_off(store, S.DONE)

    with interrupted_before(store, "DELETE FROM plans") as interrupted:
        interrupted.by(lambda: UNDO.does(rival, "UBEN"))
        forgotten = store.plans.forget(before=LATER)

    assert [forgotten, *interrupted.results] == [1, False]
    assert store.plans.balances("default", "needs-review") == ONCE


# ---- what people are told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.PARTIAL, S.STOPPED])
def test_of_a_retry_and_an_undo_at_once_the_loser_is_told_what_became_of_the_plan(
    store: Store, rival: Store, state: PlanState
) -> None:
    """Two people press at the same moment, each at another process."""
    for number in range(ROUNDS):
        store.add(
            state=state,
            finished_at=NOW,
            decided_by="UADA",
            decided_at=NOW,
            stopped_by="UBEN" if state is S.STOPPED else None,
        )
        one, other = Door(store), Door(rival)

        at_once(
            partial(one.deciding.retry, press("UADA")), partial(other.deciding.undo, press("UBEN")), swapped=number % 2
        )

        [[to_ada], [to_ben]] = one.told, other.told
        if store.get().state is S.CHECKING:
            assert to_ada.startswith("Plan `plan` goes on with the rows that are left.")
            assert to_ben.startswith("Plan `plan` has gone on since this was shown")
        else:
            assert store.get().state is S.UNDOING
            assert to_ada == "Its rows are taken back already, asked for by <@UBEN>. (plan `plan`)"
            assert to_ben == "The rows of plan `plan` are taken back. Its thread follows."
        assert len(store.steps()) == 2
        forget(store, "plan")


class Door:
    """The presses of one process; nobody needs Braintrust or Slack for them."""

    def __init__(self, store: Store) -> None:
        nothing: Any = None
        self.answers = FakeAnswers()
        context = StepContext(nothing, nothing, WorkSettings(), lambda: NOW, store.books)
        undoing = UndoSteps(context, hours=24)
        self.deciding = Decider(
            plans=store.plans,
            permissions=Permissions(PolicySettings(approvers=frozenset({"UADA", "UBEN"})), FakeDirectory()),
            answers=self.answers,
            undoing=undoing,
            clock=lambda: NOW,
            wake=lambda: None,
        )

    @property
    def told(self) -> list[str]:
        return self.answers.texts


def press(who: str) -> Press:
    return Press(Target("plan", 1), ReplyTo(who, "C0REVIEWS", None))


# ---- plans and pairs -------------------------------------------------------------------------------------------------


def at_once(one: Callable[[], T], other: Callable[[], T], *, swapped: int) -> tuple[T, T]:
    """The results of both, begun at the same moment; with `swapped`, the other one is the first to be begun."""
    first, second = together(*((other, one) if swapped else (one, other)))
    return (second, first) if swapped else (first, second)


def asked_later(store: Store) -> Lease:
    """A lease on another plan of the same queue, which is being read."""
    store.plans.add(new_plan("newer", created_at=LATER), who="UBEN")
    return store.claim("newer")


def in_checking(store: Store) -> Lease:
    """A lease on a plan that was approved and is checked."""
    store.proposed()
    assert APPROVE.does(store, "UADA")
    return store.claim()


def worked_off(store: Store, state: PlanState) -> None:
    """A plan that was approved, and rests."""
    store.proposed()
    assert APPROVE.does(store, "UADA")
    store.change(state=state.value, finished_at=NOW)


def proposes(store: Store, lease: Lease) -> bool:
    proposal = replace(PROPOSAL, expires_at=EXPIRES + timedelta(hours=1))
    return store.plans.propose(lease, proposal, state=S.PROPOSED, now=NOW)


def proposes_again(store: Store, lease: Lease) -> bool:
    store.plans.propose_again(lease, REVISION, expires_at=EXPIRES, now=NOW)
    return True


def forget(store: Store, *plan_ids: str) -> None:
    for plan_id in plan_ids:
        store.change(plan_id, state=S.DONE.value)
    assert store.plans.forget(before=NOW + timedelta(days=1)) == len(plan_ids)


@pytest.fixture(autouse=True)
def _no_warnings_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert caplog.records == []
