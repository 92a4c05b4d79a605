"""response_url: five uses in thirty minutes, private unless said otherwise."""

import json
from typing import Any

import pytest
from slack_sdk.webhook import WebhookClient

from sandbox.slack.limits import RESPONSE_URL_SECONDS, RESPONSE_URL_USES
from sandbox.slack.records import Message
from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import actions, button, section

CHANNEL = "C0REVIEWS"


@pytest.fixture
def of_command(slack: SlackStandIn) -> WebhookClient:
    return WebhookClient(slack.response_urls.issue(CHANNEL, "U0ADA"), retry_handlers=[])


@pytest.fixture
def plan(slack: SlackStandIn) -> Message:
    return slack.workspace.post(CHANNEL, "U0BOT", "plan", blocks=(actions(button()),))


@pytest.fixture
def of_click(slack: SlackStandIn, plan: Message) -> WebhookClient:
    return WebhookClient(slack.response_urls.issue(CHANNEL, "U0ADA", plan), retry_handlers=[])


def private(slack: SlackStandIn, user_id: str = "U0ADA") -> list[str]:
    return [one.text for one in slack.workspace.ephemerals(user_id, CHANNEL)]


def public(slack: SlackStandIn) -> list[str]:
    return [one.text for one in slack.workspace.channel_messages(CHANNEL)]


def test_an_answer_is_private(slack: SlackStandIn, of_command: WebhookClient) -> None:
    answer = of_command.send(text="hello", blocks=[section("hello")])

    assert (answer.status_code, answer.body) == (200, "ok")
    assert private(slack) == ["hello"]
    assert public(slack) == []


def test_a_sixth_use_is_refused(slack: SlackStandIn, of_command: WebhookClient) -> None:
    statuses = [of_command.send(text=str(number)).status_code for number in range(RESPONSE_URL_USES + 1)]

    assert statuses == [200] * 5 + [404]
    assert slack.calls.of("response_url")[-1].error == "used_url"
    assert len(private(slack)) == 5


def test_after_thirty_minutes_it_is_over(slack: SlackStandIn, of_command: WebhookClient) -> None:
    slack.clock.advance(RESPONSE_URL_SECONDS + 1)

    answer = of_command.send(text="late")

    assert (answer.status_code, json.loads(answer.body)["error"]) == (404, "expired_url")


def test_an_invented_address_is_refused(slack: SlackStandIn) -> None:
    assert WebhookClient(f"{slack.url}/respond/nothing").send(text="x").status_code == 404


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_text"),
        ({"text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"txet": "x"}, "invalid_arguments"),
        ({"text": "x", "response_type": "in_channel"}, "invalid_arguments"),
        ({"delete_original": True}, "invalid_arguments"),
    ],
)
def test_what_is_wrong_is_refused_and_costs_no_use(
    slack: SlackStandIn, of_command: WebhookClient, body: dict[str, Any], error: str
) -> None:
    answer = of_command.send_dict(body)

    assert (answer.status_code, json.loads(answer.body)["error"]) == (400, error)
    assert [of_command.send(text="x").status_code for _ in range(RESPONSE_URL_USES)] == [200] * 5


def test_a_command_replaces_its_former_answer(slack: SlackStandIn, of_command: WebhookClient) -> None:
    of_command.send(text="working")
    of_command.send(text="done", replace_original=True)

    shown = slack.workspace.ephemerals("U0ADA")[0]
    assert private(slack) == ["done"]
    assert [one.text for one in shown.history] == ["working"]


def test_an_acknowledgement_that_is_overtaken_does_not_come_back(
    slack: SlackStandIn, of_command: WebhookClient
) -> None:
    """The bot's next answer may reach Slack before its acknowledgement does."""
    of_command.send(text="done", replace_original=True)

    slack.response_urls.acknowledge(of_command.url, {"text": "working"})

    assert private(slack) == ["done"]


def test_a_click_replaces_the_message_it_came_from(slack: SlackStandIn, of_click: WebhookClient, plan: Message) -> None:
    of_click.send(text="just you")
    of_click.send(text="approved", replace_original=True)

    now = slack.workspace.message(CHANNEL, plan.ts)
    assert now is not None
    assert (now.text, now.blocks, now.history[0].text) == ("approved", (), "plan")
    assert private(slack) == ["just you"]


def test_a_click_on_a_private_answer_replaces_that(slack: SlackStandIn) -> None:
    shown = slack.workspace.post(CHANNEL, "U0BOT", "sure?", seen_by="U0ADA", blocks=(actions(button()),))
    hook = WebhookClient(slack.response_urls.issue(CHANNEL, "U0ADA", shown))

    hook.send(text="another")
    hook.send(text="yes", replace_original=True)

    assert private(slack) == ["yes", "another"]


def test_nothing_replaces_what_is_gone(slack: SlackStandIn, of_click: WebhookClient, plan: Message) -> None:
    slack.workspace.drop(plan)

    assert of_click.send(text="approved", replace_original=True).status_code == 400
