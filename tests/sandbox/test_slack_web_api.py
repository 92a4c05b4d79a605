"""The Web API's door: tokens, scopes, encodings, unknown methods."""

import json
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import section
from tests.sandbox.slack_bots import BOT_TOKEN, web_client

CHANNEL = "C0REVIEWS"


def refused(slack: SlackStandIn, method: str, token: str = BOT_TOKEN, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        web_client(slack, token).api_call(method, params=arguments)
    return dict(caught.value.response.data)


def post(url: str, body: bytes, content_type: str) -> dict[str, Any]:
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {BOT_TOKEN}"}
    with urlopen(Request(url, body, headers)) as answer:
        parsed: dict[str, Any] = json.load(answer)
    return parsed


def test_auth_test_says_who_the_bot_is(slack: SlackStandIn) -> None:
    answer = web_client(slack).auth_test()

    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0BOT", "B0SANDBOX", "T0SANDBOX")
    assert "chat:write" in answer.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-wrong", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type"), ("", "not_authed")],
)
def test_a_wrong_token_is_refused(slack: SlackStandIn, token: str, error: str) -> None:
    assert refused(slack, "auth.test", token) == {"ok": False, "error": error}


def test_a_token_may_be_an_argument(slack: SlackStandIn) -> None:
    assert WebClient(base_url=slack.api_url).auth_test(token=BOT_TOKEN)["ok"]


def test_an_unknown_method_is_refused(slack: SlackStandIn) -> None:
    assert refused(slack, "chat.shout")["error"] == "unknown_method"


def test_a_missing_scope_is_named(slack: SlackStandIn) -> None:
    slack.scopes.remove("chat:write")

    answer = refused(slack, "chat.postMessage", channel=CHANNEL, text="x")

    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "chat:write"
    assert "users:read" in answer["provided"].split(",")


@pytest.mark.parametrize(
    ("channel", "needed"), [("C0REVIEWS", "channels:read"), ("C0SECRET", "groups:read"), ("D0ADA", "im:read")]
)
def test_each_sort_of_channel_has_its_scope(slack: SlackStandIn, channel: str, needed: str) -> None:
    slack.workspace.join("C0SECRET", "U0BOT")
    slack.workspace.direct_channel("U0ADA")
    slack.scopes.remove(needed)

    assert refused(slack, "conversations.info", channel=channel)["needed"] == needed


def test_missing_and_misspelt_arguments_are_named(slack: SlackStandIn) -> None:
    answer = refused(slack, "chat.postMessage", txet="x")

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel",
        "[ERROR] unknown argument: txet",
    ]


def test_a_form_carries_blocks_as_json_text(slack: SlackStandIn) -> None:
    form = urlencode({"channel": CHANNEL, "text": "x", "blocks": json.dumps([section("from a form")])})

    post(f"{slack.api_url}chat.postMessage", form.encode(), "application/x-www-form-urlencoded")

    assert slack.workspace.channel_messages(CHANNEL)[0].blocks[0]["text"]["text"] == "from a form"


def test_json_is_understood_where_slack_documents_it(slack: SlackStandIn) -> None:
    body = json.dumps({"channel": CHANNEL, "text": "x", "blocks": [section("from JSON")]}).encode()

    answer = post(f"{slack.api_url}chat.postMessage", body, "application/json; charset=utf-8")

    assert answer["ok"]


def test_json_is_ignored_where_slack_ignores_it(slack: SlackStandIn) -> None:
    answer = post(f"{slack.api_url}users.info", b'{"user": "U0ADA"}', "application/json")

    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: user"]


@pytest.mark.parametrize("broken", [b"{", b"[]", b""])
def test_broken_json_is_no_argument_at_all(slack: SlackStandIn, broken: bytes) -> None:
    assert post(f"{slack.api_url}chat.postMessage", broken, "application/json")["error"] == "invalid_arguments"


def test_every_call_is_logged_without_its_token(slack: SlackStandIn) -> None:
    web_client(slack).users_info(user="U0ADA")

    call = slack.calls.of("users.info")[0]

    assert (call.arguments, call.ok, call.error, call.status) == ({"user": "U0ADA"}, True, None, 200)
    assert call.answer is not None
    assert call.answer["user"]["name"] == "ada"


def test_a_refused_call_is_logged_too(slack: SlackStandIn) -> None:
    refused(slack, "users.info", user="U0NOBODY")

    assert [(call.kind, call.error) for call in slack.calls] == [("users.info", "user_not_found")]
    slack.calls.clear()
    assert len(slack.calls) == 0


def test_a_stopped_stand_in_comes_back_at_the_same_address(slack: SlackStandIn) -> None:
    url = slack.url
    slack.workspace.post(CHANNEL, "U0ADA", "still here")

    slack.stop()
    slack.start()

    assert slack.url == url
    assert [one.text for one in slack.workspace.channel_messages(CHANNEL)] == ["still here"]
    assert web_client(slack).auth_test()["ok"]


def test_it_starts_only_once(slack: SlackStandIn) -> None:
    with pytest.raises(RuntimeError, match="already started"):
        slack.start()


def test_a_taken_port_is_an_error(slack: SlackStandIn) -> None:
    other = SlackStandIn(port=int(slack.url.rpartition(":")[2]))

    with pytest.raises(OSError, match="Address already in use"):
        other.start()


def test_nobody_can_act_before_the_start() -> None:
    with pytest.raises(RuntimeError, match="start the stand-in first"):
        SlackStandIn().command("U0ADA", CHANNEL, "")
