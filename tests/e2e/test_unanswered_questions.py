"""What Slack refuses to tell of people and channels is neither yes nor no: people read what is to be mended."""

import pytest

from sandbox.http.faults import Error
from sandbox.http.faults import Status as SlackStatus
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, BEN, PARTNERS, REVIEWS, World


@pytest.mark.parametrize(
    ("approvers", "method", "scope"),
    [("", "users.info", "users:read"), ("S0REVIEWERS", "usergroups.users.list", "usergroups:read")],
)
def test_an_approval_that_nobody_can_judge_changes_nothing_and_names_the_scope(
    start_world: StartWorld, approvers: str, method: str, scope: str
) -> None:
    world = start_world(APPROVERS=approvers)
    plan = world.proposed()
    world.slack.scopes.discard(scope)

    world.press(plan, "approve", user=BEN)

    told = world.answer(BEN, "cannot find out whether you may do this")
    assert f"lacks the scope `{scope}`" in told
    assert "Guests" not in told
    assert "Approvers are" not in told
    assert f"`{scope}`" in world.log()
    assert world.newly_assigned() == {}


def test_an_approval_while_slack_is_away_is_to_be_pressed_again(world: World) -> None:
    plan = world.proposed()
    world.slack.faults.next("users.info", SlackStatus(503))

    world.press(plan, "approve", user=BEN)
    told = world.answer(BEN, "Slack does not say just now")
    world.press(plan, "approve", user=BEN)

    assert "Nothing was changed: press again in a minute." in told
    assert world.report(plan).text.startswith("Done.")


@pytest.mark.parametrize("scope", ["users:read", "channels:read"])
def test_a_request_that_nobody_can_judge_reads_nothing_and_names_the_scope(world: World, scope: str) -> None:
    world.slack.scopes.discard(scope)

    world.type()

    told = world.answer(ADA, "No plan was made.")
    assert f"lacks the scope `{scope}`" in told
    assert "Guests" not in told
    assert world.braintrust.requests.count("query") == 0


def test_a_channel_that_slack_does_not_tell_of_at_once_is_not_taken_for_unshared(world: World) -> None:
    world.slack.faults.next("conversations.info", SlackStatus(503))

    world.type(channel=PARTNERS)

    assert "shared with another organisation" in world.answer(ADA, "shared with another organisation")
    assert world.slack.workspace.channel_messages(PARTNERS) == []


def test_reviewers_in_a_group_that_cannot_be_read_are_left_out_with_the_scope(world: World) -> None:
    world.slack.scopes.discard("usergroups:read")

    plan = world.proposed(f"reviewers=@reviewers,{world.braintrust.directory.users[0]['email']}")

    assert "(the group cannot be read)" in plan.text
    assert "who is in `S0REVIEWERS`. The Slack app lacks the scope `usergroups:read`" in plan.text


def test_a_group_of_which_slack_refuses_to_tell_for_another_reason_is_told_with_it(start_world: StartWorld) -> None:
    world = start_world(APPROVERS="S0REVIEWERS")
    plan = world.proposed()
    world.slack.faults.next("usergroups.users.list", Error("plan_upgrade_required"))

    world.press(plan, "approve", user=BEN)

    assert "plan_upgrade_required" in world.answer(BEN, "cannot find out")
    assert [message.ts for message in world.slack.workspace.channel_messages(REVIEWS)] == [plan.ts]
