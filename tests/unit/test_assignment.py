"""The check at the approval: few queries, and what was approved is what is written."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.people import User
from bot.domain.plan import Batch, BatchState, DropReason, Plan, PlanState, Reviewer, Share
from bot.errors import BraintrustError, BraintrustRejectedError, BraintrustUnavailableError
from bot.services.reviewers import StaffReader
from bot.services.step import StepContext
from bot.services.writing.assignment import SAMPLE_ROWS, AssignmentSteps
from bot.settings import PolicySettings, Settings
from tests.integration.stored import Store
from tests.unit.builders import NOW, a_batch, a_plan, a_request, a_row
from tests.unit.fakes import (
    FakeAnnouncer,
    FakeBraintrust,
    FakeClock,
    FakeWork,
)

BY_ID = "id IN ["
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
        "request": NAMED,
    }
    return a_plan(PlanState.CHECKING, **{**decided, **changes})


class World:
    """The service with everything it talks to: ten rows that nobody has."""

    def __init__(
        self, store: Store, plan: Plan | None = None, *batches: Batch, settings: Settings | None = None
    ) -> None:
        self.store = store
        store.put(plan or approved(), *(batches or (a_batch(10),)))
        self.braintrust = FakeBraintrust(*(a_row(f"row-{index}") for index in range(10)), users=BOTH)
        self.announcer = FakeAnnouncer()
        settings = settings or Settings()
        self.assigning = AssignmentSteps(
            StepContext(self.braintrust, self.announcer, settings.work, FakeClock(NOW), store.books),
            staffing=StaffReader(
                braintrust=self.braintrust,
                people=None,
                preferences=store.preferences,
                matches=store.matches,
                settings=Settings(),
                clock=FakeClock(NOW),
            ),
            expires_hours=settings.policy.plan_expires_hours,
        )

    def still_approved(self) -> bool:
        return self.read_at() is not None

    def read_at(self) -> Mapping[int, float] | None:
        work = FakeWork()
        work.lease = self.store.claim(work.lease.plan_id)
        return self.assigning.still_approved(work, self.plan)

    def take(self, count: int) -> None:
        """Somebody takes the first rows by hand."""
        taken = [a_row(f"row-{index}", "stranger") for index in range(count)]
        self.braintrust.rows |= {row.id: row for row in taken}

    @property
    def plan(self) -> Plan:
        return self.store.get("k7f3q2")

    @property
    def dropped(self) -> list[tuple[tuple[str, DropReason], ...]]:
        """What left the batches, of those that something left."""
        return [batch.dropped for batch in self.store.batches.of("k7f3q2") if batch.dropped]


Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store)


def test_an_unchanged_plan_goes_on_after_one_query(worlds: Worlds) -> None:
    world = worlds()

    assert world.read_at() == {1: 0.0}
    assert [BY_ID in query for query in world.braintrust.queries] == [True]
    assert world.dropped == []
    assert world.plan == approved()


def test_up_to_a_fifth_may_leave_without_a_question(worlds: Worlds) -> None:
    world = worlds()
    world.take(2)

    assert world.still_approved()
    assert world.dropped == [(("row-0", DropReason.ASSIGNED), ("row-1", DropReason.ASSIGNED))]
    assert world.announcer.told == []


def test_more_than_a_fifth_is_proposed_again_and_the_approver_is_told(worlds: Worlds) -> None:
    world = worlds()
    world.take(3)

    assert not world.still_approved()
    assert (world.plan.state, world.plan.version, world.plan.decided_by) == (PlanState.PROPOSED, 2, None)
    assert world.plan.drift == ((DropReason.ASSIGNED, 3),)
    assert [(share.reviewer.id, share.rows) for share in world.plan.shares] == [("r1", 3), ("r2", 4)]
    assert world.announcer.told == [(world.plan, "U0BOSS")]
    assert world.dropped == []


def test_a_new_version_waits_as_long_as_a_new_plan(worlds: Worlds) -> None:
    world = worlds(settings=Settings(policy=PolicySettings(plan_expires_hours=5)))
    world.take(3)

    world.still_approved()

    assert world.plan.expires_at == NOW + timedelta(hours=5)


def test_a_row_that_is_gone_leaves(worlds: Worlds) -> None:
    world = worlds()
    del world.braintrust.rows["row-0"]

    assert world.still_approved()
    assert world.dropped == [(("row-0", DropReason.GONE),)]


class LargePlan(World):
    """25 batches of 1,000 rows, of which 16 are read to decide."""

    def __init__(self, store: Store, *, gone: range) -> None:
        rows = [f"row-{number}" for number in range(25_000)]
        batches = [Batch(seq + 1, tuple((row, "r1") for row in rows[seq * 1000 :][:1000])) for seq in range(25)]
        super().__init__(store, approved(shares=(Share(Reviewer("r1", "Ana Ruiz"), 25_000),)), *batches)
        self.braintrust.rows = {row: a_row(row) for row in rows if int(row.removeprefix("row-")) not in gone}

    @property
    def rows_read(self) -> int:
        return sum(query.count("'row-") for query in self.braintrust.queries)


@pytest.mark.parametrize("gone", [range(0), range(3_000), range(16_000, 25_000)])
def test_of_a_large_plan_a_sample_decides(gone: range, store: Store) -> None:
    """Every batch is checked again before its write, so what the sample does not see is dropped then."""
    world = LargePlan(store, gone=gone)

    assert set(world.read_at() or ()) == set(range(1, 17))
    assert world.rows_read == SAMPLE_ROWS


@pytest.mark.parametrize(("gone", "version"), [(range(4_000), 1), (range(6_000), 2), (range(16_000), 2)])
def test_a_large_plan_is_proposed_again_only_by_all_its_rows(gone: range, version: int, store: Store) -> None:
    world = LargePlan(store, gone=gone)

    world.read_at()

    assert world.rows_read == 25_000
    assert world.plan.version == version
    assert world.plan.drift == (((DropReason.GONE, len(gone)),) if version == 2 else ())


@pytest.mark.parametrize("error", [REFUSED, SILENT])
def test_where_nothing_can_be_read_the_caller_hears_of_it(error: BraintrustError, worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.refusals |= {BY_ID: error}

    with pytest.raises(type(error)):
        world.still_approved()

    assert world.plan == approved()


@pytest.mark.parametrize("listed", [BOTH[:1], ()])
def test_a_reviewer_who_left_needs_a_new_approval(listed: tuple[User, ...], worlds: Worlds) -> None:
    world = worlds(approved(shares=(*approved().shares, Share(Reviewer("r3", "Cem Tan"), 0))))
    world.braintrust.listed = (*listed, User("r3", "Cem Tan", "cem@example.com"))

    goes_on = world.still_approved()

    # with both gone nothing is left to approve
    assert goes_on == (not listed)
    assert {share.reviewer.id for share in world.plan.shares if share.rows} == ({"r1"} if listed else {"r1", "r2"})


def test_a_reviewer_who_left_without_rows_is_not_missed(worlds: Worlds) -> None:
    world = worlds(approved(shares=(*approved().shares, Share(Reviewer("r3", "Cem Tan"), 0))))

    assert world.still_approved()
    assert world.plan.version == 1


def test_where_users_cannot_be_listed_nobody_counts_as_gone(worlds: Worlds) -> None:
    world = worlds()
    world.braintrust.refusals["users"] = REFUSED

    assert world.still_approved()


def test_a_plan_of_which_nothing_is_left_goes_on_to_its_report(worlds: Worlds) -> None:
    world = worlds()
    world.take(10)

    assert world.still_approved()
    assert [len(rows) for rows in world.dropped] == [10]


@pytest.mark.parametrize(
    "changes",
    [{"attempts": 1}, *({"state": state} for state in BatchState if state is not BatchState.PLANNED)],
    ids=str,
)
def test_once_something_was_sent_the_plan_is_never_proposed_again(changes: dict[str, Any], worlds: Worlds) -> None:
    world = worlds(approved(), a_batch(5), replace(a_batch(5), seq=2, **changes))
    world.take(10)

    assert world.read_at() == {}
    assert world.braintrust.queries == []
