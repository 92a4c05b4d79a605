"""An undo from the first press to its end: the right rows, the right state, one plan of a project at a time."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.model import UNDOABLE, BatchState, Plan, PlanState, Reviewer, Share
from bot.domain.notice import NoticeCount
from bot.domain.undo import UndoCounts, UndoState
from bot.domain.writing import Refused
from bot.errors import BraintrustUnavailableError
from bot.services.notifying import Arranging
from bot.services.undoing import Undoing
from bot.settings import PolicySettings, Settings
from tests.unit.builders import NOW, a_batch, a_plan, a_row
from tests.unit.fakes import (
    FakeAnnouncer,
    FakeBatches,
    FakeBraintrust,
    FakeClock,
    FakeNotices,
    FakePlans,
    FakeUndos,
    FakeWork,
)

HOURS = Settings(policy=PolicySettings(undo_hours=24))


class World:
    """The service with everything it talks to: four rows, written and untouched."""

    def __init__(self, plan: Plan, *, settings: Settings = HOURS) -> None:
        self.plans = FakePlans(plan)
        self.undos = FakeUndos()
        self.notices = FakeNotices()
        self.braintrust = FakeBraintrust(*(a_row(row_id, who) for row_id, who in a_batch().rows))
        self.announcer = FakeAnnouncer()
        self.work = FakeWork()
        self.batches = batches = FakeBatches(a_batch(state=BatchState.CONFIRMED))
        self.undoing = Undoing(
            plans=self.plans,
            batches=batches,
            undos=self.undos,
            braintrust=self.braintrust,
            announcer=self.announcer,
            arranging=Arranging(notices=self.notices, batches=batches, undos=self.undos),
            settings=settings,
            clock=FakeClock(NOW),
            monotonic=self.work.monotonic,
        )

    def take_back(self) -> Plan:
        self.undoing.take_back(self.work, self.plan)
        return self.plan

    @property
    def plan(self) -> Plan:
        return self.plans.stored["k7f3q2"]


def an_undo(**changes: Any) -> Plan:
    return a_plan(PlanState.UNDOING, **{"undone_by": "U0BOSS", "undone_from": PlanState.DONE, **changes})


@pytest.mark.parametrize("state", PlanState)
def test_only_an_assignment_that_came_to_rest_can_be_taken_back(state: PlanState) -> None:
    plan = a_plan(state, finished_at=NOW)

    assert World(plan).undoing.is_possible(plan) == (state in UNDOABLE)


@pytest.mark.parametrize(
    ("ago", "hours", "possible"),
    [
        (timedelta(0), 24, True),
        (timedelta(hours=24, seconds=-1), 24, True),
        (timedelta(hours=24), 24, False),
        (timedelta(0), 0, False),
        (None, 24, False),
    ],
)
def test_an_assignment_can_be_taken_back_for_some_hours(ago: timedelta | None, hours: int, possible: bool) -> None:
    plan = a_plan(PlanState.DONE, finished_at=None if ago is None else NOW - ago)
    world = World(plan, settings=Settings(policy=PolicySettings(undo_hours=hours)))

    assert world.undoing.is_possible(plan) == possible
    assert world.undoing.begin(plan, edition=1, who="U0BOSS") == possible
    assert world.undoing.hours == hours


def test_what_was_taken_back_is_what_the_reviewers_are_to_be_told() -> None:
    shares = (Share(Reviewer("r1", "Ana", "U0ANA"), 2), Share(Reviewer("r2", "Ben", "U0BEN"), 2))
    world = World(an_undo(shares=shares))
    world.braintrust.rows["row-1"] = a_row("row-1", "r2", status="COMPLETE")

    world.take_back()

    assert world.notices.arranged == [(NoticeCount("r1", "U0ANA", 2, 2), NoticeCount("r2", "U0BEN", 2, 1))]


def test_a_preview_reads_and_changes_nothing() -> None:
    world = World(a_plan(PlanState.DONE, finished_at=NOW))
    world.braintrust.rows["row-0"] = a_row("row-0", "r1", status="COMPLETE")
    del world.braintrust.rows["row-1"]

    counts = world.undoing.preview(world.plan)

    assert counts == UndoCounts(taken_back=2, reviewed=1, changed=1)
    assert (world.braintrust.unassigned, world.undos.saved, world.plan.state) == ([], [], PlanState.DONE)


def test_a_preview_does_not_count_again_what_was_taken_back_before() -> None:
    world = World(a_plan(PlanState.DONE, finished_at=NOW))
    world.undos.states = {"row-0": UndoState.TAKEN_BACK}
    world.braintrust.rows["row-0"] = a_row("row-0")

    assert world.undoing.preview(world.plan) == UndoCounts(taken_back=3)


def test_what_another_plan_wrote_later_is_neither_promised_nor_taken_back() -> None:
    world = World(a_plan(PlanState.DONE, finished_at=NOW))
    world.batches.others = frozenset({"row-2"})

    preview = world.undoing.preview(world.plan)
    world.undoing.begin(world.plan, edition=1, who="U0BOSS")
    world.take_back()

    assert preview == UndoCounts(taken_back=3, changed=1)
    assert world.plans.noted == [{"taken back": 3, "reviewed": 0, "changed": 1}]
    assert [row.id for row in world.braintrust.rows.values() if row.assigned] == ["row-2"]


def test_the_second_who_begins_is_too_late() -> None:
    world = World(a_plan(PlanState.DONE, finished_at=NOW))

    began = [world.undoing.begin(world.plan, edition=1, who=who) for who in ("U0ASK", "U0BOSS")]

    assert began == [True, False]
    assert world.plan.undone_by == "U0ASK"


def test_everything_untouched_is_taken_back_and_counted() -> None:
    world = World(an_undo())
    world.braintrust.rows["row-0"] = a_row("row-0", "r1", status="COMPLETE")

    plan = world.take_back()

    assert (plan.state, plan.reason) == (PlanState.UNDONE, None)
    assert world.plans.noted == [{"taken back": 3, "reviewed": 1, "changed": 0}]
    assert [row.id for row in world.braintrust.rows.values() if row.assigned] == ["row-0"]


@pytest.mark.parametrize("before", sorted(UNDOABLE))
def test_an_undo_that_ends_early_leaves_the_plan_as_it_was_and_says_why(before: PlanState) -> None:
    world = World(an_undo(undone_from=before, unassignment="array_delete"))
    world.braintrust.answers = [Refused("The key may not write (403).")]

    plan = world.take_back()

    assert (plan.state, plan.reason) == (before, "The key may not write (403).")
    assert world.plans.noted == [{"taken back": 0, "reviewed": 0, "changed": 0}]


def test_an_undo_ends_early_when_braintrust_cannot_be_read() -> None:
    world = World(an_undo())
    world.braintrust.refusals["id IN ["] = BraintrustUnavailableError("Braintrust does not answer.")

    plan = world.take_back()

    assert (plan.state, plan.reason) == (PlanState.DONE, "Braintrust does not answer.")


def test_an_undo_waits_for_another_plan_of_the_project() -> None:
    world = World(an_undo())
    world.plans.is_busy = True

    plan = world.take_back()

    assert plan.state is PlanState.UNDOING
    assert [progress.waiting for progress in world.announcer.progress] == [
        "Another plan of this project is written first."
    ]
    assert world.braintrust.queries == []


def test_an_undo_goes_on_after_a_kill_where_it_was() -> None:
    """One row was taken back before, and one request was on its way."""
    world = World(an_undo(unassignment="array_delete"))
    world.undos.states = {"row-0": UndoState.TAKEN_BACK, "row-1": UndoState.SENDING}
    world.braintrust.rows |= {"row-0": a_row("row-0"), "row-1": a_row("row-1")}

    plan = world.take_back()

    assert plan.state is PlanState.UNDONE
    assert world.plans.noted == [{"taken back": 4, "reviewed": 0, "changed": 0}]
    assert [rows for rows, _ in world.braintrust.unassigned] == [("row-2", "row-3")]
