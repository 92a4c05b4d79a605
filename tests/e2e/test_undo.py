"""Taking an assignment back: only what is still exactly as it was written, and still pending."""

import sqlite3
from contextlib import closing

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Reset, Status
from tests.e2e.conftest import StartWorld
from tests.e2e.undoing import assigned, previewed, undone
from tests.e2e.world import ADA, BEN, CHLOE, REVIEWS, World


@pytest.mark.parametrize("mode", ["any", "array_delete", "empty_list", "null"])
def test_what_is_untouched_is_taken_back_in_whatever_form_braintrust_takes(world: World, mode: str) -> None:
    world.braintrust.faults.unassign = mode
    plan, report = assigned(world)
    mine = sorted(world.newly_assigned())
    for row_id in mine[:3]:
        world.braintrust.rows.finish_by_hand(DEFAULT_PROJECT_ID, row_id)
    for row_id in mine[3:5]:
        world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row_id, ["somebody-else"])

    preview = previewed(world, report)
    world.press(preview, "undo_confirm")
    reply = undone(world, plan)

    left = len(mine) - 5
    assert f"{left} rows can be taken back. Kept: 3 already reviewed and 2 changed since." in preview.text
    assert f"Undone by <@{ADA}>. Took back {left} rows; kept 3 already reviewed and 2 changed since." in reply.text
    kept = {row.id for row in world.all_rows() if row.id in mine and row.assignments}
    assert kept == set(mine[:5])
    assert {row.status for row in world.all_rows() if row.id in mine[5:]} == {"PENDING"}


def test_where_no_form_works_nothing_is_lost_and_it_is_said(world: World) -> None:
    world.braintrust.faults.unassign = "none"
    plan, report = assigned(world)

    world.press(previewed(world, report), "undo_confirm")
    reply = world.wait(
        lambda w: next((m for m in w.thread(REVIEWS, plan.ts) if "ended early" in m.text), None), seconds=90
    )

    assert reply.text.startswith("Done. Assigned")
    assert "have to be unassigned by hand" in reply.text
    assert len(world.newly_assigned()) == world.seeded.open


def test_only_those_concerned_may_undo(world: World) -> None:
    _, report = assigned(world)

    world.press(report, "undo", user=CHLOE)
    refused = world.answer(CHLOE, "may have it taken back")

    assert "Only <@U0ADA>, <@U0BEN> may have it taken back." in refused
    assert "can be taken back" in previewed(world, report, user=BEN).text


def test_after_its_hours_an_assignment_stays(world: World) -> None:
    _, report = assigned(world)
    with closing(sqlite3.connect(world.folder / "bot.db")) as database, database:
        database.execute("update plans set finished_at = '2020-01-01 00:00:00.000000'")

    world.press(report, "undo")

    assert "cannot be taken back" in world.answer(ADA, "cannot be taken back")


@pytest.mark.parametrize("fault", [Reset(), Reset(applied=True)])
def test_a_lost_answer_is_looked_into(world: World, fault: Reset) -> None:
    plan, report = assigned(world)
    preview = previewed(world, report)
    world.braintrust.faults.next("insert", fault, nth=2)

    world.press(preview, "undo_confirm")

    assert f"Took back {world.seeded.open} rows." in undone(world, plan).text


def test_a_kill_in_the_middle_of_an_undo_is_continued(start_world: StartWorld) -> None:
    world = start_world(BATCH_SIZE="50")
    plan, report = assigned(world)
    preview = previewed(world, report)
    before = world.braintrust.requests.count("insert")
    later = lambda _: world.braintrust.requests.count("insert") >= before + 3  # noqa: E731 - a condition, not a function
    with world.braintrust.faults.hold("insert", when=later) as gate:
        world.press(preview, "undo_confirm")
        gate.wait_for_arrivals(1)
        world.kill_bot()
    world.start_bot()

    assert f"Took back {world.seeded.open} rows." in undone(world, plan).text
    assert [row for row in world.written_rows() if row.assignments] == []


def test_after_an_undo_that_ended_early_a_retry_still_tells_the_truth(start_world: StartWorld) -> None:
    """The third batch is refused, then a part of the undo; at last the rest is tried again."""
    world = start_world(BATCH_SIZE="50", PARALLEL_REQUESTS="1")
    world.braintrust.faults.next("insert", Status(403), nth=3)
    plan, report = assigned(world)
    world.braintrust.faults.next("insert", Status(403), nth=3)  # after the one row that tells which form works
    world.press(previewed(world, report), "undo_confirm")
    ended = world.wait(
        lambda w: next((m for m in w.thread(REVIEWS, plan.ts) if "Taking it back ended early." in m.text), None)
    )

    world.press(ended, "retry")
    again = world.wait(lambda w: next((m for m in w.thread(REVIEWS, plan.ts) if m.text.startswith("Done.")), None))

    assert report.text.startswith(f"Partly done. Assigned 100 of {world.seeded.open} rows")
    assert "Took back 51 rows." in ended.text
    assert again.text.startswith(f"Done. Assigned {world.seeded.open} rows")
    assert "51 of the assigned rows had been taken back before." in again.text
    assert sum(bool(row.assignments) for row in world.written_rows()) == (world.seeded.open - 51)


def test_rows_that_were_taken_back_can_be_planned_again(world: World) -> None:
    plan, report = assigned(world)
    world.press(previewed(world, report), "undo_confirm")
    undone(world, plan)

    again = world.proposed()
    world.press(again, "approve")

    assert world.report(again).text.startswith(f"Done. Assigned {world.seeded.open} rows")
