"""Uploads: announce, send, complete."""

from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.stand_in import SlackStandIn

CHANNEL = "C0REVIEWS"


def status_of(url: str, **arguments: Any) -> int:
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(url, **arguments))
    with caught.value:
        return int(caught.value.code)


def test_the_sdks_upload_lands_in_the_thread(slack: SlackStandIn, client: WebClient) -> None:
    parent = client.chat_postMessage(channel=CHANNEL, text="parent")["ts"]
    content = bytes(range(256))

    client.files_upload_v2(
        channel=CHANNEL, thread_ts=parent, filename="a.bin", title="A", content=content, initial_comment="see"
    )

    file = slack.workspace.files(CHANNEL, parent)[0]
    assert (file.name, file.title, file.content) == ("a.bin", "A", content)
    reply = slack.workspace.thread(CHANNEL, parent)[0]
    assert (reply.text, reply.files) == ("see", (file,))


def test_the_size_must_be_as_announced(client: WebClient) -> None:
    announced = client.files_getUploadURLExternal(filename="a.txt", length=3)

    assert status_of(announced["upload_url"], data=b"abcd") == 400


def test_an_unknown_upload_address_is_refused(slack: SlackStandIn) -> None:
    assert status_of(f"{slack.url}/upload/v1/nothing", data=b"a") == 404


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"files": [{"id": "F0NONE"}]}, "file_not_found"),
        ({"files": [{"title": "x"}]}, "invalid_arguments"),
        ({"files": "[{"}, "invalid_arguments"),
    ],
)
def test_what_cannot_be_completed(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.api_call("files.completeUploadExternal", json=arguments)

    assert caught.value.response["error"] == error


def test_a_file_without_bytes_is_not_complete(client: WebClient) -> None:
    announced = client.files_getUploadURLExternal(filename="a.txt", length=3)

    with pytest.raises(SlackApiError, match="file_not_found"):
        client.files_completeUploadExternal(files=[{"id": announced["file_id"], "title": "x"}])


def test_a_file_is_shared_where_the_bot_may_post(slack: SlackStandIn, client: WebClient) -> None:
    with pytest.raises(SlackApiError, match="not_in_channel"):
        client.files_upload_v2(channel="C0GENERAL", filename="a.txt", content="x")

    assert slack.workspace.files() == []


def test_an_empty_file_is_refused(client: WebClient) -> None:
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        client.files_getUploadURLExternal(filename="a.txt", length=0)
