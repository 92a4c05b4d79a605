"""chat.*: saying and changing."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.records import Message
from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import actions, button, section

CHANNEL = "C0REVIEWS"


def refusal(client: WebClient, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


def message(slack: SlackStandIn, ts: str, channel: str = CHANNEL) -> Message:
    found = slack.workspace.message(channel, ts)
    assert found is not None
    return found


def test_a_message_is_stored_as_it_was_sent(slack: SlackStandIn, client: WebClient) -> None:
    answer = client.chat_postMessage(channel=CHANNEL, text="hello", blocks=[section("*hi*")])

    posted = message(slack, answer["ts"])
    assert (posted.user, posted.text) == ("U0BOT", "hello")
    assert posted.blocks == ({"block_id": "blk0", **section("*hi*")},)
    assert answer["message"]["bot_id"] == "B0SANDBOX"


def test_time_stamps_are_unique_and_increasing(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel=CHANNEL, text=str(number))["ts"] for number in range(20)]

    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0SECRET", "text": "x"}, "channel_not_found"),
        ({"channel": "C0GENERAL", "text": "x"}, "not_in_channel"),
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "U0DORA", "text": "x"}, "channel_not_found"),
        ({"channel": CHANNEL}, "no_text"),
        ({"channel": CHANNEL, "text": "", "blocks": []}, "no_text"),
        ({"channel": CHANNEL, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": CHANNEL, "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": CHANNEL, "text": "x", "blocks": "{}"}, "invalid_blocks_format"),
        ({"channel": CHANNEL, "text": "x", "blocks": [section("")]}, "invalid_blocks"),
        ({"channel": CHANNEL, "text": "x", "blocks": [section("x" * 2700)] * 5}, "msg_blocks_too_long"),
        ({"channel": CHANNEL, "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": CHANNEL, "text": "x", "attachments": [{"text": "y"}]}, "invalid_arguments"),
        ({"channel": CHANNEL, "text": "x", "markdown_text": "y"}, "invalid_arguments"),
        ({"channel": CHANNEL, "text": "x", "metadata": {"event_type": "plan"}}, "invalid_arguments"),
        ({"channel": CHANNEL, "text": 7}, "invalid_arguments"),
    ],
)
def test_what_cannot_be_posted(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert refusal(client, "chat.postMessage", **arguments) == error


def test_invalid_blocks_are_explained(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("x" * 3001)])

    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_nobody_posts_in_an_archived_channel(slack: SlackStandIn, client: WebClient) -> None:
    slack.workspace.change_channel(CHANNEL, is_archived=True)

    assert refusal(client, "chat.postMessage", channel=CHANNEL, text="x") == "is_archived"


def test_public_channels_can_be_opened_by_scope(slack: SlackStandIn, client: WebClient) -> None:
    slack.scopes.add("chat:write.public")

    assert client.chat_postMessage(channel="C0GENERAL", text="x")["channel"] == "C0GENERAL"


def test_a_reply_goes_to_its_thread_also_by_a_replys_ts(slack: SlackStandIn, client: WebClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    reply = client.chat_postMessage(channel=CHANNEL, text="one", thread_ts=parent)["ts"]

    client.chat_postMessage(channel=CHANNEL, text="two", thread_ts=reply)

    assert [one.text for one in slack.workspace.thread(CHANNEL, parent)] == ["one", "two"]
    assert [one.text for one in slack.workspace.channel_messages(CHANNEL)] == ["parent"]


def test_an_edit_keeps_the_earlier_versions(slack: SlackStandIn, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="one", blocks=[section("one")])["ts"]

    client.chat_update(channel=CHANNEL, ts=ts, text="two", blocks=[section("two")])
    client.chat_update(channel=CHANNEL, ts=ts, text="three", blocks=[])

    edited = message(slack, ts)
    assert [one.text for one in (*edited.history, edited)] == ["one", "two", "three"]
    assert edited.blocks == ()
    assert edited.edited is not None


def test_what_an_edit_does_not_name_stays(slack: SlackStandIn, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="one", blocks=[section()])["ts"]

    client.chat_update(channel=CHANNEL, ts=ts, text="two")

    assert len(message(slack, ts).blocks) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"ts": "1.000001", "text": "x"}, "message_not_found"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
        ({"text": "x", "blocks": [actions(button(), button())]}, "invalid_blocks"),
    ],
)
def test_what_cannot_be_edited(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    ts = client.chat_postMessage(channel=CHANNEL, text="one")["ts"]

    assert refusal(client, "chat.update", **{"channel": CHANNEL, "ts": ts, **arguments}) == error


def test_other_peoples_messages_are_theirs(slack: SlackStandIn, client: WebClient) -> None:
    theirs = slack.workspace.post(CHANNEL, "U0ADA", "mine")

    assert refusal(client, "chat.update", channel=CHANNEL, ts=theirs.ts, text="x") == "cant_update_message"


def test_an_ephemeral_is_seen_by_one_member(slack: SlackStandIn, client: WebClient) -> None:
    ts = client.chat_postEphemeral(channel=CHANNEL, user="U0BEN", text="just you")["message_ts"]

    assert [one.text for one in slack.workspace.ephemerals("U0BEN", CHANNEL)] == ["just you"]
    assert slack.workspace.ephemerals("U0ADA") == []
    assert refusal(client, "chat.update", channel=CHANNEL, ts=ts, text="x") == "message_not_found"


@pytest.mark.parametrize(
    ("channel", "user", "error"),
    [
        (CHANNEL, "U0DORA", "user_not_in_channel"),
        ("C0GENERAL", "U0ADA", "not_in_channel"),
        ("C0SECRET", "U0ADA", "channel_not_found"),
    ],
)
def test_who_cannot_be_told_privately(client: WebClient, channel: str, user: str, error: str) -> None:
    assert refusal(client, "chat.postEphemeral", channel=channel, user=user, text="x") == error


def test_a_permalink_names_channel_message_and_thread(slack: SlackStandIn, client: WebClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    reply = client.chat_postMessage(channel=CHANNEL, text="reply", thread_ts=parent)["ts"]

    link = client.chat_getPermalink(channel=CHANNEL, message_ts=reply)["permalink"]

    assert link == f"{slack.url}/archives/{CHANNEL}/p{reply.replace('.', '')}?thread_ts={parent}&cid={CHANNEL}"
    assert refusal(client, "chat.postMessage", channel=CHANNEL) == "no_text"


def test_permalinks_can_lead_to_a_page(slack: SlackStandIn, client: WebClient) -> None:
    slack.backend.page_url = "http://127.0.0.1:1/demo"
    ts = client.chat_postMessage(channel=CHANNEL, text="x")["ts"]

    link = client.chat_getPermalink(channel=CHANNEL, message_ts=ts)["permalink"]

    assert link == f"http://127.0.0.1:1/demo/#{CHANNEL}-{ts}"
