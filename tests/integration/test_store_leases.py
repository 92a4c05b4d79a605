"""Leases in a real database: who works on which plan, by the database's clock."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from bot.adapters.store.tables import database_clock
from bot.adapters.store.work import LeaseStore
from bot.domain.plan import RESTING, WORKED_ON, PlanState
from bot.domain.rhythm import USUAL, Rhythm
from bot.services.ports.store import Claim
from bot.services.ports.work import Lease
from tests.integration.stored import ALL_STATES, EXPIRES, NOW, PROPOSAL, Store, new_plan, opened, together

S = PlanState


def claimed(store: Store, *states: PlanState) -> str | None:
    """The id of the plan that is claimed for work in `states`."""
    found = store.leases.claim(states or ALL_STATES)
    return found.lease.plan_id if found else None


def shown(store: Store) -> str | None:
    """The id of the plan that is claimed to be shown."""
    found = store.leases.claim(())
    return found.lease.plan_id if found else None


def test_a_claimed_plan_is_nobody_else_s(store: Store, rival: Store) -> None:
    store.add()

    claim = store.leases.claim([S.READING])

    assert claim == Claim(Lease("plan", 1), was_abandoned=False, may_be_drawn=True)
    assert claimed(rival) is None
    assert store.column("lease_owner") == "worker"


def test_the_plan_that_waits_longest_comes_first(store: Store) -> None:
    for name, minutes in (("second", 2), ("first", 1), ("third", 3)):
        store.add(name, S.CHECKING, created_at=NOW + timedelta(minutes=minutes))

    assert [claimed(store) for _ in range(4)] == ["first", "second", "third", None]


@pytest.mark.parametrize("state", ALL_STATES)
def test_a_lane_claims_plans_of_its_states_only(store: Store, state: PlanState) -> None:
    store.add(state=state)

    assert claimed(store, *(set(ALL_STATES) - {state})) is None
    assert claimed(store, state) == "plan"


@pytest.mark.parametrize("state", ALL_STATES)
def test_a_plan_whose_message_is_old_is_claimed_to_be_shown(store: Store, state: PlanState) -> None:
    """But not while it is read, or worked on: whoever does shows it, too, and does not wait for that."""
    store.add(state=state, revision=3, drawn=2)

    assert shown(store) == (None if state in WORKED_ON | {S.READING} else "plan")


@pytest.mark.parametrize("state", sorted(RESTING))
def test_a_plan_that_is_shown_as_it_is_needs_nobody(store: Store, state: PlanState) -> None:
    store.add(state=state, revision=3, drawn=3)

    assert shown(store) is None


def test_one_plan_can_be_asked_for(store: Store) -> None:
    store.add("first")
    store.add("second", tag="other")

    found = store.leases.claim([S.READING], only="second")

    assert found is not None
    assert found.lease.plan_id == "second"
    assert store.leases.claim([S.READING], only="second") is None


def test_each_claim_has_a_higher_fence(store: Store) -> None:
    store.add()

    fences = []
    for _ in range(3):
        lease = store.claim()
        fences.append(lease.fence)
        store.leases.release(lease, wake_in_seconds=None)

    assert fences == [1, 2, 3]


def test_a_lease_that_ran_out_can_be_taken_over_and_not_be_renewed(store: Store, rival: Store) -> None:
    store.add()
    lease = store.claim()
    store.change(lease_until=_now(store) - 0.001)

    taken = rival.claim()

    assert taken.fence == lease.fence + 1
    assert store.leases.renew(lease) is False
    assert rival.leases.renew(taken) is True


def test_a_lease_that_ran_out_and_nobody_took_can_be_renewed(store: Store, rival: Store) -> None:
    store.add()
    lease = store.claim()
    store.change(lease_until=_now(store) - 60)

    assert store.leases.renew(lease) is True
    assert claimed(rival) is None


def test_who_lost_a_lease_cannot_give_it_back(store: Store, rival: Store) -> None:
    store.add()
    stale = store.claim()
    store.change(lease_until=0.0)
    rival.claim()
    before = store.everything()

    store.leases.release(stale, wake_in_seconds=None)

    assert store.everything() == before


def test_a_released_plan_can_be_claimed_at_once(store: Store, rival: Store) -> None:
    store.add()

    store.leases.release(store.claim(), wake_in_seconds=None)

    assert claimed(rival) == "plan"


def test_a_plan_that_is_to_rest_a_while_is_not_claimed_before(store: Store) -> None:
    store.add()

    store.leases.release(store.claim(), wake_in_seconds=5)

    assert claimed(store) is None
    assert 4 < store.column("wake_at") - _now(store) <= 5
    store.change(wake_at=_now(store) - 0.001)
    assert claimed(store) == "plan"


@pytest.mark.parametrize(
    ("state", "decide"),
    [
        pytest.param(S.PROPOSED, lambda s: s.plans.approve("plan", edition=1, who="UADA", now=NOW), id="approve"),
        pytest.param(S.READING, lambda s: s.plans.cancel("plan", edition=1, who="UADA", now=NOW), id="cancel"),
        pytest.param(S.RUNNING, lambda s: s.plans.stop("plan", edition=1, who="UADA", now=NOW), id="stop"),
        pytest.param(S.PROPOSED, lambda s: s.plans.expire(now=EXPIRES), id="expire"),
        pytest.param(S.READING, lambda s: s.plans.add(new_plan("newer"), who="UBEN"), id="a newer question"),
    ],
)
def test_a_decision_ends_the_rest(store: Store, state: PlanState, decide: Callable[[Store], object]) -> None:
    """Nobody waits because a step of a moment ago met a fault."""
    store.add(state=state, drawn=1)
    store.leases.release(store.claim(), wake_in_seconds=3600)

    before = store.leases.claim(ALL_STATES, only="plan")
    decide(store)

    assert before is None
    assert store.leases.claim(ALL_STATES, only="plan") is not None


@pytest.mark.parametrize("rhythm", [USUAL, Rhythm(12)])
def test_leases_go_by_the_database_s_clock(store: Store, rhythm: Rhythm) -> None:
    """Processes on different machines share it, whatever their own clocks say."""
    store.add()
    leases = LeaseStore(store.database, owner="worker", rhythm=rhythm)
    before = _now(store)

    claim = leases.claim(ALL_STATES)
    assert claim is not None
    claimed_until = store.column("lease_until")
    leases.renew(claim.lease)

    longest = _now(store) + rhythm.lease_seconds
    assert before + rhythm.lease_seconds <= claimed_until <= store.column("lease_until") <= longest
    assert abs(before - time.time()) < 5  # here both are one machine


@pytest.mark.postgresql
def test_the_clock_goes_on_within_a_transaction(postgresql_url: str) -> None:
    """A transaction that waited long for its turn must not count its lease from its beginning."""
    with opened(postgresql_url) as store, store.database.write() as connection:
        began: float = connection.execute(select(database_clock())).scalar_one()
        connection.exec_driver_sql("select pg_sleep(0.05)")
        ended: float = connection.execute(select(database_clock())).scalar_one()

    assert ended - began >= 0.05


def test_twenty_workers_never_get_the_same_plan(store: Store, rival: Store) -> None:
    """And none is left over."""
    names = [f"plan-{number:02}" for number in range(50)]
    for name in names:
        store.plans.add(new_plan(name, tag=name), who="UASKER")
    workers = [LeaseStore(process.database, owner=f"{number}") for number, process in enumerate([store, rival] * 10)]

    got = together(*(partial(_all, worker) for worker in workers))

    assert sorted(lease.plan_id for leases in got for lease in leases) == names
    assert {lease.fence for leases in got for lease in leases} == {1}


@pytest.mark.postgresql
def test_a_plan_that_somebody_is_deciding_about_holds_up_no_claim(postgresql_url: str) -> None:
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        store.add("first", S.CHECKING)
        store.add("second", S.CHECKING, created_at=NOW + timedelta(seconds=1))
        with rival.database.write() as connection:
            connection.exec_driver_sql("SELECT 1 FROM plans WHERE id = 'first' FOR UPDATE")

            assert claimed(store) == "second"


def test_a_takeover_and_a_change_under_the_old_lease_never_both_count(store: Store, rival: Store) -> None:
    """Whoever locks the row first is served; the other one sees the new fence, or finds no work."""
    for number in range(10):
        name = f"plan-{number}"
        store.plans.add(new_plan(name, tag=name), who="UASKER")
        lease = store.claim(name)
        store.change(name, lease_until=0.0)

        outcome, taken = together(
            lambda lease=lease: _proposed(store, lease),  # type: ignore[misc]
            lambda name=name: rival.leases.claim([S.READING], only=name),  # type: ignore[misc]
        )

        assert (outcome is True) == (store.get(name).state is S.PROPOSED)
        assert outcome is not True or taken is None
        assert outcome is True or taken is not None


def _proposed(store: Store, lease: Lease) -> object:
    try:
        return store.plans.propose(lease, PROPOSAL, state=S.PROPOSED, now=NOW)
    except Exception as error:  # noqa: BLE001 - which one is what the test looks at
        return error


def _all(worker: LeaseStore) -> list[Lease]:
    leases: list[Lease] = []
    while found := worker.claim([S.READING]):
        leases.append(found.lease)
    return leases


def _now(store: Store) -> float:
    with store.database.read() as connection:
        clock: float = connection.execute(select(database_clock())).scalar_one()
        return clock
