"""Ordered faults: each does what its name says, once, and only to its method."""

import time
from urllib.error import URLError

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from sandbox.http.faults import Error, Reset, Status
from sandbox.slack.stand_in import SlackStandIn

CHANNEL = "C0REVIEWS"
POST = "chat.postMessage"


def test_an_error_is_answered_and_nothing_is_applied(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.next(POST, Error("fatal_error"))

    with pytest.raises(SlackApiError, match="fatal_error"):
        client.chat_postMessage(channel=CHANNEL, text="x")

    assert slack.workspace.messages() == []


def test_a_rate_limit_says_when_to_come_back(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.next(POST, Status(429, headers={"Retry-After": "7"}))

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x")

    response = caught.value.response
    assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "7")


def test_a_status_comes_without_json(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.next(POST, Status(503))

    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x")

    assert caught.value.response.status_code == 503


@pytest.mark.parametrize(("fault", "said"), [(Reset(), []), (Reset(applied=True), ["x"])])
def test_a_reset_cuts_the_connection(slack: SlackStandIn, client: WebClient, fault: Reset, said: list[str]) -> None:
    slack.faults.next(POST, fault)

    with pytest.raises((ConnectionError, URLError)):
        client.chat_postMessage(channel=CHANNEL, text="x")

    assert [one.text for one in slack.workspace.messages()] == said
    assert [(call.answer, call.status) for call in slack.calls] == [(None, 0)]


def test_the_sdks_default_handler_posts_twice_after_a_lost_answer(slack: SlackStandIn) -> None:
    slack.faults.next(POST, Reset(applied=True))

    WebClient(token="xoxb-sandbox", base_url=slack.api_url).chat_postMessage(channel=CHANNEL, text="x")

    assert len(slack.workspace.messages()) == 2


def test_faults_queue_up_for_their_own_method(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.next(POST, Error("one"), times=2)
    slack.faults.next(POST, Error("two"))

    client.auth_test()
    errors = []
    for _ in range(3):
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=CHANNEL, text="x")
        errors.append(caught.value.response["error"])

    assert errors == ["one", "one", "two"]
    assert client.chat_postMessage(channel=CHANNEL, text="x")["ok"]


def test_latency_stays_until_cleared(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.latency(0.03)
    slack.faults.latency(0.06, "auth.test")
    slack.faults.next("auth.test", Error("never"))

    seconds = (slack.faults.delay_seconds("auth.test"), slack.faults.delay_seconds(POST))
    slack.faults.clear()

    assert seconds == (0.06, 0.03)
    assert client.auth_test()["ok"]
    assert slack.faults.delay_seconds("auth.test") == 0


def test_latency_is_waited(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.latency(0.05, "auth.test")
    began = time.monotonic()

    client.auth_test()

    assert time.monotonic() - began >= 0.05


def test_response_urls_and_uploads_can_fail_too(slack: SlackStandIn, client: WebClient) -> None:
    slack.faults.next("response_url", Status(500))
    slack.faults.next("upload", Reset())
    hook = WebhookClient(slack.response_urls.issue(CHANNEL, "U0ADA"))

    answer = hook.send(text="x")

    assert answer.status_code == 500
    assert slack.workspace.ephemerals() == []
    with pytest.raises((ConnectionError, URLError)):
        client.files_upload_v2(channel=CHANNEL, filename="a.txt", content="x")
