"""What changes between a plan and its approval: rows may leave it, and nothing is added or moved."""

from time import monotonic

from bot.services.writing.ledger import FRESH_SECONDS
from sandbox.braintrust.row import Row
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, REVIEWS, World


def take(world: World, rows: list[Row]) -> None:
    """Somebody assigns rows by hand in Braintrust."""
    for row in rows:
        world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row.id, ["somebody-else"])


def test_a_plan_that_lost_a_fifth_of_its_rows_goes_on(world: World) -> None:
    plan = world.proposed()
    taken = world.free_rows()[: world.seeded.open // 5]
    take(world, taken)

    world.press(plan, "approve")
    report = world.report(plan)

    assert report.text.startswith(f"Done. Assigned {world.seeded.open - len(taken)} rows")
    assert f"{len(taken)} rows left out: assigned by somebody else meanwhile" in report.text


def test_a_plan_that_lost_more_is_proposed_again_with_the_difference(world: World) -> None:
    plan = world.proposed()
    taken = world.free_rows()[: world.seeded.open // 5 + 1]
    take(world, taken)

    world.press(plan, "approve")
    second = world.shows(plan, "(version 2)")
    told = world.answer(ADA, "approve it again")
    world.press(second, "approve")
    report = world.report(plan)

    left = world.seeded.open - len(taken)
    drift = (
        f"{len(taken)} of {world.seeded.open} rows left the plan since version 1 was shown: {len(taken)} assigned by"
    )
    assert drift in second.text
    assert second.text.startswith(f"Waiting for approval: {left} rows for 5 reviewers (version 2)")
    assert drift in told
    assert report.text.startswith(f"Done. Assigned {left} rows")
    world.assert_each_written_once(by_hand=[row.id for row in taken])


def test_the_first_version_cannot_be_approved_any_more(world: World) -> None:
    plan = world.proposed()
    take(world, world.free_rows()[: world.seeded.open // 2])
    world.press(plan, "approve")
    world.shows(plan, "(version 2)")

    world.press(plan, "approve", value=f"{_plan_id(plan.text)}:1")

    assert "it is version 2 now" in world.answer(ADA, "has changed since")


def test_a_reviewer_who_left_needs_a_new_approval_and_their_rows_go_to_nobody_else(world: World) -> None:
    plan = world.proposed()
    gone = world.braintrust.directory.users.pop(0)
    before = _lines(plan.text)

    world.press(plan, "approve")
    second = world.shows(plan, "(version 2)")

    after = _lines(second.text)
    name = f"{gone['given_name']} {gone['family_name']}"
    assert "of a reviewer who cannot be given rows any more" in second.text
    assert after == {who: rows for who, rows in before.items() if who != name}


def test_a_plan_whose_rows_are_all_gone_ends_without_a_new_approval(world: World) -> None:
    plan = world.proposed()
    take(world, world.free_rows())

    world.press(plan, "approve")

    assert world.report(plan).text.startswith("Done. Assigned 0 rows: every row left the plan meanwhile.")


def test_the_check_at_approval_costs_few_queries(start_world: StartWorld) -> None:
    world = start_world(rows=10_000)
    plan = world.proposed()
    read = world.braintrust.requests.count("query")
    take(world, world.free_rows()[:3])
    began = monotonic()

    world.press(plan, "approve")
    world.report(plan, seconds=90)

    # two for 8,000 rows before they are written, of which three are taken and none is gone, and two to read them back
    read_again = 2 * int((monotonic() - began) / FRESH_SECONDS)  # on a slow machine: what was read long before
    assert 4 <= world.braintrust.requests.count("query") - read <= 4 + read_again
    assert len(world.slack.workspace.thread(REVIEWS, plan.ts)) >= 1


def _plan_id(text: str) -> str:
    return text.rsplit("plan `", maxsplit=1)[-1].split("`", maxsplit=1)[0]


def _lines(text: str) -> dict[str, str]:
    return dict(line[2:].split(": ") for line in text.splitlines() if line.startswith("• "))
