"""Who gets rows: people by any name, who are there, with room; and which rows belong together."""

import json
from collections import Counter, defaultdict
from typing import Any

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import Status
from sandbox.slack.records import Message, Person, UserGroup
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, REVIEWS, World

TEAM = "@raters"


def in_slack(world: World, count: int = 3, **changes: Any) -> list[str]:
    """Slack accounts for the first reviewers, their e-mails in capitals, and a user group of them; their names."""
    linked = list(zip(("U0REV1", "U0REV2", "U0REV3"), world.braintrust.directory.users[:count], strict=False))
    for slack_id, user in linked:
        world.slack.workspace.put(
            Person(slack_id, slack_id.lower(), user["given_name"], user["email"].upper(), **changes)
        )
    world.slack.workspace.put(
        UserGroup("S0TEAM", "raters", "Raters", members=tuple(slack_id for slack_id, _ in linked))
    )
    return [f"{user['given_name']} {user['family_name']}" for _, user in linked]


def shares(plan: Message) -> dict[str, int]:
    """How many rows the plan gives to whom."""
    lines = [line.removeprefix("• ").split(" · ")[0] for line in plan.text.splitlines() if line.startswith("• ")]
    return {line.rpartition(": ")[0]: int(line.rpartition(": ")[2].split()[0].replace(",", "")) for line in lines}


def carried_out(world: World, text: str) -> Message:
    """A plan, approved; the report, which agrees with the rows."""
    plan = world.proposed(text)
    world.press(plan, "approve", user=BEN)
    report = world.report(plan)
    world.assert_agreement(report)
    return plan


def test_a_user_group_of_slack_gets_the_rows(world: World) -> None:
    names = in_slack(world)

    plan = carried_out(world, f"reviewers={TEAM}")

    assert shares(plan) == dict.fromkeys(names, world.seeded.open // 3)


def test_a_group_of_braintrust_is_everybody_in_it_and_in_the_groups_within_it(world: World) -> None:
    """On the second page of groups, and with a circle among them."""
    first, second = (user["id"] for user in world.braintrust.directory.users[:2])
    inner = {"id": "00000000-0000-4000-8000-00000000000b", "name": "Inner", "member_users": [second]}
    outer = {"id": "00000000-0000-4000-8000-00000000000a", "name": "Support Team", "member_users": [first]}
    fill = [{"id": f"00000000-0000-4000-9000-{n:012}", "name": f"Group {n}", "member_users": []} for n in range(150)]
    inner["member_groups"], outer["member_groups"] = [outer["id"]], [inner["id"]]
    world.braintrust.directory.groups = [*fill, inner, outer]

    plan = carried_out(world, 'reviewers="group:support team"')

    assert len(shares(plan)) == 2


def test_who_is_not_certain_is_named_with_the_reason_and_left_out(world: World) -> None:
    names = in_slack(world)
    world.slack.workspace.change_person("U0REV2", deleted=True)
    world.slack.workspace.put(Person("U0TWIN", "twin", "Twin", world.braintrust.directory.users[2]["email"]))

    plan = carried_out(world, f"reviewers={TEAM},@assign-reviews,who@example.com")

    assert list(shares(plan)) == names[:1]
    left_out = next(line for line in plan.text.splitlines() if line.startswith("Left out: "))
    for reason in ("deactivated", "several share", "service accounts", "`who@example.com` (Braintrust does not know"):
        assert reason in left_out
    assert world.braintrust.directory.users[2]["email"].lower() not in plan.text.lower()


def test_who_is_away_gets_nothing_and_everybody_away_makes_no_plan(world: World) -> None:
    names = in_slack(world)
    world.slack.workspace.change_person("U0REV1", status_emoji=":palm_tree:", status_text="secret island")

    plan = world.proposed(f"reviewers={TEAM}")
    for slack_id in ("U0REV2", "U0REV3"):
        world.slack.workspace.change_person(slack_id, status_text="OOO")
    world.type(f"reviewers={TEAM} days=6")

    assert list(shares(plan)) == names[1:]
    assert f"`{names[0]}` (Slack status: away)" in plan.text
    assert "secret island" not in plan.text
    assert "Slack status: away" in world.answer(ADA, "Nobody who is named can be given rows")
    assert len(world.slack.workspace.channel_messages(REVIEWS)) == 1


def test_who_goes_away_before_the_approval_keeps_nothing(world: World) -> None:
    names = in_slack(world)
    plan = world.proposed(f"reviewers={TEAM}")
    world.slack.workspace.change_person("U0REV1", status_text="On leave")

    world.press(plan, "approve", user=BEN)
    second = world.shows(plan, "(version 2)")

    assert "of a reviewer who is away" in second.text
    assert list(shares(second)) == names[1:]


def test_people_say_themselves_that_they_are_away(world: World) -> None:
    in_slack(world)
    world.type("away 2027-01-04", user="U0REV1")
    world.answer("U0REV1", "You are away")

    plan = world.proposed(f"reviewers={TEAM}")
    world.type("back", user="U0REV1")
    again = world.proposed(f"reviewers={TEAM} days=6")

    assert "away until 4 January" in plan.text
    assert (len(shares(plan)), len(shares(again))) == (2, 3)


def test_while_slack_is_silent_nobody_is_taken_to_be_away(world: World) -> None:
    in_slack(world)
    world.slack.workspace.change_person("U0REV1", status_text="OOO")
    world.slack.scopes.discard("users:read.email")

    plan = world.proposed()

    assert len(shares(plan)) == 5
    assert "users:read.email" in plan.text


def test_weights_and_caps_are_kept_and_the_rest_stays_unassigned(start_world: StartWorld) -> None:
    world = start_world(MAX_NEW_ROWS="100")
    first, second = world.braintrust.directory.users[:2]

    plan = carried_out(world, f"reviewers={first['email']}:3,{second['email']} limit=120")
    capped = world.proposed(f"reviewers={first['email']},{second['id']}:0")

    assert sorted(shares(plan).values()) == [30, 90]
    assert list(shares(capped).values()) == [100]
    assert f"{world.seeded.open - 220} rows stay unassigned: nobody has room for more" in capped.text


@pytest.mark.parametrize("countable", [True, False])
def test_balanced_levels_what_people_have_open(world: World, countable: bool) -> None:
    """Also where Braintrust does not take the query that counts."""
    if not countable:
        world.braintrust.faults.always("query", Status(400), when=lambda query: "unpivot" in query)
    people = world.braintrust.directory.users[:3]
    for row in world.free_rows()[:30]:
        world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, row.id, [people[0]["id"]])

    plan = world.proposed(f"reviewers={','.join(user['email'] for user in people)} strategy=balanced")

    after = [line.split(" open, ")[1].split()[0] for line in plan.text.splitlines() if " open, " in line]
    assert max(map(int, after)) - min(map(int, after)) <= 1
    assert len(set(shares(plan).values())) > 1


def regroup_into_traces(world: World, count: int) -> None:
    """Add every row anew, as a part of one of so many traces."""
    rows = world.braintrust.rows
    for number, row in enumerate(world.all_rows()):
        rows.delete(DEFAULT_PROJECT_ID, row.id)
        kept = {"id": row.id, "created": row.created, "tags": row.tags, "metadata": {**row.metadata}}
        rows.add_many(DEFAULT_PROJECT_ID, [{**kept, "root_span_id": f"trace-{number % count}"}])
    world.before = {row.id: row for row in world.all_rows()}


def test_rows_of_one_trace_go_to_one_reviewer_and_the_file_says_so(world: World) -> None:
    regroup_into_traces(world, 40)

    carried_out(world, "group_by=trace")

    reviewers: defaultdict[str, set[str]] = defaultdict(set)
    for row in world.written_rows():
        reviewers[row.columns["root_span_id"]].update(row.assignments)
    assert {len(people) for people in reviewers.values()} == {1}
    [file] = [file for file in world.slack.workspace.files() if file.name == "to_assign_ids.json"]
    assert Counter(entry["reason"] for entry in json.loads(file.content)).most_common(1)[0][0] == "same trace"


HOSTILE = "\x1b[2J\u202eA\x00\rb: 9 rows"


def test_a_name_that_paints_over_things_is_shown_as_it_is_written(world: World) -> None:
    """In the channel, in the thread, in the file and in the log."""
    person = world.braintrust.directory.users[0]
    person["given_name"], person["family_name"] = HOSTILE, ""

    plan = world.proposed(f"reviewers={person['email']} limit=10")
    world.press(plan, "approve")
    report = world.report(plan)

    [file] = world.wait(lambda w: w.files(REVIEWS, plan.ts))
    shown = r"\u001b[2J\u202eA\u0000 b: 9 rows"
    assert f"• {shown}: 10 rows" in plan.text.replace("\u200b", "")
    assert f"• {shown}: 10 rows" in report.text.replace("\u200b", "")
    assert {entry["reviewer_name"] for entry in json.loads(file.content)} == {HOSTILE}
    for text in (file.content.decode(), world.log()):
        assert [one for one in text if not one.isprintable() and one != "\n"] == []


def test_a_field_that_no_row_has_is_named_in_the_plan(world: World) -> None:
    plan = world.proposed("group_by=metadata.sesion")

    assert "`metadata.sesion` has no value in any row, so none are kept together." in plan.text


def test_a_person_named_with_two_weights_is_told_to_name_once(world: World) -> None:
    first, second = world.braintrust.directory.users[:2]

    refused = world.type(f"reviewers={first['email']}:2,{first['email']}:3")
    plan = world.proposed(f"reviewers={second['email']}:2,{second['id']}:3")

    assert f"You name `{first['email']}:2` and `{first['email']}:3`. Name everybody once." in refused
    assert "is named with the weight 2 and with the weight 3: the weight 2 counts." in plan.text


def test_a_sample_is_a_part_of_the_rows_and_the_oldest_come_first_when_asked(world: World) -> None:
    rows = [row.id for row in world.free_rows()]

    sampled = carried_out(world, "sample=10%")
    count = len(world.newly_assigned())
    oldest = world.proposed("limit=20 order=oldest")

    assert "A sample of 10%: " in sampled.text
    assert count == round(len(rows) / 10)
    assert "Limited to the oldest 20: " in oldest.text


def test_a_large_workspace_is_listed_once_for_two_dry_runs_a_plan_and_its_approval(world: World) -> None:
    """Also with a reviewer whom nobody knows, and with news of those who are meant."""
    names = in_slack(world, 2)
    late = world.braintrust.directory.users[2]
    for n in range(20_000):
        world.slack.workspace.put(Person(f"U9{n:06}", f"p{n}", f"P {n}", f"p{n}@example.org"))
    asked = f"reviewers={TEAM},{late['email']},who@example.com"
    pages = -(-len(world.slack.workspace.people()) // 1000)

    for _ in range(2):
        world.proposed(f"{asked} dry-run")
    world.slack.workspace.change_person("U0REV1", status_emoji=":palm_tree:")
    plan = world.proposed(asked)
    before = len(world.slack.calls.of("users.list"))
    world.press(plan, "approve", user=BEN)
    world.report(plan)

    assert before == len(world.slack.calls.of("users.list")) == pages
    assert names[0] not in shares(plan)
