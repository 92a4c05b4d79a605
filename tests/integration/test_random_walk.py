"""A random walk over the services: commands, decisions, people, faults and crashes in any order.

Each seed is a walk of its own, and its number stands in the test's name.  After every step the promises are checked on
the rows themselves.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.domain.plan import DropReason, PlanState
from bot.domain.report import report_of, written_pairs
from bot.domain.undo import UndoCounts
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.faults import Reset, Status
from tests.integration.promises import verify
from tests.integration.stored import Store, opened
from tests.integration.walk import OTHER, Walk
from tests.integration.world import PROJECT, World

pytestmark = pytest.mark.long

WALKS, STEPS = 8, 120
S = PlanState


@pytest.fixture
def stores(sqlite_url: str) -> Iterator[list[Store]]:
    with opened(sqlite_url, owner="one") as one, opened(sqlite_url, owner="two") as two:
        yield [one, two]


@pytest.mark.parametrize("seed", range(WALKS))
def test_whatever_happens_in_whatever_order_the_promises_hold(
    stores: list[Store], braintrust: BraintrustStandIn, seed: int
) -> None:
    walk = Walk(stores, braintrust, seed=seed)
    try:
        for _ in range(STEPS):
            walk.step()
            verify(walk)
        walk.finish()
        verify(walk)
    except BaseException as error:
        error.add_note("\n".join([f"seed {seed}", *walk.said]))
        raise
    assert walk.time.now() < stores[0].get("plan-1").created_at + timedelta(days=20)


def test_what_somebody_took_over_is_not_counted_although_nothing_else_of_its_batch_is_to_be_seen(
    stores: list[Store], braintrust: BraintrustStandIn
) -> None:
    """Acknowledged, then one row assigned to somebody else and the other one deleted."""
    world = World(stores[0], braintrust, rows=2, size=2)
    world.add_rows()

    def interfere() -> None:
        braintrust.rows.assign_by_hand(PROJECT, "row-00", [OTHER])
        braintrust.rows.delete(PROJECT, "row-01")

    world.once("query", interfere, nth=2)

    assert world.carry_out() is S.PARTIAL
    assert world.dropped == {"row-00": DropReason.ASSIGNED}
    assert report_of(world.plan, world.batches).unconfirmed == 1


def test_what_another_plan_wrote_is_not_counted_twice_although_it_has_the_same_reviewer(
    stores: list[Store], braintrust: BraintrustStandIn
) -> None:
    """A plan left it unknown and unwritten; a later plan wrote it; then the first one's rest is tried again."""
    first = World(stores[0], braintrust, rows=2, size=2)
    first.add_rows()
    braintrust.faults.next("insert", Reset())
    first.once("insert", lambda: braintrust.faults.always("query", Status(401)))
    assert first.carry_out() is S.PARTIAL
    braintrust.faults.clear()
    second = World(stores[0], braintrust, rows=2, size=2, plan_id="second")
    second.time.jump(3_600)
    assert second.carry_out() is S.DONE

    first.time.jump(3_660)
    assert stores[0].plans.retry("plan", edition=stores[0].get().edition, who="UADA", now=first.time.now())
    first.take_over()
    first.carry_out()

    assert second.written == first.ids
    assert [batch.kept for batch in second.batches] == [second.pairs]
    assert written_pairs(first.batches) == []


def test_what_a_later_plan_gave_to_the_same_reviewer_is_not_taken_back_with_the_first_one(
    stores: list[Store], braintrust: BraintrustStandIn
) -> None:
    """Somebody unassigned one row by hand, so the later plan could have it."""
    first = World(stores[0], braintrust, rows=4, size=2)
    first.add_rows()
    assert first.carry_out() is S.DONE
    braintrust.rows.assign_by_hand(PROJECT, "row-02", [])
    second = World(stores[0], braintrust, rows=4, size=2, plan_id="second")
    second.time.jump(3_600)
    assert second.carry_out() is S.DONE
    assert dict(written_pairs(second.batches)) == {"row-02": dict(first.pairs)["row-02"]}

    first.time.jump(3_660)
    preview, state = first.undo()

    assert preview == UndoCounts(taken_back=3, changed=1)
    assert state is S.UNDONE
    assert [row.id for row in braintrust.rows.all(PROJECT) if row.assignments] == ["row-02"]
    assert report_of(second.plan, second.batches).written == 1
