"""Commands and events by signed HTTP, with a real Bolt app at the other end."""

from collections.abc import Iterator

import pytest

from sandbox.slack.payloads import event_payload
from sandbox.slack.records import SLACKBOT
from sandbox.slack.stand_in import SlackStandIn
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


def private(slack: SlackStandIn, user_id: str = "U0ADA") -> list[str]:
    return [one.text for one in slack.workspace.ephemerals(user_id)]


def test_a_command_carries_what_slack_documents(slack: SlackStandIn, listener: Listener) -> None:
    slack.command("U0ADA", CHANNEL, "quiet")

    command = listener.commands.get(timeout=30)
    assert command["command"] == "/assign-reviews"
    assert (command["user_id"], command["user_name"]) == ("U0ADA", "ada")
    assert (command["channel_id"], command["channel_name"]) == (CHANNEL, "llm-reviews")
    assert command["response_url"].startswith(slack.url)
    assert {"team_id", "team_domain", "api_app_id", "trigger_id", "is_enterprise_install", "token"} <= set(command)


def test_an_empty_acknowledgement_shows_nothing(slack: SlackStandIn) -> None:
    delivery = slack.command("U0ADA", CHANNEL, "quiet")

    assert (delivery.status, delivery.body, delivery.timed_out) == (200, "", False)
    assert slack.workspace.ephemerals() == []


def test_an_acknowledgement_with_words_is_a_private_answer(slack: SlackStandIn) -> None:
    slack.command("U0ADA", CHANNEL, "go")

    assert private(slack) == ["reading"]


def test_an_acknowledgement_can_be_replaced(slack: SlackStandIn) -> None:
    slack.command("U0ADA", CHANNEL, "later")

    slack.wait_for(lambda _: private(slack) == ["done"])


def test_slackbot_complains_about_a_broken_answer(slack: SlackStandIn) -> None:
    slack.command("U0ADA", CHANNEL, "broken")

    shown = slack.workspace.ephemerals("U0ADA")[0]
    assert (shown.user, shown.text) == (SLACKBOT, '/assign-reviews failed with the error "invalid_blocks"')


def test_after_three_seconds_slack_gives_up(slack: SlackStandIn, listener: Listener) -> None:
    slack.backend.acknowledge_seconds = 0.1

    delivery = slack.command("U0ADA", CHANNEL, "slow")
    listener.go_on.set()

    assert (delivery.status, delivery.timed_out) == (None, True)
    assert private(slack) == ['/assign-reviews failed with the error "operation_timeout"']


def test_a_bot_that_is_not_there_is_reported(slack: SlackStandIn) -> None:
    slack.bot_url = "http://127.0.0.1:9/slack/events"

    delivery = slack.command("U0ADA", CHANNEL, "go")

    assert (delivery.status, delivery.timed_out) == (None, False)
    assert private(slack) == ['/assign-reviews failed with the error "dispatch_failed"']


def test_a_wrong_signing_secret_is_refused_by_bolt(listener: Listener) -> None:
    with SlackStandIn(signing_secret="other") as slack, http_door(slack, bot(slack, listener)):
        delivery = slack.command("U0ADA", CHANNEL, "go")

    assert delivery.status == 401
    assert listener.commands.empty()


@pytest.mark.parametrize(("user", "channel"), [("U0DORA", CHANNEL), ("U0GUS", "C0SECRET"), ("U0XENIA", CHANNEL)])
def test_who_cannot_act_cannot_act(slack: SlackStandIn, user: str, channel: str) -> None:
    with pytest.raises(ValueError, match=r"deactivated|does not see"):
        slack.command(user, channel, "go")


def test_a_private_channels_name_is_not_told(slack: SlackStandIn, listener: Listener) -> None:
    slack.command("U0ADA", "C0SECRET", "quiet")

    assert listener.commands.get(timeout=30)["channel_name"] == "privategroup"


def test_a_mention_is_heard_where_the_bot_is(slack: SlackStandIn, listener: Listener) -> None:
    here = slack.mention("U0ADA", CHANNEL, "@assign-reviews hello @ben")
    there = slack.mention("U0ADA", "C0GENERAL", "hello")

    assert (here.status, there.status) == (200, None)
    assert listener.events.get(timeout=30)["text"] == "<@U0BOT> hello <@U0BEN>"
    assert listener.events.empty()
    assert slack.workspace.channel_messages("C0GENERAL")[0].text == "<@U0BOT> hello"


@pytest.mark.parametrize(("channel", "is_shared"), [(CHANNEL, False), ("C0PARTNERS", True)])
def test_an_event_says_whether_another_organisation_is_there(
    slack: SlackStandIn, channel: str, *, is_shared: bool
) -> None:
    told = event_payload(slack.backend, {"type": "app_mention", "channel": channel})

    assert told.content["is_ext_shared_channel"] is is_shared


def test_direct_messages_invitations_and_home_visits_are_heard(slack: SlackStandIn, listener: Listener) -> None:
    slack.direct_message("U0ADA", "help & more")
    slack.invite_bot("C0GENERAL", by="U0ADA")
    slack.home_opened("U0ADA")

    by_type = {event["type"]: event for event in (listener.events.get(timeout=30) for _ in range(3))}
    assert (by_type["message"]["channel_type"], by_type["message"]["text"]) == ("im", "help &amp; more")
    assert (by_type["member_joined_channel"]["user"], by_type["member_joined_channel"]["inviter"]) == ("U0BOT", "U0ADA")
    assert by_type["app_home_opened"]["tab"] == "home"
    assert "U0BOT" in slack.workspace.channel("C0GENERAL").members
