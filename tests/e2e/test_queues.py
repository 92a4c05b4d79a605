"""Queues: taken from a file, planned by name in Slack and on the terminal, changed by those who may."""

from pathlib import Path

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Status
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import ADA, BEN, GENERAL, REVIEWS, TAG, World

FILE = """
queues:
  support:
    project: {project}
    tag: {tag}
    days: 7
    filter: metadata.intent = 'billing'
    reviewers: [{first}, "{second}<=40"]
    channel: {channel}
  everything:
    project: {project}
    tag: {tag}
    reviewers: [{first}]
    approvers: [{approver}]
"""


def a_file(world: World, folder: Path, text: str = FILE, **changed: str) -> str:
    first, second, *_ = [user["email"] for user in world.braintrust.directory.users if user["email"]]
    values = {"project": DEFAULT_PROJECT_ID, "tag": TAG, "channel": REVIEWS, "approver": BEN}
    path = folder / "queues.yml"
    path.write_text(text.format(first=first, second=second, **(values | changed)))
    return str(path)


def matching(world: World) -> set[str]:
    """The rows that the queue `support` may hand out."""
    return {row.id for row in world.free_rows() if row.columns["metadata"]["intent"] == "billing"}


@pytest.mark.parametrize("database", DATABASES)
def test_a_queue_of_a_file_is_planned_by_name(database: str, start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world(database=database)
    file = a_file(world, tmp_path)
    meant = matching(world)

    taken = world.bot("queues", "import", file, "--yes")
    plan = world.proposed("support")
    world.press(plan, "approve")
    report = world.report(plan)

    assert taken.returncode == 0, taken.stderr
    assert "+ support is new" in taken.stdout
    assert "Queue `support`" in plan.text
    assert "metadata.intent = 'billing'" in plan.text
    assert report.text.startswith("Done.")
    assert set(world.newly_assigned()) == meant
    assert meant


def test_a_row_that_no_longer_meets_the_filter_is_left_alone(start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world()
    meant = [row.id for row in world.free_rows()[:10]]
    for row_id in meant:
        world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, row_id, [TAG, "gold"])
    gold = FILE.replace("metadata.intent = 'billing'", "tags includes 'gold'")
    world.bot("queues", "import", a_file(world, tmp_path, gold), "--yes")
    plan = world.proposed("support")
    world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, meant[0], [TAG])

    world.press(plan, "approve")
    report = world.report(plan)

    assert "1 row left out: deleted, or no longer matching the filter" in report.text
    assert [row.id for row in world.all_rows() if row.id in meant and not row.assignments] == [meant[0]]


def test_queues_are_listed_and_planned_by_their_buttons(start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world()
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")

    shown = world.type("queues")
    answer = world.wait(lambda w: next((one for one in w.ephemerals(ADA) if "*support*" in one.text), None))
    world.press(answer, "run_queue", value="support")

    assert all(name in shown for name in ("*default*", "*support*", "*everything*"))
    assert "Reading rows tagged" in world.answer(ADA, "in the queue `support`")


def test_a_queue_is_planned_in_its_channel_and_decided_by_its_approvers(
    start_world: StartWorld, tmp_path: Path
) -> None:
    world = start_world()
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")

    elsewhere = world.type("support", channel=GENERAL)
    plan = world.proposed("everything", channel=GENERAL)
    world.press(plan, "approve", user=ADA)

    assert f"Plans of the queue `support` are asked for in <#{REVIEWS}>." in elsewhere
    assert f"Approvers are <@{BEN}>." in world.answer(ADA, "Approvers are")
    world.press(plan, "approve", user=BEN)
    world.report(plan)


def test_only_admins_remove_a_queue(start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world()
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")

    world.type("queue remove support", user=BEN)
    refused = world.answer(BEN, "may change queues")
    world.type("queue remove support", user=ADA)
    removed = world.answer(ADA, "is removed")

    assert "Only owners and admins of the workspace may change queues." in refused
    assert "Its plans stay as they are." in removed
    assert "Did you mean" in world.type("suport")


@pytest.mark.parametrize(
    ("text", "changed", "sentence"),
    [
        ("queues: [", {}, "is not YAML"),
        ("rows: 5", {}, "has to begin with `queues:`"),
        ("queues: {{a: 5}}", {}, "Its fields stand below its name"),
        (FILE, {"project": "nothing"}, "support.project: The key reaches no project of this name"),
        (FILE.replace("billing'", "billing"), {}, "support.filter: The filter has a bracket or a quote"),
        (FILE.replace("days: 7", "days: many"), {}, "support.days: `days` is a whole number"),
        (FILE.replace("support:", "Support:"), {}, "Support.name: A queue's name has"),
    ],
)
def test_a_wrong_file_changes_nothing(
    world: World, tmp_path: Path, text: str, changed: dict[str, str], sentence: str
) -> None:
    refused = world.bot("queues", "import", a_file(world, tmp_path, text, **changed), "--yes")

    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert "No queue is stored." in world.bot("queues").stdout


def test_a_filter_that_braintrust_refuses_changes_nothing(world: World, tmp_path: Path) -> None:
    world.braintrust.faults.next("query", Status(400))

    refused = world.bot("queues", "import", a_file(world, tmp_path), "--yes")

    assert "support.filter: Braintrust does not understand this filter" in refused.stderr
    assert "No queue is stored." in world.bot("queues").stdout


def test_an_export_is_an_import_that_changes_nothing(world: World, tmp_path: Path) -> None:
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")
    copy = tmp_path / "copy.yml"

    exported = world.bot("queues", "export", str(copy))
    again = world.bot("queues", "import", str(copy), "--yes")
    copy.write_text(copy.read_text().replace("days: '7'", "days: 14").replace("everything", "other"))
    tried = world.bot("queues", "import", str(copy), "--dry-run")

    assert exported.returncode == again.returncode == tried.returncode == 0, exported.stderr + again.stderr
    assert "as in the file already" in again.stdout
    changes = ["- everything is removed", "+ other is new", "~ support changes", "days: 7 -> 14", "Nothing is changed."]
    assert [line for line in changes if line not in tried.stdout] == []
    assert "everything:" in world.bot("queues").stdout


def test_the_terminal_plans_a_queue(world: World, tmp_path: Path) -> None:
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")
    meant = matching(world)

    done = world.bot("plan", "support", "--yes", REVIEW_TAG="")

    assert done.returncode == 0, done.stderr
    assert "Filter: metadata.intent = 'billing'" in done.stdout
    assert set(world.newly_assigned()) == meant
