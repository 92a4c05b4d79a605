"""Kills and faults in the middle: the counts stay true, and each row is written once."""

import signal
from collections.abc import Callable

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Fault, Reset, Status
from sandbox.http.faults import Status as SlackStatus
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, REVIEWS, World


def test_a_kill_in_the_middle_is_continued_at_the_next_start(start_world: StartWorld) -> None:
    world = start_world(rows=2_000, BATCH_SIZE="100", PARALLEL_REQUESTS="2")
    plan = world.proposed()
    with world.braintrust.faults.hold("insert", when=_after(world, 6)) as gate:
        world.press(plan, "approve")
        gate.wait_for_arrivals(2, timeout_seconds=90)
        world.kill_bot()
    world.start_bot()
    report = world.report(plan, seconds=90)

    assert report.text.startswith(f"Done. Assigned {world.seeded.open:,} rows across 5 reviewers.")
    assert len(world.newly_assigned()) == world.seeded.open
    world.wait(lambda w: w.files(REVIEWS, plan.ts) or None)
    assert len(world.slack.workspace.thread(REVIEWS, plan.ts)) == 2  # the reply and the file
    world.assert_each_written_once()


def test_a_kill_while_reading_is_continued_at_the_next_start(start_world: StartWorld) -> None:
    world = start_world(PAGE_SIZE="50")
    with world.braintrust.faults.hold("query") as gate:
        world.type()
        gate.wait_for_arrivals(1)
        world.kill_bot()
    world.start_bot()

    plan = world.wait(lambda w: w.channel_messages(REVIEWS) or None, seconds=90)[0]
    assert f"{world.seeded.open} rows for 5 reviewers" in plan.text


def test_sigterm_finishes_what_is_on_its_way_and_leaves_the_rest_to_the_next_start(start_world: StartWorld) -> None:
    world = start_world(rows=1_000, BATCH_SIZE="50", PARALLEL_REQUESTS="2")
    plan = world.proposed()
    world.braintrust.faults.latency(0.3, kind="insert")
    world.press(plan, "approve")
    world.braintrust.requests.wait_for("insert", 2)

    code = world.stop_bot(signal.SIGTERM)
    written = len(world.newly_assigned())
    world.start_bot()
    report = world.report(plan, seconds=90)

    assert code == 0
    assert written < world.seeded.open
    assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
    assert len(world.braintrust.requests.row_ids()) == world.seeded.open
    world.assert_each_written_once()


def test_rows_that_somebody_takes_meanwhile_are_left_alone_and_counted(world: World) -> None:
    plan = world.proposed()
    free = world.free_rows()
    for row in free[:7]:
        world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row.id, ["somebody-else"])
    for row in free[7:10]:
        world.braintrust.rows.finish_by_hand(DEFAULT_PROJECT_ID, row.id)
    for row in free[10:12]:
        world.braintrust.rows.delete(DEFAULT_PROJECT_ID, row.id)
    for row in free[12:13]:
        world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, row.id, ["other"])

    world.press(plan, "approve")
    report = world.report(plan)

    assert f"Done. Assigned {world.seeded.open - 13} rows" in report.text
    assert "7 rows left out: assigned by somebody else meanwhile" in report.text
    assert "3 rows left out: finished meanwhile" in report.text
    assert "2 rows left out: deleted meanwhile" in report.text
    assert "1 row left out: no longer tagged" in report.text
    assert [row for row in world.all_rows() if row.phantom] == []


@pytest.mark.parametrize("fault", [Reset(), Reset(applied=True), Status(500), Status(502), Status(504)])
def test_a_lost_answer_is_read_back_and_nothing_is_sent_twice_without_need(world: World, fault: Fault) -> None:
    world.braintrust.faults.next("insert", fault)
    plan = world.proposed()

    world.press(plan, "approve")
    report = world.report(plan, seconds=90)

    assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
    applied = fault == Reset(applied=True)
    assert world.braintrust.requests.count("insert") == (1 if applied else 2)
    world.assert_each_written_once()


def test_a_refusal_in_the_middle_is_reported_with_what_was_written(start_world: StartWorld) -> None:
    world = start_world(rows=1_000, BATCH_SIZE="100", PARALLEL_REQUESTS="1")
    world.braintrust.faults.next(
        "insert", Status(403, "no [user_email=owner@acme.test]"), times=None, when=_after(world, 3)
    )
    plan = world.proposed()

    world.press(plan, "approve")
    report = world.report(plan)

    assigned = len(world.newly_assigned())
    assert report.text.startswith(f"Partly done. Assigned {assigned} of {world.seeded.open} rows")
    assert "100 rows could not be assigned" in report.text
    assert f"{world.seeded.open - assigned - 100} rows not sent" in report.text
    assert "Give its owner read and update access" in report.text
    assert "acme" not in report.text + world.log()


def test_the_rows_that_a_refusal_left_can_be_retried(start_world: StartWorld) -> None:
    world = start_world(rows=1_000, BATCH_SIZE="100", PARALLEL_REQUESTS="1")
    world.braintrust.faults.next("insert", Status(403), times=None, when=_after(world, 3))
    plan = world.proposed()
    world.press(plan, "approve")
    partial = world.report(plan)
    left = world.seeded.open - len(world.newly_assigned())

    world.braintrust.faults.clear()
    world.press(partial, "retry")
    report = world.wait(lambda w: next((m for m in w.thread(REVIEWS, plan.ts) if m.text.startswith("Done.")), None))

    assert f"Retry the remaining {left}" in str(partial.blocks)
    assert report.text.startswith(f"Done. Assigned {world.seeded.open} rows")
    assert report.ts == partial.ts
    world.assert_each_written_once()


def test_a_rate_limit_while_writing_never_fails_a_plan(world: World) -> None:
    world.braintrust.faults.next("insert", Status(429, headers={"Retry-After": "1"}), times=3)
    plan = world.proposed()

    world.press(plan, "approve")
    report = world.report(plan)

    assert report.text.startswith("Done.")
    world.assert_each_written_once()


@pytest.mark.parametrize("status", [301, 308])
def test_an_api_that_has_moved_is_told_with_its_new_address(world: World, status: int) -> None:
    """Not as a lack of the right to list users, which would leave out every reviewer."""
    address = {"Location": "https://api-eu.example.com/v1/user?limit=100"}
    world.braintrust.faults.always("user", Status(status, headers=address))

    world.type()

    assert "Set BRAINTRUST_API_URL to https://api-eu.example.com." in world.answer(ADA, "No plan was made")


def test_slack_may_fail_while_the_report_is_posted(world: World) -> None:
    plan = world.proposed()
    world.slack.faults.next("chat.update", SlackStatus(503), times=4)

    world.press(plan, "approve")
    report = world.report(plan, seconds=90)

    assert report.text.startswith("Done.")
    assert world.shows(plan, f"Approved by <@{ADA}>")


def _after(world: World, inserts: int) -> Callable[[str], bool]:
    """A condition that holds from the insert with this number on."""
    return lambda _text: world.braintrust.requests.count("insert") >= inserts
