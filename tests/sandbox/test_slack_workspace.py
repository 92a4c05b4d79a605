"""The workspace: snapshots, waiting, watching."""

import threading

import pytest

from sandbox.slack.clock import Clock
from sandbox.slack.records import Item
from sandbox.slack.rendering import transcript
from sandbox.slack.sample import sample_workspace
from sandbox.slack.stand_in import SlackStandIn
from sandbox.slack.workspace import Workspace
from tests.sandbox.slack_blocks import actions, button

CHANNEL = "C0REVIEWS"


@pytest.fixture
def workspace() -> Workspace:
    return sample_workspace()


def test_the_sample_has_everybody_a_test_needs(workspace: Workspace) -> None:
    people = [person for person in workspace.people() if not person.is_bot]

    assert len(people) == 6
    assert [person.name for person in people if person.is_admin] == ["ada"]
    assert [person.name for person in people if person.is_restricted] == ["gus"]
    assert [person.name for person in people if person.is_stranger] == ["xenia"]
    assert [person.name for person in people if person.deleted] == ["dora"]
    assert workspace.bot.id in workspace.channel("C0REVIEWS").members
    assert workspace.bot.id not in workspace.channel("C0GENERAL").members
    assert workspace.channel("C0SECRET").is_private
    assert [channel.name for channel in workspace.channels() if channel.is_shared] == ["partner-reviews"]
    assert workspace.person("U0ADA").email == "ada@example.com"


def test_what_somebody_holds_stays_as_it_was(workspace: Workspace) -> None:
    held = workspace.post(CHANNEL, "U0BOT", "one")

    workspace.edit(held, text="two")

    now = workspace.message(CHANNEL, held.ts)
    assert now is not None
    assert (held.text, now.text) == ("one", "two")


def test_members_come_and_go(workspace: Workspace) -> None:
    workspace.join("C0GENERAL", "U0BOT")
    workspace.leave("C0GENERAL", "U0ADA")

    members = workspace.channel("C0GENERAL").members
    assert "U0BOT" in members
    assert "U0ADA" not in members


@pytest.mark.parametrize("flags", [{}, {"is_org_shared": True}, {"is_pending_ext_shared": True}])
def test_a_stranger_is_only_where_another_organisation_is(workspace: Workspace, flags: dict[str, bool]) -> None:
    workspace.change_channel("C0GENERAL", **flags)

    with pytest.raises(ValueError, match="which no other organisation shares"):
        workspace.join("C0GENERAL", "U0XENIA")
    with pytest.raises(ValueError, match="which no other organisation shares"):
        workspace.change_channel("C0PARTNERS", is_ext_shared=False)

    assert "U0XENIA" not in workspace.channel("C0GENERAL").members
    assert "U0XENIA" in workspace.channel("C0PARTNERS").members


def test_an_unknown_id_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(KeyError):
        workspace.channel("C0NOWHERE")


def test_waiting_ends_with_the_change_it_waits_for() -> None:
    slack = SlackStandIn()
    speaker = threading.Thread(target=slack.workspace.post, args=(CHANNEL, "U0ADA", "now"))
    speaker.start()

    said = slack.wait_for(lambda workspace: workspace.channel_messages(CHANNEL))
    speaker.join()

    assert [one.text for one in said] == ["now"]


def test_waiting_in_vain_shows_everything_that_was_said() -> None:
    slack = SlackStandIn()
    parent = slack.workspace.post(CHANNEL, "U0BOT", "plan", blocks=(actions(button()),))
    slack.workspace.post(CHANNEL, "U0ADA", "why?", thread_ts=parent.ts)
    slack.workspace.post(CHANNEL, "U0BOT", "not you", seen_by="U0BEN")

    with pytest.raises(AssertionError) as caught:
        slack.wait_for(lambda _: False, timeout_seconds=0)

    told = str(caught.value)
    assert "[Approve]" in told
    assert f"> thread {parent.ts}" in told
    assert "assign-reviews to ben only" in told


def test_a_silent_workspace_says_so(workspace: Workspace) -> None:
    assert transcript(workspace) == "(nothing was said)"


def test_watchers_see_every_change_in_order(workspace: Workspace) -> None:
    seen: list[Item] = []
    workspace.subscribe(seen.append)

    message = workspace.post(CHANNEL, "U0BOT", "one")
    edited = workspace.edit(message, text="two")
    workspace.drop(message)
    shown = workspace.post(CHANNEL, "U0BOT", "psst", seen_by="U0ADA")
    replaced = workspace.edit(shown, text="hm")
    workspace.drop(shown)

    assert seen == [message, edited, edited, shown, replaced, replaced]


def test_time_can_be_moved() -> None:
    clock = Clock()
    before = clock.next_ts()

    clock.advance(3600)

    assert float(clock.next_ts()) - float(before) >= 3600
