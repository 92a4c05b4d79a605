"""Carrying out an approved plan: on a real store, with a real client, against a Braintrust that misbehaves."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from bot.domain.plan import BatchState, DropReason, PlanState
from bot.domain.report import report_of
from bot.domain.rhythm import USUAL
from bot.domain.row_changes import Assignment
from bot.domain.writing import MAX_TRIES, begun
from bot.errors import STILL_LIMITED, LeaseLostError, WorkInterruptedError
from bot.messages.report import report_headline
from bot.services.writing.ledger import FRESH_SECONDS
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.faults import CutBody, Fault, Garbage, Reset, Status, WrongCount
from tests.integration.stored import ANA, Store, opened
from tests.integration.world import DONE, PROJECT, SETTLE_SECONDS, TAG, World

OTHER = "99999999-9999-4999-8999-999999999999"
S = PlanState


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Store]:
    with opened(sqlite_url) as store:
        yield store


@pytest.fixture
def world(sqlite: Store, braintrust: BraintrustStandIn) -> Iterator[World]:
    """Six rows in three batches, written one after the other; whatever a test does, the promises are checked."""
    world = World(sqlite, braintrust)
    world.add_rows()
    yield world
    world.verify()


@pytest.mark.parametrize("parallel", [1, 4])
def test_every_row_gets_the_reviewer_that_was_stored(world: World, parallel: int) -> None:
    world.set(parallel_requests=parallel)

    assert world.carry_out() is S.DONE
    assert {row: world.row(row).assignments for row in world.ids} == {row: (who,) for row, who in world.pairs}
    assert sorted(world.written) == world.ids
    assert world.states == ["written"] * 3
    assert world.store.steps()[-3:] == [
        ("bot", "checking", "running"),
        ("bot", "running", "reporting"),
        ("bot", "reporting", "done"),
    ]
    assert world.store.events()[-1]["counts"] == {"assigned": 6, "dropped": 0, "missing": 0}


def test_requests_are_the_currency(world: World) -> None:
    """One query checks as many batches as are written at once, and one sees them all written."""
    world.set(parallel_requests=4)

    world.carry_out()

    assert (world.braintrust.requests.count("query"), world.braintrust.requests.count("insert")) == (2, 3)
    assert [batch.state for batch in world.batches] == [BatchState.CONFIRMED] * 3


def test_what_becomes_visible_late_is_waited_for(world: World) -> None:
    """Acknowledged, it is never sent again."""
    world.braintrust.faults.lag_seconds = 12

    assert world.carry_out() is S.DONE
    assert len(world.inserts) == 3
    assert sorted(world.written) == world.ids


def test_what_does_not_become_visible_stays_acknowledged_and_unseen(world: World) -> None:
    """It is not called assigned, and the assignment does not wait for ever."""
    world.braintrust.faults.lag_seconds = 3600
    began = world.time.monotonic()

    assert world.carry_out() is S.PARTIAL
    report = report_of(world.plan, world.batches)
    assert (report.seen, report.unconfirmed, report.missing) == (0, 6, 0)
    assert report_headline(world.plan, report) == "Partly done. Assigned 0 of 6 rows."
    assert [batch.state for batch in world.batches] == [BatchState.WRITTEN] * 3
    assert 50 < world.time.monotonic() - began < 200
    assert len(world.inserts) == 3


def test_a_batch_is_stored_as_being_sent_before_it_is(world: World) -> None:
    """So that a process that dies at any moment leaves the truth behind."""
    seen: list[list[str]] = []
    world.once("insert", lambda: seen.append(world.states))
    world.once("insert", lambda: seen.append(world.states), nth=2)

    world.carry_out()

    assert seen == [["sending", "planned", "planned"], ["written", "sending", "planned"]]


def test_progress_is_shown(world: World) -> None:
    world.carry_out()

    rows = [plan.progress.rows for plan in world.announcer.shown]
    assert rows == sorted(rows)
    assert (rows[0], rows[-1]) == (0, 6)


# ---- rule 2: nothing is written that was not free a moment ago ------------------------------------------------------


CHANGES: dict[str, tuple[Callable[[World], object], DropReason]] = {
    "assigned to somebody else": (
        lambda w: w.braintrust.rows.assign_by_hand(PROJECT, "row-03", [OTHER]),
        DropReason.ASSIGNED,
    ),
    "assigned by hand to the same person": (
        lambda w: w.braintrust.rows.assign_by_hand(PROJECT, "row-03", [ANA.id]),
        DropReason.ASSIGNED,
    ),
    "assigned to two": (
        lambda w: w.braintrust.rows.assign_by_hand(PROJECT, "row-03", [ANA.id, OTHER]),
        DropReason.ASSIGNED,
    ),
    "finished": (lambda w: w.braintrust.rows.finish_by_hand(PROJECT, "row-03"), DropReason.FINISHED),
    "finished in other words": (
        lambda w: w.braintrust.rows.finish_by_hand(PROJECT, "row-03", "Reviewed"),
        DropReason.FINISHED,
    ),
    "deleted": (lambda w: w.braintrust.rows.delete(PROJECT, "row-03"), DropReason.GONE),
    "untagged": (lambda w: w.braintrust.rows.set_tags(PROJECT, "row-03", ["other", f"{TAG} "]), DropReason.UNTAGGED),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_row_that_changed_since_the_plan_is_left_alone_and_counted(world: World, change: str) -> None:
    """All others are written."""
    act, reason = CHANGES[change]
    world.once("query", lambda: act(world))

    assert world.carry_out() is S.DONE
    assert world.dropped == {"row-03": reason}
    assert sorted(world.written) == [row for row in world.ids if row != "row-03"]
    assert world.store.events()[-1]["counts"] == {"assigned": 5, "dropped": 1, "missing": 0}


def test_what_changes_while_earlier_batches_are_written_counts_too(world: World) -> None:
    def take_slowly() -> None:
        world.braintrust.rows.assign_by_hand(PROJECT, "row-05", [OTHER])
        world.time.jump(FRESH_SECONDS)

    world.once("insert", take_slowly)

    world.carry_out()

    assert world.dropped == {"row-05": DropReason.ASSIGNED}
    assert world.row("row-05").assignments == (OTHER,)


def test_a_row_that_was_taken_back_by_hand_is_free_again(world: World) -> None:
    world.braintrust.rows.assign_by_hand(PROJECT, "row-03", [OTHER])
    world.braintrust.rows.assign_by_hand(PROJECT, "row-03", [])

    world.carry_out()

    assert world.dropped == {}


def test_a_plan_all_of_whose_rows_were_taken_writes_nothing(world: World) -> None:
    for row in world.ids:
        world.braintrust.rows.assign_by_hand(PROJECT, row, [OTHER])

    assert world.carry_out() is S.DONE
    assert world.inserts == []
    assert world.store.events()[-1]["counts"] == {"assigned": 0, "dropped": 6, "missing": 0}


def test_a_reading_that_is_too_old_is_made_anew(world: World) -> None:
    """No row is written on a reading that began more than 10 s ago."""
    queries_before: list[int] = []

    def looks() -> int:
        return sum("row-00" in seen.text for seen in world.braintrust.requests.all("query"))

    world.once("query", lambda: world.time.jump(FRESH_SECONDS + 0.1))
    world.once("insert", lambda: queries_before.append(looks()))

    assert world.carry_out() is S.DONE
    assert queries_before == [2]  # the one that took too long, and another


def test_a_braintrust_that_is_always_too_slow_ends_the_assignment(world: World) -> None:
    world.braintrust.faults.on_request("query", lambda _: world.time.jump(FRESH_SECONDS + 0.1))

    assert world.carry_out() is S.FAILED
    assert world.inserts == []
    assert "too slowly" in str(world.plan.reason)


def test_nothing_is_sent_with_too_little_lease_left(world: World) -> None:
    """A write takes up to 20 s, and must not outlive the right to it."""
    world.work.left = USUAL.write_seconds - 0.1
    inserts_before: list[int] = []

    def renew(number: int) -> None:
        if number == 20:
            inserts_before.append(len(world.inserts))
            world.work.left = 30.0

    world.work.before_round = renew

    assert world.carry_out() is S.DONE
    assert inserts_before == [0]


# ---- rule 3 and 6: what the bot itself wrote -------------------------------------------------------------------------


def test_what_was_acknowledged_is_never_sent_again(world: World) -> None:
    """Also when nothing of it can be seen yet, and another process goes on with the plan."""
    world.braintrust.faults.lag_seconds = 3600
    world.work.before_round = _interrupting_after(lambda: world.states.count("written") == 1)
    with pytest.raises(WorkInterruptedError):
        world.carry_out()
    world.take_over()

    world.assigning().run(world.work, world.plan)

    assert len(world.inserts) == 3
    assert world.states == ["written"] * 3


def test_rows_that_another_plan_wrote_a_moment_ago_are_dropped_unseen(
    world: World, sqlite: Store, braintrust: BraintrustStandIn
) -> None:
    """Braintrust may not show them yet, but our own store knows."""
    braintrust.faults.lag_seconds = 3600
    world.carry_out()
    second = World(sqlite, braintrust, plan_id="second")
    second.time.jump(world.time.monotonic() - second.time.monotonic() + 60)

    assert second.carry_out() is S.DONE
    assert set(second.dropped.values()) == {DropReason.OTHER_PLAN}
    assert (len(second.dropped), second.inserts) == (6, [])


def test_after_a_quarter_of_an_hour_braintrust_s_word_counts(
    world: World, sqlite: Store, braintrust: BraintrustStandIn
) -> None:
    world.carry_out()
    for row in world.ids[:2]:
        braintrust.rows.assign_by_hand(PROJECT, row, [])
    second = World(sqlite, braintrust, plan_id="second")
    second.time.jump(3600)

    second.begin()
    second.assigning().run(second.work, second.plan)

    assert set(second.dropped.values()) == {DropReason.ASSIGNED}
    assert [row for insert in second.inserts for row in insert.row_ids] == world.ids[:2]
    braintrust.rows.delete(PROJECT, "row-00")  # written by each plan once, as it should be: nothing for `verify`
    braintrust.rows.delete(PROJECT, "row-01")


def test_a_plan_waits_for_another_one_of_its_project(
    world: World, sqlite: Store, braintrust: BraintrustStandIn
) -> None:
    second = World(sqlite, braintrust, plan_id="second")
    world.begin()

    second.assigning().check(second.work, second.plan)
    waited = second.plan.state
    world.assigning().run(world.work, world.plan)
    world.assigning().report(world.work, world.plan)
    second.assigning().check(second.work, second.plan)

    assert (waited, second.plan.state) == (S.CHECKING, S.REPORTING)


# ---- rule 4: what is not known is read back --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Reset(applied=True),
        Status(500, applied=True),
        Status(504, applied=True),
        WrongCount(),
        CutBody(),
    ],
    ids=str,
)
def test_a_write_that_was_applied_without_an_answer_is_read_back(world: World, fault: Fault) -> None:
    world.braintrust.faults.next("insert", fault, nth=2)

    assert world.carry_out() is S.DONE
    assert len(world.inserts) == 3
    assert sorted(world.written) == world.ids


@pytest.mark.parametrize("fault", [Reset(), Status(500), Status(504), Garbage()], ids=str)
def test_a_write_that_was_not_applied_is_sent_again_when_that_is_certain(world: World, fault: Fault) -> None:
    """The same request, a minute after the first one ended; other batches go on meanwhile."""
    world.braintrust.faults.next("insert", fault)

    assert world.carry_out() is S.DONE
    first, _second, third, again = world.inserts
    assert again.at - first.at >= SETTLE_SECONDS
    assert third.at - first.at < SETTLE_SECONDS
    assert (again.body, again.row_ids) == (first.body, first.row_ids)
    assert world.batches[0].attempts == 2


def test_a_request_that_takes_effect_late_is_not_followed_by_another(world: World) -> None:
    """It was still on its way when the rows were first read back."""
    world.braintrust.faults.next("insert", Reset())
    world.once("query", lambda: _apply(world, world.inserts[0].body), nth=4)

    assert world.carry_out() is S.DONE
    assert len(world.inserts) == 3


def test_of_a_request_that_took_effect_in_part_only_the_rest_is_sent_again(world: World) -> None:
    world.braintrust.faults.next("insert", Reset())
    world.once("query", lambda: _apply(world, world.inserts[0].body, only="row-00"), nth=4)

    assert world.carry_out() is S.DONE
    assert [insert.row_ids for insert in world.inserts] == [
        ("row-00", "row-01"),
        ("row-02", "row-03"),
        ("row-04", "row-05"),
        ("row-01",),
    ]


@pytest.mark.parametrize("change", CHANGES)
def test_what_happens_to_a_row_before_it_is_sent_again_is_respected(world: World, change: str) -> None:
    act, reason = CHANGES[change]
    world.braintrust.faults.next("insert", Reset(), nth=2)
    world.once("query", lambda: act(world), nth=4)

    assert world.carry_out() is S.DONE
    if change == "assigned by hand to the same person":
        assert world.dropped == {}  # nobody can tell it from our own write
    else:
        assert world.dropped == {"row-03": reason}
    assert "row-03" not in world.written


def test_a_write_that_is_never_answered_stays_unknown_after_five_tries(world: World) -> None:
    """It is neither reported as written nor as certainly not; the others are."""
    world.braintrust.faults.always("insert", Reset(), when=lambda text: "row-02" in text)

    assert world.carry_out() is S.PARTIAL
    assert world.states == ["written", "unknown", "written"]
    tries = [insert.at for insert in world.inserts if "row-02" in insert.row_ids]
    assert len(tries) == MAX_TRIES
    assert all(later - earlier >= SETTLE_SECONDS for earlier, later in pairwise(tries))
    assert world.store.events()[-1]["counts"] == {"assigned": 4, "dropped": 0, "missing": 2}


def test_reading_back_survives_an_outage(world: World) -> None:
    world.braintrust.faults.next("insert", Reset(applied=True), nth=3)
    world.once("insert", lambda: world.braintrust.faults.next("query", Status(503), times=7), nth=3)

    assert world.carry_out() is S.DONE
    assert len(world.inserts) == 3


def test_a_key_that_was_withdrawn_ends_the_assignment_also_when_something_is_unknown(world: World) -> None:
    """Nothing can be read back any more, so nothing more can become known: it must not hold its project for ever."""
    world.braintrust.faults.next("insert", Reset(), nth=3)
    world.once("insert", lambda: world.braintrust.faults.always("query", Status(401)), nth=3)

    assert world.carry_out() is S.PARTIAL
    assert world.states == ["written", "written", "unknown"]
    assert "BRAINTRUST_API_KEY" in str(world.plan.reason)


# ---- too large, too fast, not allowed --------------------------------------------------------------------------------


def test_a_batch_that_is_too_large_is_halved_down_to_single_rows(sqlite: Store, braintrust: BraintrustStandIn) -> None:
    world = World(sqlite, braintrust, rows=9, size=9)
    world.add_rows()
    braintrust.faults.always("insert", Status(413), when=lambda text: text.count("_is_merge") > 1)

    assert world.carry_out() is S.DONE
    assert sorted(world.written) == world.ids
    assert len(world.batches) == 9
    assert [batch.attempts for batch in world.batches] == [1] * 9
    world.verify()


def test_a_single_row_that_is_too_large_fails_alone(sqlite: Store, braintrust: BraintrustStandIn) -> None:
    world = World(sqlite, braintrust, rows=8, size=4)
    world.add_rows()
    braintrust.faults.always("insert", Status(413), when=lambda text: "row-05" in text)

    assert world.carry_out() is S.PARTIAL
    assert sorted(world.written) == [row for row in world.ids if row != "row-05"]
    assert [batch.rows for batch in world.batches if batch.state is BatchState.FAILED] == [(("row-05", ANA.id),)]
    world.verify()


@pytest.mark.parametrize(("header", "seconds"), [({"Retry-After": "37"}, 37.0), ({}, 1.0)])
def test_a_rate_limit_on_writing_is_waited_for(world: World, header: dict[str, str], seconds: float) -> None:
    """It uses up no try, and people see why nothing moves."""
    world.braintrust.faults.next("insert", Status(429, headers=header), nth=2)

    assert world.carry_out() is S.DONE
    limited = world.inserts[1]
    assert len(world.inserts) == 4
    assert limited.row_ids in [insert.row_ids for insert in world.inserts[2:]]
    assert all(insert.at - limited.at >= seconds for insert in world.inserts[2:])
    assert [batch.attempts for batch in world.batches] == [1, 1, 1]
    assert [reason for _, reason in waited(world) if "rate limit" in reason]


def waits(world: World) -> bool:
    """Whether people see now that the assignment waits."""
    return bool(world.announcer.shown and world.announcer.shown[-1].progress.waiting)


def waited(world: World) -> list[tuple[int, str]]:
    """(rows written so far, why nothing moves), as people saw it."""
    shown = [plan.progress for plan in world.announcer.shown]
    return [(progress.rows, progress.waiting) for progress in shown if progress.waiting]


@pytest.mark.parametrize("header", ["0", "300"])
def test_a_rate_limit_that_lets_nothing_through_ends_the_assignment_and_says_so(world: World, header: str) -> None:
    world.braintrust.faults.always("insert", Status(429, headers={"Retry-After": header}))
    world.work.before_round = lambda _: world.time.jump(20) if waits(world) else None

    assert world.carry_out() is S.FAILED
    assert world.plan.reason == STILL_LIMITED
    assert world.written == []
    assert len(world.inserts) < 100
    assert all(after.at - before.at >= 1 for before, after in pairwise(world.inserts))


def test_when_the_rate_limit_is_over_people_see_that_it_goes_on(world: World) -> None:
    world.braintrust.faults.next("insert", Status(429, headers={"Retry-After": "5"}))

    world.carry_out()

    assert {rows for rows, _ in waited(world)} == {0}


def test_rate_limits_alone_never_fail_a_plan(world: World) -> None:
    world.braintrust.faults.next("insert", Status(429, headers={"Retry-After": "30"}), times=12)

    assert world.carry_out() is S.DONE
    assert world.plan.reason is None


def test_a_rate_limit_before_every_check_does_not_starve_a_plan(world: World) -> None:
    """A reading is as old as the request that was answered, not as the first one that was turned away."""
    queries: list[str] = []

    def limit_every_other(asked: Any) -> None:
        queries.append(asked.text)
        if len(queries) % 2:
            world.braintrust.faults.next("query", Status(429, headers={"Retry-After": "15"}))

    world.braintrust.faults.on_request("query", limit_every_other)

    assert world.carry_out() is S.DONE
    assert len(queries) <= 12


@pytest.mark.parametrize("status", [400, 401, 403, 404, 421])
def test_a_refusal_ends_the_assignment_and_leaves_the_rest_unsent(world: World, status: int) -> None:
    world.braintrust.faults.next("insert", Status(status), nth=2)

    assert world.carry_out() is S.PARTIAL
    assert world.states == ["written", "failed", "planned"]
    assert len(world.inserts) == 2
    assert world.plan.reason is not None
    assert str(status) in world.plan.reason
    assert world.store.events()[-1]["counts"] == {"assigned": 2, "dropped": 0, "missing": 4}


def test_a_refusal_lets_what_is_on_its_way_come_to_its_end(world: World) -> None:
    world.set(parallel_requests=3)
    gate = world.braintrust.faults.hold("insert", at="answer", when=lambda text: "row-00" in text)
    world.braintrust.faults.next("insert", Status(403), when=lambda text: "row-02" in text)
    world.work.before_round = lambda _: gate.open() if "failed" in world.states else None

    assert world.carry_out() is S.PARTIAL
    assert world.states[:2] == ["written", "failed"]


def test_a_check_that_fails_for_good_ends_the_assignment(world: World) -> None:
    world.braintrust.faults.always("query", Status(403))

    assert world.carry_out() is S.FAILED
    assert (world.states, world.inserts) == (["planned"] * 3, [])
    assert "read and update access" in str(world.plan.reason)


def test_a_braintrust_that_is_gone_ends_the_assignment(world: World) -> None:
    world.braintrust.stop()

    assert world.carry_out() is S.FAILED
    assert world.states == ["planned"] * 3
    assert "cannot be reached" in str(world.plan.reason)


# ---- stop, crash, takeover -------------------------------------------------------------------------------------------


def stop(world: World) -> bool:
    return world.store.plans.stop("plan", edition=world.plan.edition, who="UBEN", now=world.time.now())


def test_a_stop_ends_the_assignment_after_what_is_on_its_way(world: World) -> None:
    world.once("insert", lambda: stop(world), nth=2)

    assert world.carry_out() is S.STOPPED
    assert world.states == ["written", "written", "planned"]
    assert world.plan.stopped_by == "UBEN"


def test_a_stop_before_the_first_batch_writes_nothing(world: World) -> None:
    stop(world)

    assert world.carry_out() is S.STOPPED
    assert world.inserts == []


def test_a_stop_is_heard_while_a_rate_limit_is_waited_for(world: World) -> None:
    world.braintrust.faults.always("insert", Status(429, headers={"Retry-After": "300"}))
    world.once("insert", lambda: stop(world))
    began = world.time.monotonic()

    assert world.carry_out() is S.STOPPED
    assert world.time.monotonic() - began < 30


def test_a_stop_waits_until_it_is_known_what_was_written_and_sends_nothing_more(world: World) -> None:
    world.braintrust.faults.next("insert", Reset())
    world.once("insert", lambda: stop(world))

    assert world.carry_out() is S.STOPPED
    assert len(world.inserts) == 1
    assert world.states[0] in ("unknown", "planned")  # it did not appear, and is not counted as written
    assert world.states[1:] == ["planned"] * 2


@pytest.mark.parametrize("applied", [True, False])
def test_after_a_crash_what_was_on_its_way_is_read_back_first(world: World, applied: bool) -> None:
    """It is sent again only when a minute went by in which it did not appear."""
    world.begin()
    sending = begun(world.batches[0], now=world.time.now())
    world.store.batches.save(world.lease, [sending])
    if applied:
        world.client.write(PROJECT, sending.kept, Assignment(TAG))
    world.take_over()
    began = world.time.monotonic()

    world.assigning().run(world.work, world.plan)

    mine = [insert for insert in world.inserts if "row-00" in insert.row_ids]
    assert world.states == ["written"] * 3
    assert len(mine) == 1
    assert applied or mine[0].at - began >= SETTLE_SECONDS


def test_at_every_point_the_work_may_be_cut_short_and_taken_up_by_another(
    sqlite: Store, braintrust: BraintrustStandIn
) -> None:
    """Whenever a process ends, the next one brings the same plan to the same end."""
    world = World(sqlite, braintrust, rows=24, size=2)
    world.add_rows()
    world.begin()
    for patience in range(1, 40):
        world.work.before_round = _interrupting_after(lambda patience=patience: world.work.rounds > patience)  # type: ignore[misc]
        try:
            world.assigning().run(world.work, world.plan)
            break
        except WorkInterruptedError:
            world.take_over()

    assert world.states == ["written"] * 12
    assert sorted(world.written) == world.ids
    world.verify()


def test_who_lost_the_plan_sends_nothing_more(world: World) -> None:
    world.once("insert", world.take_over)
    old = world.work

    world.begin()

    with pytest.raises(LeaseLostError):
        world.assigning().run(old, world.plan)

    assert len(world.inserts) == 1
    assert world.states == ["sending", "planned", "planned"]
    world.assigning().run(world.work, world.plan)
    assert (len(world.inserts), world.states) == (3, ["written"] * 3)


def test_a_shutdown_waits_for_what_is_on_its_way(world: World) -> None:
    world.set(parallel_requests=3)
    world.work.before_round = _interrupting_after(lambda: len(world.inserts) > 0)

    with pytest.raises(WorkInterruptedError):
        world.carry_out()

    assert world.states == ["written"] * 3


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 12))])
def test_whatever_happens_the_promises_hold(sqlite: Store, braintrust: BraintrustStandIn, seed: int) -> None:
    """Faults, people and crashes in a random mix: at most one write for each row, the stored one, over nobody's."""
    dice = random.Random(seed)
    world = World(sqlite, braintrust, rows=40, size=5)
    world.add_rows()
    world.set(parallel_requests=dice.choice([1, 2, 4]))
    for kind, count in (("insert", 8), ("query", 6)):
        for _ in range(count):
            braintrust.faults.next(kind, dice.choice(_FAULTS), nth=dice.randrange(1, 15))
    braintrust.faults.on_request("query", lambda asked: _interfere(world, dice, asked.text))
    world.begin()

    for _ in range(20):
        world.work.before_round = _interrupting_after(lambda: dice.random() < 0.02)
        try:
            world.assigning().run(world.work, world.plan)
            break
        except WorkInterruptedError:
            world.take_over()

    world.verify()
    assert world.plan.state is S.REPORTING
    claimed = [row for batch in world.batches if batch.state in DONE for row, _ in batch.kept]
    assert set(claimed) - set(world.written) - _touched_by_hand(world) == set()
    unknown = [row for batch in world.batches if batch.state is BatchState.UNKNOWN for row, _ in batch.kept]
    assert set(world.written) - set(claimed) - set(unknown) - _touched_by_hand(world) == set()


_FAULTS: list[Fault] = [
    Reset(),
    Reset(applied=True),
    Status(502, applied=True),
    Status(503),
    Status(429, headers={"Retry-After": "12"}),
    Status(413),
    Garbage(),
    WrongCount(),
    CutBody(),
]


def _interfere(world: World, dice: random.Random, query: str) -> None:
    """Somebody works in Braintrust at the same time, on a row that is about to be looked at.

    What happens between that look and the write nobody can prevent; that race is admitted.
    """
    asked = [row for row in world.ids if f"'{row}'" in query]
    row, rows = dice.choice(asked), world.braintrust.rows
    if dice.random() < 0.5 or "cursor:" in query or rows.get(PROJECT, row) is None:
        return  # a second page comes after the look at what stood on the first
    acts: list[Callable[[], object]] = [
        lambda: rows.assign_by_hand(PROJECT, row, [OTHER]),
        lambda: rows.finish_by_hand(PROJECT, row),
        lambda: rows.set_tags(PROJECT, row, ["else"]),
        lambda: rows.delete(PROJECT, row),
    ]
    dice.choice(acts)()


def _touched_by_hand(world: World) -> set[str]:
    rows = {row.id: row for row in world.braintrust.rows.all(PROJECT)}
    return {
        name for name in world.ids if name not in rows or any(change.source == "hand" for change in rows[name].history)
    }


def _interrupting_after(condition: Callable[[], bool]) -> Callable[[int], None]:
    def interrupt(_number: int) -> None:
        if condition():
            raise WorkInterruptedError

    return interrupt


def _apply(world: World, body: str, *, only: str = "") -> None:
    """Let a request that was given up take effect after all."""
    events = [event for event in json.loads(body)["events"] if only in event["id"]]
    world.braintrust.rows.write(PROJECT, events)
