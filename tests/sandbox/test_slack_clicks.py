"""Clicks, choices and modals by signed HTTP, with a real Bolt app at the other end."""

from collections.abc import Iterator

import pytest

from sandbox.slack.records import Message
from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import actions, button, option
from tests.sandbox.slack_bots import http_door
from tests.sandbox.slack_listener import Listener, bot

CHANNEL = "C0REVIEWS"


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def slack(listener: Listener) -> Iterator[SlackStandIn]:
    with SlackStandIn() as running, http_door(running, bot(running, listener)):
        yield running


def planned(slack: SlackStandIn) -> Message:
    slack.command("U0ADA", CHANNEL, "go")
    return slack.wait_for(lambda workspace: workspace.channel_messages(CHANNEL))[0]


def private(slack: SlackStandIn, user_id: str = "U0ADA") -> list[str]:
    return [one.text for one in slack.workspace.ephemerals(user_id)]


def test_a_click_carries_what_slack_documents(slack: SlackStandIn, listener: Listener) -> None:
    message = planned(slack)

    delivery = slack.press("U0BEN", message, "approve")

    click = listener.clicks.get(timeout=30)
    assert delivery.acknowledged
    assert click["type"] == "block_actions"
    assert click["user"] == {"id": "U0BEN", "username": "ben", "name": "ben", "team_id": "T0SANDBOX"}
    assert click["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": CHANNEL,
        "is_ephemeral": False,
    }
    assert click["channel"] == {"id": CHANNEL, "name": "llm-reviews"}
    assert click["message"]["blocks"] == list(message.blocks)
    action = click["actions"][0]
    assert (action["action_id"], action["value"], action["block_id"]) == ("approve", "1", "blk0")


def test_a_click_can_replace_its_message(slack: SlackStandIn) -> None:
    message = planned(slack)

    slack.press("U0BEN", message, "approve")

    slack.wait_for(lambda workspace: workspace.channel_messages(CHANNEL)[0].text == "approved")


def test_a_button_that_is_gone_cannot_be_pressed(slack: SlackStandIn) -> None:
    message = planned(slack)
    slack.workspace.edit(message, blocks=())

    with pytest.raises(ValueError, match="there is no 'approve'"):
        slack.press("U0BEN", message, "approve")


def test_a_stale_click_sends_the_old_copy(slack: SlackStandIn, listener: Listener) -> None:
    message = planned(slack)
    slack.workspace.edit(message, text="changed", blocks=())

    slack.press("U0BEN", message, "approve", value="1")

    click = listener.clicks.get(timeout=30)
    assert click["message"]["text"] == "plan"
    assert click["actions"][0]["text"]["text"] == "Approve"


def test_a_stale_click_may_name_what_never_was(slack: SlackStandIn, listener: Listener) -> None:
    message = slack.workspace.post(CHANNEL, "U0BOT", "bare")

    slack.press("U0BEN", message, "approve", value="7")

    click = listener.clicks.get(timeout=30)
    assert click["actions"][0]["value"] == "7"


def test_a_private_answer_is_pressed_by_its_reader_only(slack: SlackStandIn, listener: Listener) -> None:
    shown = slack.workspace.post(CHANNEL, "U0BOT", "sure?", seen_by="U0ADA", blocks=(actions(button(), block_id="b"),))

    with pytest.raises(ValueError, match="ben does not see"):
        slack.press("U0BEN", shown, "approve")
    slack.press("U0ADA", shown, "approve")

    slack.wait_for(lambda _: private(slack) == ["approved"])
    click = listener.clicks.get(timeout=30)
    assert click["container"]["is_ephemeral"]
    assert "message" not in click


def test_a_choice_in_a_menu_is_reported_with_its_state(slack: SlackStandIn, listener: Listener) -> None:
    message = planned(slack)

    slack.choose("U0BEN", message, "pick", "1")

    click = listener.clicks.get(timeout=30)
    assert click["actions"][0]["selected_option"] == option()
    assert click["state"]["values"]["blk0"]["pick"]["selected_option"] == option()


def test_a_submitted_modal_closes(slack: SlackStandIn, listener: Listener) -> None:
    message = planned(slack)
    slack.press("U0BEN", message, "adjust")
    view = slack.wait_for(lambda workspace: workspace.views("U0BEN"))[0]

    slack.submit("U0BEN", view, {"days": {"value": {"type": "plain_text_input", "value": "14"}}})

    told = listener.clicks.get(timeout=30)["view"]
    assert (told["private_metadata"], told["callback_id"]) == ("7", "adjust")
    assert told["state"]["values"]["days"]["value"]["value"] == "14"
    assert slack.workspace.views() == []


def test_a_modal_with_errors_stays(slack: SlackStandIn) -> None:
    slack.press("U0BEN", planned(slack), "adjust")
    view = slack.wait_for(lambda workspace: workspace.views("U0BEN"))[0]

    delivery = slack.submit("U0BEN", view, {})

    assert "errors" in delivery.body
    assert slack.workspace.views() == [view]
