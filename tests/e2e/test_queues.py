"""Queues: taken from a file, planned by name in Slack and on the terminal, changed by those who may."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Delay, Error, Status
from sandbox.slack.records import View
from tests.e2e.conftest import DATABASES, StartWorld
from tests.e2e.world import ADA, BEN, GENERAL, REVIEWS, TAG, World

FILE = """
queues:
  support:
    project: {project}
    tag: {tag}
    days: 7
    filter: metadata.model = 'gpt-4.1'
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
    return {row.id for row in world.free_rows() if row.columns["metadata"]["model"] == "gpt-4.1"}


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
    assert "metadata.model = 'gpt-4.1'" in plan.text
    assert report.text.startswith("Done.")
    assert set(world.newly_assigned()) == meant
    assert meant


def test_a_row_that_no_longer_meets_the_filter_is_left_alone(start_world: StartWorld, tmp_path: Path) -> None:
    world = start_world()
    meant = [row.id for row in world.free_rows()[:10]]
    for row_id in meant:
        world.braintrust.rows.set_tags(DEFAULT_PROJECT_ID, row_id, [TAG, "gold"])
    gold = FILE.replace("metadata.model = 'gpt-4.1'", "tags includes 'gold'")
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

    assert "Only owners and admins of the workspace may change queues and schedules." in refused
    assert "Its plans stay as they are." in removed
    assert "Did you mean" in world.type("suport")


@pytest.mark.parametrize(
    ("text", "changed", "sentence"),
    [
        ("queues: [", {}, "is not YAML"),
        ("rows: 5", {}, "has to begin with `queues:`"),
        ("queues: {{a: 5}}", {}, "Its fields stand below its name"),
        (FILE, {"project": "nothing"}, "support.project: The key reaches no project of this name"),
        (FILE.replace("gpt-4.1'", "gpt-4.1"), {}, "support.filter: The filter has a bracket or a quote"),
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
    piped = world.bot("queues", "export", "/dev/stdout")
    again = world.bot("queues", "import", str(copy), "--yes")
    copy.write_text(copy.read_text().replace("days: '7'", "days: 14").replace("everything", "other"))
    tried = world.bot("queues", "import", str(copy), "--dry-run")

    assert copy.stat().st_mode & 0o777 == 0o600
    assert "  support:" in piped.stdout
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
    assert "Filter: metadata.model = 'gpt-4.1'" in done.stdout
    assert set(world.newly_assigned()) == meant


def submitted(world: World, view: View, **typed: str) -> dict[str, str]:
    """Fill in the form and save it; what is said beside the fields."""
    kinds = {block["block_id"]: block["element"] for block in view.content["blocks"] if block["type"] == "input"}
    values = {name: {"value": _state(kinds[name]["type"], text)} for name, text in typed.items()}
    delivery = world.slack.submit(ADA, view, values)
    assert delivery.acknowledged
    errors: dict[str, str] = json.loads(delivery.body or "{}").get("errors", {})
    return errors


def _state(kind: str, text: str) -> dict[str, Any]:
    keys = {"static_select": "selected_option", "conversations_select": "selected_conversation"}
    if kind == "multi_users_select":
        return {"type": kind, "selected_users": text.split(",")}
    value = {"value": text} if kind == "static_select" else text
    return {"type": kind, keys.get(kind, "value"): value}


def form(world: World, user: str = ADA) -> View:
    """The form, once it is there."""
    return world.wait(lambda w: next((view for view in w.views(user) if "submit" in view.content), None))


def says(world: World, words: str, user: str = ADA) -> View:
    """The modal that says these words, once it does."""
    return world.wait(lambda w: next((view for view in w.views(user) if words in str(view.content)), None))


def good(world: World) -> dict[str, str]:
    first, second, *_ = [user["email"] for user in world.braintrust.directory.users if user["email"]]
    return {
        "name": "support",
        "project": DEFAULT_PROJECT_ID,
        "tag": TAG,
        "days": "7",
        "filter": "metadata.model = 'gpt-4.1'",
        "reviewers": f"{first}, {second}<=40",
        "strategy": "balanced",
        "group_by": "trace",
        "max_open_rows": "500",
        "max_new_rows": "400",
        "limit": "300",
        "channel": REVIEWS,
        "approvers": f"{ADA},{BEN}",
    }


WRONG = {
    "name": "Support",
    "project": "nothing",
    "tag": "a\\b",
    "days": "0",
    "filter": "metadata.model = 'gpt-4.1",
    "reviewers": "somebody",
    "group_by": "intent",
    "max_open_rows": "0",
    "max_new_rows": "0",
    "limit": "0",
}


@pytest.mark.parametrize("database", DATABASES)
def test_a_queue_is_made_in_the_form_where_each_field_was_wrong_once(database: str, start_world: StartWorld) -> None:
    world = start_world(database=database)
    world.slack.command(ADA, REVIEWS, "queue new")
    view = form(world)

    for name, text in WRONG.items():
        problems = submitted(world, view, **(good(world) | {name: text}))
        assert problems.keys() == {name}, problems
    assert submitted(world, view, **(good(world) | {"days": "0", "limit": "0"})).keys() == {"days", "limit"}
    assert submitted(world, view, **good(world)) == {}
    meant = matching(world)
    saved = says(world, "Saved.")
    plan = world.proposed("support")

    assert f"{len(meant):,} unassigned" in str(saved.content)
    assert plan.text.count("Queue `support`") == 1


def test_what_braintrust_refuses_is_said_beside_the_filter(world: World) -> None:
    world.slack.command(ADA, REVIEWS, "queue new")
    world.braintrust.faults.next("query", Status(400))

    assert submitted(world, form(world), **good(world)).keys() == {"filter"}


def test_of_two_editors_the_second_is_told_and_keeps_what_they_typed(world: World, tmp_path: Path) -> None:
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")
    world.slack.command(ADA, REVIEWS, "queue edit support")
    view = form(world)
    world.bot("queues", "import", a_file(world, tmp_path, FILE.replace("days: 7", "days: 3")), "--yes")
    typed = good(world) | {"limit": "20"}
    del typed["name"]

    assert submitted(world, view, **typed) == {}
    told = says(world, "Somebody saved this queue meanwhile")
    initial = {block.get("block_id"): block["element"].get("initial_value") for block in told.content["blocks"][2:]}
    submitted(world, told, **typed)
    says(world, "Saved.")

    assert "Days: `3`" in str(told.content)
    assert (initial["limit"], initial["days"]) == ("20", "7")
    assert "limit 20" in world.bot("queues").stdout


def test_while_braintrust_is_slow_the_form_waits_and_then_says_what_is_wrong(world: World) -> None:
    world.slack.command(ADA, REVIEWS, "queue new")
    world.braintrust.faults.next("project", Delay(4))
    view = form(world)

    assert submitted(world, view, **(good(world) | {"project": "nothing"})) == {}
    says(world, "The queue is tried")
    says(world, "The key reaches no project of this name")


def test_who_may_not_change_queues_is_told_in_the_form_s_place(world: World) -> None:
    world.slack.command(BEN, REVIEWS, "queue new")
    says(world, "Only owners and admins of the workspace may change queues and schedules.", user=BEN)

    world.slack.command(ADA, REVIEWS, "queue edit nothing")
    says(world, "There is no queue `nothing`.")


def test_a_form_that_slack_does_not_open_is_told_of(world: World) -> None:
    world.slack.faults.next("views.open", Error("expired_trigger_id"))

    world.slack.command(ADA, REVIEWS, "queue new")

    assert "Please try again." in world.answer(ADA, "could not be opened")


def test_the_queue_of_the_settings_is_changed_by_the_operator(world: World) -> None:
    world.slack.command(ADA, REVIEWS, "queue edit default")
    world.type("queue remove default")

    says(world, "so the operator changes it")
    assert "so the operator changes it" in world.answer(ADA, "operator")
    assert "BRAINTRUST_PROJECT_ID is not set" in world.bot("plan", "default", BRAINTRUST_PROJECT_ID="").stderr


def test_forms_open_from_the_list(world: World, tmp_path: Path) -> None:
    world.bot("queues", "import", a_file(world, tmp_path), "--yes")
    world.type("queues")
    answer = world.wait(lambda w: next((one for one in w.ephemerals(ADA) if "*support*" in one.text), None))

    world.press(answer, "edit_queue", value="support")
    assert "*support*" in str(form(world).content)
    world.press(answer, "new_queue")
    says(world, "New queue")
