"""The check at the approval: few queries, and what was approved is what is written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.model import Batch, BatchState, DropReason, Horizon, Plan, PlanState, Reviewer, Share, Window
from bot.domain.reviewers import User
from bot.errors import BraintrustError, BraintrustRejectedError, BraintrustUnavailableError
from bot.services.reading import RowReader
from bot.services.rechecking import SETTLED, Rechecking, high_water_mark
from bot.services.roster import RosterReader
from bot.services.waiting import VisiblePatience
from bot.settings import PeopleSettings, PolicySettings, Settings, WorkSettings
from tests.unit.builders import NOW, a_batch, a_plan, a_request, a_row
from tests.unit.fakes import (
    FakeAnnouncer,
    FakeBatches,
    FakeBraintrust,
    FakeClock,
    FakeMatches,
    FakePlans,
    FakePreferences,
    FakeWork,
)

HORIZON = Horizon("1000", "p01")
CHANGED, BY_ID = "_xact_id > '1000' and _pagination_key <= 'p01'", "id IN ["
REFUSED = BraintrustRejectedError("Braintrust refused the query (400).")
SILENT = BraintrustUnavailableError("Braintrust does not answer.")
BOTH = (User("r1", "Ana Ruiz", "ana@example.com"), User("r2", "Ben Okafor", "ben@example.com"))
NAMED = a_request(reviewers=("ana@example.com", "ben@example.com"))


def approved(**changes: Any) -> Plan:
    """A plan of ten rows that U0BOSS has just approved."""
    shares = (Share(Reviewer("r1", "Ana Ruiz"), 5), Share(Reviewer("r2", "Ben Okafor"), 5))
    decided: dict[str, Any] = {
        "decided_by": "U0BOSS",
        "decided_at": NOW,
        "shares": shares,
        "horizon": HORIZON,
        "request": NAMED,
    }
    return a_plan(PlanState.CHECKING, **{**decided, **changes})


class World:
    """The service with everything it talks to: ten rows that nobody has."""

    def __init__(self, plan: Plan | None = None, *batches: Batch, settings: Settings | None = None) -> None:
        self.plans = FakePlans(plan or approved())
        self.batches = FakeBatches(*(batches or (a_batch(10),)))
        self.braintrust = FakeBraintrust(*(a_row(f"row-{index}") for index in range(10)), users=BOTH)
        self.announcer = FakeAnnouncer()
        self.rechecking = Rechecking(
            plans=self.plans,
            batches=self.batches,
            braintrust=self.braintrust,
            roster=RosterReader(
                braintrust=self.braintrust,
                people=None,
                preferences=FakePreferences(),
                matches=FakeMatches(),
                settings=PeopleSettings(),
                clock=FakeClock(NOW),
            ),
            announcer=self.announcer,
            settings=settings or Settings(),
            clock=FakeClock(NOW),
        )

    def still_approved(self) -> bool:
        return self.rechecking.still_approved(FakeWork(), self.plan)

    def take(self, count: int) -> None:
        """Somebody takes the first rows by hand."""
        taken = [a_row(f"row-{index}", "stranger") for index in range(count)]
        self.braintrust.rows |= {row.id: row for row in taken}
        self.braintrust.changed = taken

    @property
    def plan(self) -> Plan:
        return self.plans.stored["k7f3q2"]


def test_an_unchanged_plan_goes_on_after_one_query() -> None:
    world = World()

    assert world.still_approved()
    assert [CHANGED in query for query in world.braintrust.queries] == [True]
    assert world.batches.saved == []
    assert world.plan == approved()


def test_up_to_a_fifth_may_leave_without_a_question() -> None:
    world = World()
    world.take(2)

    assert world.still_approved()
    assert [batch.dropped for batch in world.batches.saved] == [
        (("row-0", DropReason.ASSIGNED), ("row-1", DropReason.ASSIGNED))
    ]
    assert world.announcer.told == []


@pytest.mark.parametrize("horizon", [HORIZON, None])
def test_more_than_a_fifth_is_proposed_again_and_the_approver_is_told(horizon: Horizon | None) -> None:
    world = World(approved(horizon=horizon))
    world.take(3)

    assert not world.still_approved()
    assert (world.plan.state, world.plan.version, world.plan.decided_by) == (PlanState.PROPOSED, 2, None)
    assert world.plan.drift == ((DropReason.ASSIGNED, 3),)
    assert [(share.reviewer.id, share.rows) for share in world.plan.shares] == [("r1", 3), ("r2", 4)]
    assert world.announcer.told == [(world.plan, "U0BOSS")]
    assert world.batches.saved == []


def test_a_new_version_waits_as_long_as_a_new_plan() -> None:
    world = World(settings=Settings(policy=PolicySettings(plan_expires_hours=5)))
    world.take(3)

    world.still_approved()

    assert world.plan.expires_at == NOW + timedelta(hours=5)


def test_without_a_horizon_the_rows_are_read_by_id() -> None:
    world = World(approved(horizon=None))
    del world.braintrust.rows["row-0"]

    assert world.still_approved()
    assert [BY_ID in query for query in world.braintrust.queries] == [True]
    assert [batch.dropped for batch in world.batches.saved] == [(("row-0", DropReason.GONE),)]


def test_where_changes_cannot_be_asked_for_the_rows_are_read_by_id() -> None:
    world = World()
    world.braintrust.refusals[CHANGED] = REFUSED
    world.take(3)

    assert not world.still_approved()
    assert [BY_ID in query for query in world.braintrust.queries] == [False, True]


@pytest.mark.parametrize("error", [REFUSED, SILENT])
def test_where_nothing_can_be_read_the_caller_hears_of_it(error: BraintrustError) -> None:
    world = World()
    world.braintrust.refusals |= {CHANGED: error, BY_ID: error}

    with pytest.raises(type(error)):
        world.still_approved()

    assert world.plan == approved()


def test_what_changed_in_rows_of_others_does_not_matter() -> None:
    world = World()
    world.braintrust.changed = [a_row(f"other-{index}", "stranger") for index in range(50)]

    assert world.still_approved()
    assert world.batches.saved == []


@pytest.mark.parametrize("listed", [BOTH[:1], ()])
def test_a_reviewer_who_left_needs_a_new_approval(listed: tuple[User, ...]) -> None:
    world = World(approved(shares=(*approved().shares, Share(Reviewer("r3", "Cem Tan"), 0))))
    world.braintrust.listed = (*listed, User("r3", "Cem Tan", "cem@example.com"))

    goes_on = world.still_approved()

    # with both gone nothing is left to approve
    assert goes_on == (not listed)
    assert {share.reviewer.id for share in world.plan.shares if share.rows} == ({"r1"} if listed else {"r1", "r2"})


def test_a_reviewer_who_left_without_rows_is_not_missed() -> None:
    world = World(approved(shares=(*approved().shares, Share(Reviewer("r3", "Cem Tan"), 0))))

    assert world.still_approved()
    assert world.plan.version == 1


def test_where_users_cannot_be_listed_nobody_counts_as_gone() -> None:
    world = World()
    world.braintrust.refusals["users"] = REFUSED

    assert world.still_approved()


def test_a_plan_of_which_nothing_is_left_goes_on_to_its_report() -> None:
    world = World()
    world.take(10)

    assert world.still_approved()
    assert [len(batch.dropped) for batch in world.batches.saved] == [10]


@pytest.mark.parametrize(
    "changes",
    [{"attempts": 1}, *({"state": state} for state in BatchState if state is not BatchState.PLANNED)],
    ids=str,
)
def test_once_something_was_sent_the_plan_is_never_proposed_again(changes: dict[str, Any]) -> None:
    world = World(approved(), a_batch(5), replace(a_batch(5), seq=2, **changes))
    world.take(10)

    assert world.still_approved()
    assert world.braintrust.queries == []


WINDOW = Window(NOW - timedelta(days=7), NOW)


class Marked(FakeBraintrust):
    """A project that has a greatest transaction."""

    def __init__(self, mark: str | Exception | None) -> None:
        super().__init__()
        self.mark = mark

    def value(self, query: str, column: str, *, patience: Any) -> str | None:
        self.queries.append(query)
        if isinstance(self.mark, Exception):
            raise self.mark
        return self.mark if column == "mark" else None


def mark_of(braintrust: Marked) -> str | None:
    reader = RowReader(braintrust, WorkSettings())
    patience = VisiblePatience(FakeWork(), lambda _: None)
    return high_water_mark(reader, a_request(), WINDOW, now=NOW, patience=patience)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("1000", "1000"), (None, None), ("", None), ("10\\00", None), ("10\n00", None), (REFUSED, None)],
)
def test_only_a_usable_mark_is_kept(answer: str | Exception | None, expected: str | None) -> None:
    assert mark_of(Marked(answer)) == expected


def test_the_mark_leaves_out_rows_that_may_still_become_visible_out_of_order() -> None:
    braintrust = Marked("1000")

    mark_of(braintrust)

    assert timedelta(seconds=60) == SETTLED
    [query] = braintrust.queries
    assert "| filter: created >= '2026-05-11T09:00:00.000Z' and created < '2026-05-18T08:59:00.000Z' |" in query
