"""The main job: command, plan, approval, counts; through both doors."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.slack.records import Message
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, REVIEWS, TAG, World

LINE = re.compile(r"• (?P<name>.+): (?P<rows>[\d,]+) rows?")


def counts_in(message: Message) -> dict[str, int]:
    """Rows per reviewer, as a message says them."""
    return {found["name"]: int(found["rows"].replace(",", "")) for found in LINE.finditer(message.text)}


def names(world: World) -> dict[str, str]:
    """Braintrust's users by id."""
    return {
        user["id"]: f"{user['given_name']} {user['family_name']}"
        for user in world.braintrust.directory.users
        if user["email"]
    }


@pytest.mark.parametrize("door", ["http", "socket"])
def test_the_command_leads_to_assigned_rows_and_exact_counts(start_world: StartWorld, door: str) -> None:
    world = start_world(rows=2_500, door=door)

    plan = world.proposed()
    world.press(plan, "approve")
    report = world.report(plan)

    assigned = world.newly_assigned()
    per_name = Counter(names(world)[who] for (who,) in assigned.values())
    assert len(assigned) == world.seeded.open
    assert report.text.startswith(f"Done. Assigned {world.seeded.open:,} rows across 5 reviewers.")
    assert counts_in(report) == counts_in(plan) == dict(per_name)
    world.assert_each_written_once()


def test_rows_with_odd_ids_leave_the_plan_counted_and_named_in_the_log(world: World) -> None:
    """A tag's plan is not lost over one of its rows."""
    for odd in ("back\\slash", "line\nbreak"):
        world.braintrust.rows.add(
            DEFAULT_PROJECT_ID, id=odd, created=datetime.now(UTC) - timedelta(minutes=1), tags=[TAG]
        )

    plan = world.proposed()
    world.press(plan, "approve")
    report = world.report(plan)

    assert "*2* with an id that cannot be used" in plan.text
    assert report.text.startswith(f"Done. Assigned {world.seeded.open:,} rows")
    world.wait_for_log("rows have ids that cannot be asked for")
    world.assert_each_written_once()


def test_statuses_that_are_not_known_are_named_and_can_be_opened(start_world: StartWorld) -> None:
    """Braintrust's words are not documented: people see them, and say which rows can still be assigned."""
    worlds = [start_world(OPEN_STATUSES=words) for words in ("PENDING,BACKLOG", "pending,Triage")]
    for world in worlds:
        for number, status in enumerate(["TRIAGE", "Triage", "Backlog", "SIGNED_OFF"]):
            row_id, lists = f"odd-{number}", {"__bt_default_review_list": {"status": status}}
            metadata = {"~__bt_review_lists": lists}
            world.braintrust.rows.add(
                DEFAULT_PROJECT_ID,
                id=row_id,
                created=datetime.now(UTC) - timedelta(minutes=1),
                tags=[TAG],
                metadata=metadata,
            )

    texts = [world.proposed().text for world in worlds]

    opened = [world.seeded.open + more for world, more in zip(worlds, (1, 2), strict=True)]
    assert [f"*{count}* unassigned" in text for count, text in zip(opened, texts, strict=True)] == [True, True]
    assert all(f"1 `{word}`" in texts[0] for word in ("TRIAGE", "Triage", "SIGNED_OFF"))
    assert all(f"1 `{word}`" in texts[1] for word in ("Backlog", "SIGNED_OFF"))


def test_the_plan_says_what_was_found_and_the_result_is_attached(world: World) -> None:
    plan = world.proposed()
    world.press(plan, "approve")
    world.report(plan)
    [file] = world.wait(lambda w: w.files(REVIEWS, plan.ts))

    seeded = world.seeded
    assert f"*{seeded.matching}* matched" in plan.text
    assert f"*{seeded.assigned}* already assigned" in plan.text
    assert f"*{seeded.finished}* finished without an assignee" in plan.text
    assert f"*{seeded.open}* unassigned" in plan.text
    entries = json.loads(file.content)
    assert file.name == "to_assign_ids.json"
    assert {entry["row_id"]: (entry["reviewer_id"],) for entry in entries} == world.newly_assigned()
    assert all(entry["reviewer_name"] == names(world)[entry["reviewer_id"]] for entry in entries)
    assert b"@" not in file.content


def test_a_decided_plan_loses_its_buttons_and_says_who_decided(world: World) -> None:
    plan = world.proposed()
    world.press(plan, "approve")
    decided = world.shows(plan, f"Approved by <@{ADA}>")

    assert [block["type"] for block in plan.blocks].count("actions") == 1
    assert not [block for block in decided.blocks if block["type"] == "actions"]


def test_the_private_answer_follows_the_reading_and_ends_with_a_link(world: World) -> None:
    first = world.type()

    last = world.answer(ADA, "The plan is ready")

    [plan] = world.slack.workspace.channel_messages(REVIEWS)
    assert first.startswith("Reading rows tagged `needs-review` of the last 7 days")
    assert f"p{plan.ts.replace('.', '')}" in last
    assert len(world.slack.workspace.ephemerals(ADA)) == 1


def test_the_answer_shows_the_progress_of_a_slow_reading(start_world: StartWorld) -> None:
    world = start_world(PAGE_SIZE="50")
    world.braintrust.faults.latency(1.2, kind="query")

    world.type()

    assert re.search(r"Page \d, \d+ rows\.", world.answer(ADA, "Page "))


def test_a_second_run_finds_nothing_left_and_posts_nothing(world: World) -> None:
    plan = world.proposed()
    world.press(plan, "approve")
    world.report(plan)

    world.type()
    answer = world.answer(ADA, "Nothing to assign")

    assert f"{world.seeded.assigned + world.seeded.open} already assigned" in answer
    assert len(world.slack.workspace.channel_messages(REVIEWS)) == 1


def test_the_same_command_again_leads_to_the_live_plan_and_costs_no_query(world: World) -> None:
    plan = world.proposed()
    world.answer(ADA, "The plan is ready")
    queries = world.braintrust.requests.count("query")

    answer = world.type(user=BEN)

    assert f"p{plan.ts.replace('.', '')}|The same plan> waits for approval already, asked for by <@{ADA}>" in answer
    assert world.braintrust.requests.count("query") == queries
    assert len(world.slack.workspace.channel_messages(REVIEWS)) == 1


def test_a_dry_run_is_shown_without_buttons_and_assigns_nothing(world: World) -> None:
    plan = world.proposed("dry-run")

    assert plan.text.startswith("Dry run: ")
    assert not [block for block in plan.blocks if block["type"] == "actions"]
    assert world.newly_assigned() == {}


def test_the_extra_rows_fall_to_others_the_next_time(start_world: StartWorld) -> None:
    world = start_world(rows=300)

    first = world.proposed("limit=7")
    world.press(first, "approve")
    world.report(first)
    second = world.proposed("limit=7")

    more = [{name for name, rows in counts_in(plan).items() if rows == 2} for plan in (first, second)]
    assert [len(people) for people in more] == [2, 2]
    assert not more[0] & more[1]


def test_sixty_reviewers_fit_a_message_and_the_file_has_everything(start_world: StartWorld) -> None:
    ids = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(60)]
    world = start_world(rows=600, REVIEWERS=",".join(ids))
    world.braintrust.directory.users[:] = [
        {"id": user_id, "given_name": "Reviewer", "family_name": f"No {number}", "email": f"no{number}@example.com"}
        for number, user_id in enumerate(ids)
    ]

    plan = world.proposed()
    [file] = world.wait(lambda w: w.files(REVIEWS, plan.ts))

    assert "and 40 more" in plan.text
    assert len({entry["reviewer_id"] for entry in json.loads(file.content)}) == 60
