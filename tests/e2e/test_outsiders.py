"""Guests, people of other organisations and shared channels: what they get from the command."""

import pytest

from sandbox.http.faults import Status as SlackStatus
from sandbox.slack.records import UserGroup
from tests.e2e.conftest import StartWorld
from tests.e2e.world import ADA, EXTERNAL, GENERAL, GUEST, PARTNERS, REVIEWS, World

CANNOT_ASK = "Guests and people from other organisations cannot ask for a plan."


@pytest.mark.parametrize(
    ("channel", "flags"),
    [(PARTNERS, {}), (REVIEWS, {"is_pending_ext_shared": True}), (GENERAL, {"is_ext_shared": True})],
)
def test_a_channel_shared_with_another_organisation_is_refused(
    world: World, channel: str, flags: dict[str, bool]
) -> None:
    world.slack.workspace.change_channel(channel, **flags)

    world.type(channel=channel)

    refusal = world.answer(ADA, "shared with another organisation")
    assert refusal.startswith("No plan was made. This channel is shared with another organisation.")
    assert f"name `{channel}` in ALLOWED_CHANNELS" in refusal
    _assert_nothing_happened(world, channel)
    assert world.slack.calls.of("conversations.join") == []


def test_a_shared_channel_that_the_operator_names_gets_its_plan(start_world: StartWorld) -> None:
    world = start_world(ALLOWED_CHANNELS=PARTNERS)

    assert "Waiting for approval: " in world.proposed(channel=PARTNERS).text


def test_a_channel_shared_between_workspaces_of_one_organisation_gets_its_plan(world: World) -> None:
    world.slack.workspace.change_channel(REVIEWS, is_org_shared=True)

    assert "Waiting for approval: " in world.proposed().text


@pytest.mark.parametrize(("user", "channel"), [(GUEST, REVIEWS), (EXTERNAL, PARTNERS)])
def test_an_outsider_cannot_ask_for_a_plan(start_world: StartWorld, user: str, channel: str) -> None:
    world = start_world(ALLOWED_CHANNELS=f"{REVIEWS},{PARTNERS}")

    world.type(user=user, channel=channel)

    assert "name you in APPROVERS" in world.answer(user, CANNOT_ASK)
    _assert_nothing_happened(world, channel)


@pytest.mark.parametrize("approvers", [f"{GUEST},{EXTERNAL}", "S0OUTSIDERS"])
@pytest.mark.parametrize(("user", "channel"), [(GUEST, REVIEWS), (EXTERNAL, PARTNERS)])
def test_an_outsider_whom_the_operator_names_can_ask(
    start_world: StartWorld, approvers: str, user: str, channel: str
) -> None:
    world = start_world(ALLOWED_CHANNELS=f"{REVIEWS},{PARTNERS}", APPROVERS=approvers)
    world.slack.workspace.put(UserGroup("S0OUTSIDERS", "outsiders", "Outsiders", (GUEST, EXTERNAL)))

    assert "Waiting for approval: " in world.proposed(user=user, channel=channel).text


@pytest.mark.parametrize(("user", "channel"), [(GUEST, REVIEWS), (EXTERNAL, PARTNERS)])
def test_everybody_gets_help(world: World, user: str, channel: str) -> None:
    assert "dry-run" in world.type("help", user=user, channel=channel)


def test_an_outsider_is_acknowledged_while_slack_is_slow(world: World) -> None:
    world.slack.faults.latency(4, "users.info")

    acknowledged = world.type(user=GUEST)

    assert acknowledged.startswith("Reading rows tagged")
    assert CANNOT_ASK in world.answer(GUEST, CANNOT_ASK)
    _assert_nothing_happened(world, REVIEWS)


def test_while_slack_does_not_say_who_asks_nothing_is_read(world: World) -> None:
    world.slack.faults.next("users.info", SlackStatus(503), times=1)

    world.type(user=GUEST)

    assert CANNOT_ASK in world.answer(GUEST, CANNOT_ASK)
    _assert_nothing_happened(world, REVIEWS)


def _assert_nothing_happened(world: World, channel: str) -> None:
    assert world.braintrust.requests.count("query") == 0
    assert world.slack.workspace.channel_messages(channel) == []
