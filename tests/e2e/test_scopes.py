"""Optional scopes: without one of them the bot works, leaves that part out, and says so once where it shows."""

import pytest

from bot.adapters.slack.identity import OPTIONAL_SCOPES, SCOPES
from sandbox.slack.records import Person, UserGroup
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, REVIEWS, World

ADVICE = "Add it under OAuth &amp; Permissions, and install the app again."


def carried_out(world: World, text: str = "") -> list[str]:
    """What stands in the channel after a plan, approved, whose report agrees with the rows: the plan first."""
    plan = world.proposed(text)
    proposed = plan.text
    world.press(plan, "approve", user=BEN)
    report = world.report(plan)
    world.assert_agreement(report)
    return [proposed, *(message.text for message in world.slack.workspace.thread(REVIEWS, plan.ts))]


def test_without_files_the_report_says_why_the_list_of_rows_is_missing(world: World) -> None:
    world.slack.scopes.discard("files:write")

    plan = world.proposed()
    world.press(plan, "approve", user=BEN)
    world.shows_in_thread(plan, f"could not be attached. The Slack app lacks the scope `files:write`. {ADVICE}")

    messages = world.slack.workspace.channel_messages(REVIEWS) + world.slack.workspace.thread(REVIEWS, plan.ts)
    assert "".join(message.text for message in messages).count("files:write") == 1
    assert len(world.newly_assigned()) == world.seeded.open
    world.assert_each_written_once()


def test_without_user_groups_the_others_get_the_rows(world: World) -> None:
    email = world.braintrust.directory.users[0]["email"]
    world.slack.scopes.discard("usergroups:read")

    plan, *replies = carried_out(world, f"reviewers=@reviewers,{email}")

    assert "(the group cannot be read)" in plan
    assert f"The Slack app lacks the scope `usergroups:read`. {ADVICE}" in plan
    assert plan.count("usergroups:read") == 1
    assert "usergroups:read" not in "".join(replies)


def test_without_user_groups_an_approver_who_is_named_may_approve(start_world: StartWorld) -> None:
    world = start_world(APPROVERS=f"{BEN},S0REVIEWERS")
    world.slack.scopes.discard("usergroups:read")

    plan = world.proposed()
    world.press(plan, "approve", user=ADA)
    told = world.answer(ADA, "cannot find out whether you may do this")
    world.press(plan, "approve", user=BEN)

    assert f"lacks the scope `usergroups:read`. {ADVICE}" in told
    world.assert_agreement(world.report(plan))


def test_without_emails_who_is_named_by_email_or_mapped_gets_rows(start_world: StartWorld) -> None:
    world = start_world(REVIEWER_MAP="U0REV1=chiara@example.com")
    world.slack.workspace.put(Person("U0REV1", "rev", "Rev", "rev@elsewhere.example"))
    email = world.braintrust.directory.users[0]["email"]
    world.slack.scopes.discard("users:read.email")

    plan, *replies = carried_out(world, f"reviewers=<@U0REV1>,{email}")

    assert f"lacks the scope `users:read.email`. {ADVICE}" in plan
    assert plan.count("users:read.email") == 1
    assert plan.count("• ") == 2
    assert "users:read.email" not in "".join(replies)


@pytest.mark.parametrize("scope", sorted(OPTIONAL_SCOPES))
def test_check_warns_of_what_is_left_out_and_how_to_have_it(start_world: StartWorld, scope: str) -> None:
    world = start_world(rows=10, door="terminal")
    world.slack.scopes.discard(scope)

    world.slack.workspace.put(UserGroup("S0TEAM", "team", "Team", members=(BEN,)))

    said = world.bot(
        "check",
        APPROVERS=f"{ADA},S0TEAM",
        REVIEWERS="S0TEAM,chiara@example.com",
        REVIEWER_MAP=f"{BEN}=chiara@example.com",
    )

    assert said.returncode == 0, said.stdout
    [line] = [line for line in said.stdout.splitlines() if "SLACK_BOT_TOKEN" in line]
    assert line.startswith("warning")
    assert f"{scope} ({SCOPES[scope]})" in line
    assert "add the scope under OAuth & Permissions, and install the app again" in line
    assert "wrong" not in said.stdout


def test_check_tries_the_other_approvers_where_groups_cannot_be_read(start_world: StartWorld) -> None:
    world = start_world(rows=10, door="terminal")
    world.slack.scopes.discard("usergroups:read")

    mistyped = world.bot("check", APPROVERS=f"{ADA},S0REVIEWERS,U0NOBODY")
    alone = world.bot("check", APPROVERS=f"{ADA},S0REVIEWERS", FOUR_EYES="true")

    assert "wrong    APPROVERS: Slack knows no U0NOBODY; copy the ids again." in mistyped.stdout
    assert "warning  APPROVERS: S0REVIEWERS cannot be read; the Slack app lacks the scope" in alone.stdout
    assert "warning  FOUR_EYES: ada is the only approver" in alone.stdout
    assert alone.returncode == 0
