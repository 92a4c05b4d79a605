"""The Slack clients against a local, strict stand-in."""

import logging
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.adapters.slack.client import PrivateAnswerer, SlackClient, web_client
from bot.adapters.slack.directory import SlackDirectory
from bot.adapters.slack.identity import SCOPES, Identity, connection_address
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages.blocks import Message
from bot.services.ports.slack import Channel, ReplyTo
from bot.settings import SlackSettings
from sandbox.http.faults import Error, Reset, Status
from sandbox.slack.stand_in import SlackStandIn

REVIEWS, GENERAL, SECRET = "C0REVIEWS", "C0GENERAL", "C0SECRET"
ADA, BEN, CHLOE, GUS, XENIA, DORA = "U0ADA", "U0BEN", "U0CHLOE", "U0GUS", "U0XENIA", "U0DORA"
HELLO = Message("Hello", ({"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": "*Hello*"}},))
BYE = Message("Bye")
TOKEN = "xoxb-sandbox"
INVITE = "/invite @assign-reviews"


@pytest.fixture
def client(slack: SlackStandIn) -> SlackClient:
    return SlackClient(web_client(settings(slack)))


@pytest.fixture
def answerer(client: SlackClient) -> Iterator[PrivateAnswerer]:
    answerer = PrivateAnswerer(client)
    yield answerer
    answerer.close()


def settings(slack: SlackStandIn, *, token: str = TOKEN) -> SlackSettings:
    return SlackSettings(bot_token=token, api_url=slack.api_url)


def enter(client: SlackClient, channel: str) -> None:
    client.join(client.channel(channel))


def texts(slack: SlackStandIn, channel: str = REVIEWS) -> list[str]:
    return [message.text for message in slack.workspace.channel_messages(channel)]


# ---- entering a channel ----------------------------------------------------------------------------------------------


def test_the_bot_joins_a_public_channel(slack: SlackStandIn, client: SlackClient) -> None:
    enter(client, GENERAL)

    assert slack.workspace.bot.id in slack.workspace.channel(GENERAL).members


def test_a_channel_that_it_is_in_is_not_joined_again(slack: SlackStandIn, client: SlackClient) -> None:
    enter(client, REVIEWS)
    enter(client, slack.workspace.direct_channel(ADA).id)

    assert slack.calls.of("conversations.join") == []


@pytest.mark.parametrize("channel", [SECRET, "C0NOWHERE"])
def test_a_channel_that_it_cannot_enter_says_who_has_to_do_what(
    slack: SlackStandIn, client: SlackClient, channel: str
) -> None:
    with pytest.raises(SlackRejectedError) as raised:
        enter(client, channel)

    assert INVITE in str(raised.value)
    assert raised.value.code in {"channel_not_found", "not_in_channel"}
    assert slack.calls.of("conversations.join") == []


def test_after_the_invitation_a_private_channel_is_entered(slack: SlackStandIn, client: SlackClient) -> None:
    slack.workspace.join(SECRET, slack.workspace.bot.id)

    enter(client, SECRET)
    client.post(SECRET, HELLO)

    assert texts(slack, SECRET) == ["Hello"]


def test_an_archived_channel_is_not_entered(slack: SlackStandIn, client: SlackClient) -> None:
    slack.workspace.change_channel(GENERAL, is_archived=True)

    with pytest.raises(SlackRejectedError, match="Unarchive it"):
        enter(client, GENERAL)


@pytest.mark.parametrize(
    ("flags", "is_shared"),
    [
        ({}, False),
        ({"is_ext_shared": True}, True),
        ({"is_pending_ext_shared": True}, True),
        ({"is_org_shared": True}, False),
        ({"is_org_shared": True, "is_ext_shared": True}, True),
    ],
)
def test_a_channel_is_shared_when_another_organisation_is_in_it_or_invited(
    slack: SlackStandIn, client: SlackClient, flags: dict[str, bool], is_shared: bool
) -> None:
    """On Enterprise Grid, other workspaces of the same organisation may be in it: those are colleagues."""
    slack.workspace.change_channel(GENERAL, **flags)

    assert client.channel(GENERAL) == Channel(
        GENERAL, is_entered=False, is_private=False, is_shared=is_shared, name="general"
    )
    assert slack.calls.of("conversations.join") == []


def test_a_direct_message_is_shared_with_nobody_and_not_asked_about(slack: SlackStandIn, client: SlackClient) -> None:
    assert client.channel("D0ADA") == Channel("D0ADA", is_entered=True, is_private=True, is_shared=False)
    assert slack.calls.of("conversations.info") == []


# ---- saying something ------------------------------------------------------------------------------------------------


def test_a_message_is_posted_with_text_and_blocks(slack: SlackStandIn, client: SlackClient) -> None:
    ts = client.post(REVIEWS, HELLO)

    message = slack.workspace.message(REVIEWS, ts)
    assert message is not None
    assert (message.text, message.blocks, message.user) == ("Hello", HELLO.blocks, slack.workspace.bot.id)
    arguments = slack.calls.of("chat.postMessage")[0].arguments
    assert (_flag(arguments["unfurl_links"]), _flag(arguments["unfurl_media"])) == (False, False)


def test_a_reply_stands_in_its_thread(slack: SlackStandIn, client: SlackClient) -> None:
    ts = client.post(REVIEWS, HELLO)

    reply = client.post(REVIEWS, BYE, thread_ts=ts)

    assert [message.ts for message in slack.workspace.thread(REVIEWS, ts)] == [reply]
    assert texts(slack) == ["Hello"]


def test_an_update_replaces_text_and_blocks(slack: SlackStandIn, client: SlackClient) -> None:
    """Also when nothing of the blocks remains: buttons must not survive."""
    ts = client.post(REVIEWS, HELLO)

    client.update(REVIEWS, ts, BYE)

    message = slack.workspace.message(REVIEWS, ts)
    assert message is not None
    assert (message.text, message.blocks) == ("Bye", ())


def test_a_file_is_attached_to_a_thread(slack: SlackStandIn, client: SlackClient) -> None:
    ts = client.post(REVIEWS, HELLO)
    content = '[{"row_id": "ünïcödé"}]'.encode()

    client.upload(REVIEWS, thread_ts=ts, name="to_assign_ids.json", title="the rows", content=content)

    (file,) = slack.workspace.files(REVIEWS, ts)
    assert (file.name, file.title, file.content) == ("to_assign_ids.json", "the rows", content)


def test_a_message_has_a_link(slack: SlackStandIn, client: SlackClient) -> None:
    ts = client.post(REVIEWS, HELLO)

    assert client.permalink(REVIEWS, ts) == f"{slack.url}/archives/{REVIEWS}/p{ts.replace('.', '')}"


def test_a_message_that_is_gone_has_no_link(client: SlackClient) -> None:
    with pytest.raises(SlackRejectedError):
        client.permalink(REVIEWS, "1.1")


def test_one_person_is_shown_a_message(slack: SlackStandIn, client: SlackClient) -> None:
    client.send_ephemeral(REVIEWS, ADA, HELLO)

    (private,) = slack.workspace.ephemerals()
    assert (private.seen_by, private.channel, private.text, private.blocks) == (ADA, REVIEWS, "Hello", HELLO.blocks)


def test_one_person_is_written_to(slack: SlackStandIn, client: SlackClient) -> None:
    client.send_directly(ADA, HELLO)

    assert [message.text for message in slack.workspace.direct_messages(ADA)] == ["Hello"]
    assert texts(slack) == []


# ---- when something goes wrong ---------------------------------------------------------------------------------------

CALLS: dict[str, Callable[[SlackClient, str], object]] = {
    "conversations.info": lambda client, ts: client.channel(REVIEWS),
    "chat.postMessage": lambda client, ts: client.post(REVIEWS, BYE),
    "chat.update": lambda client, ts: client.update(REVIEWS, ts, BYE),
    "chat.postEphemeral": lambda client, ts: client.send_ephemeral(REVIEWS, ADA, BYE),
    "chat.getPermalink": lambda client, ts: client.permalink(REVIEWS, ts),
    "conversations.open": lambda client, ts: client.send_directly(ADA, BYE),
    "files.getUploadURLExternal": lambda client, ts: client.upload(
        REVIEWS, thread_ts=ts, name="a", title="a", content=b"a"
    ),
    "files.completeUploadExternal": lambda client, ts: client.upload(
        REVIEWS, thread_ts=ts, name="a", title="a", content=b"a"
    ),
}


@pytest.mark.parametrize("method", CALLS)
def test_a_rate_limit_is_waited_for(slack: SlackStandIn, client: SlackClient, method: str) -> None:
    ts = client.post(REVIEWS, HELLO)
    slack.calls.clear()
    slack.faults.next(method, Status(429, headers={"Retry-After": "0"}))

    CALLS[method](client, ts)

    assert [call.status for call in slack.calls.of(method)] == [429, 200]


def test_a_rate_limit_is_waited_for_as_long_as_slack_says(slack: SlackStandIn, client: SlackClient) -> None:
    slack.faults.next("chat.postMessage", Status(429, headers={"Retry-After": "1"}))
    began = time.monotonic()

    client.post(REVIEWS, HELLO)

    assert time.monotonic() - began >= 1
    assert texts(slack) == ["Hello"]


def test_a_rate_limit_that_does_not_end_is_left_to_the_caller(slack: SlackStandIn, client: SlackClient) -> None:
    slack.faults.next("chat.postMessage", Status(429, headers={"Retry-After": "0"}), times=20)

    with pytest.raises(SlackUnavailableError):
        client.post(REVIEWS, HELLO)

    assert len(slack.calls.of("chat.postMessage")) == 4


@pytest.mark.parametrize("fault", [Reset(applied=True), Reset()])
def test_a_post_is_never_repeated_after_an_unclear_answer(
    slack: SlackStandIn, client: SlackClient, fault: Reset
) -> None:
    """The SDK's own handler would post it twice."""
    slack.faults.next("chat.postMessage", fault)

    with pytest.raises(SlackUnavailableError, match="Slack does not answer"):
        client.post(REVIEWS, HELLO)

    assert len(slack.calls.of("chat.postMessage")) == 1
    assert len(texts(slack)) == int(fault.applied)


@pytest.mark.parametrize(
    "fault", [Reset(), Status(500), Status(502), Status(503), Error("internal_error"), Error("ratelimited")]
)
@pytest.mark.parametrize("method", CALLS)
def test_a_fault_that_may_pass_is_not_a_refusal(
    slack: SlackStandIn, client: SlackClient, method: str, fault: Any
) -> None:
    ts = client.post(REVIEWS, HELLO)
    slack.calls.clear()
    slack.faults.next(method, fault)

    with pytest.raises(SlackUnavailableError):
        CALLS[method](client, ts)

    assert len(slack.calls.of(method)) == 1


@pytest.mark.parametrize("fault", [Reset(), Status(500), Status(503)])
def test_an_upload_that_breaks_off_may_be_tried_again(slack: SlackStandIn, client: SlackClient, fault: Any) -> None:
    ts = client.post(REVIEWS, HELLO)
    slack.faults.next("upload", fault)

    with pytest.raises(SlackUnavailableError):
        client.upload(REVIEWS, thread_ts=ts, name="a", title="a", content=b"a")

    assert slack.workspace.files() == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("not_in_channel", INVITE),
        ("channel_not_found", INVITE),
        ("is_archived", "archived"),
        ("restricted_action", "Ask an admin"),
        ("invalid_auth", "Check SLACK_BOT_TOKEN"),
        ("token_revoked", "new SLACK_BOT_TOKEN"),
        ("account_inactive", "new SLACK_BOT_TOKEN"),
        ("msg_too_long", r"refused a call \(msg_too_long\)"),
    ],
)
def test_a_refusal_says_what_to_do(slack: SlackStandIn, client: SlackClient, code: str, sentence: str) -> None:
    slack.faults.next("chat.postMessage", Error(code))

    with pytest.raises(SlackRejectedError, match=sentence) as raised:
        client.post(REVIEWS, HELLO)

    assert raised.value.code == code
    assert len(slack.calls.of("chat.postMessage")) == 1


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("chat.postMessage", "chat:write"),
        ("conversations.info", "channels:read"),
        ("conversations.open", "im:write"),
        ("files.getUploadURLExternal", "files:write"),
    ],
)
def test_a_missing_scope_is_named(slack: SlackStandIn, client: SlackClient, method: str, scope: str) -> None:
    ts = client.post(REVIEWS, HELLO)
    slack.scopes.discard(scope)

    with pytest.raises(SlackRejectedError, match=f"lacks the scope `{scope}`") as raised:
        CALLS[method](client, ts)

    assert raised.value.code == "missing_scope"


def test_the_scopes_of_the_manifest_are_enough_for_everything(slack: SlackStandIn, client: SlackClient) -> None:
    slack.scopes.clear()
    slack.scopes.update(SCOPES)
    enter(client, GENERAL)
    slack.workspace.join(SECRET, slack.workspace.bot.id)
    enter(client, SECRET)
    ts = client.post(REVIEWS, HELLO)

    for call in CALLS.values():
        call(client, ts)

    directory = SlackDirectory(web_client(settings(slack)))
    assert directory.is_outsider(ADA) is False
    assert directory.group_members("S0REVIEWERS") == {BEN, CHLOE}


def test_no_error_and_no_log_line_tells_the_token(
    slack: SlackStandIn, client: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for fault in (Error("msg_too_long"), Status(500), Reset(), Error("missing_scope")):
        slack.faults.next("chat.postMessage", fault)
        with pytest.raises(SlackError) as raised:
            client.post(REVIEWS, HELLO)
        said.append(str(raised.value))

    said += [record.getMessage() + repr(record.__dict__) for record in caplog.records if record.name.startswith("bot.")]
    assert [text for text in said if TOKEN in text] == []


def test_slack_that_is_not_there_is_unavailable(slack: SlackStandIn, client: SlackClient) -> None:
    slack.stop()

    for call in CALLS.values():
        with pytest.raises(SlackUnavailableError):
            call(client, "1.1")


@pytest.fixture
def cutting_url() -> Iterator[str]:
    """A server that says its answer is longer than it is, as when a connection breaks in the middle."""

    class Cut(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while (line := self.rfile.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            self.rfile.read(length)
            self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"ok": ')

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Cut) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_an_answer_that_breaks_off_is_an_error_of_ours(cutting_url: str) -> None:
    client = SlackClient(web_client(SlackSettings(bot_token=TOKEN, api_url=cutting_url)))

    with pytest.raises(SlackUnavailableError):
        client.post(REVIEWS, HELLO)


def test_a_response_url_that_breaks_off_is_followed_by_an_ephemeral_message(
    slack: SlackStandIn, client: SlackClient, cutting_url: str
) -> None:
    send(PrivateAnswerer(client), ReplyTo(ADA, REVIEWS, cutting_url), HELLO)

    assert shown(slack) == ["Hello"]


# ---- private answers -------------------------------------------------------------------------------------------------


def shown(slack: SlackStandIn, user: str = ADA) -> list[str]:
    """What a person reads in private, in the order of the channels: ephemeral, then direct."""
    return [one.text for one in slack.workspace.ephemerals(user)] + [
        message.text for message in slack.workspace.direct_messages(user)
    ]


def used_methods(slack: SlackStandIn) -> list[str]:
    return [call.kind for call in slack.calls]


def send(answerer: PrivateAnswerer, to: ReplyTo, *messages: Message, replace: bool = False) -> None:
    """Send, one after the other, and wait until all was sent."""
    for message in messages:
        answerer.send(to, message, replace=replace)
    answerer.close()


def test_a_private_answer_goes_to_the_response_url(slack: SlackStandIn, answerer: PrivateAnswerer) -> None:
    """It works where the bot is not a member, too."""
    url = slack.response_urls.issue(SECRET, ADA)

    send(answerer, ReplyTo(ADA, SECRET, url), HELLO)

    (private,) = slack.workspace.ephemerals(ADA, SECRET)
    assert (private.text, private.blocks) == ("Hello", HELLO.blocks)
    assert used_methods(slack) == ["response_url"]


def test_a_private_answer_may_replace_the_one_before(slack: SlackStandIn, client: SlackClient) -> None:
    to = ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA))
    for message in (HELLO, BYE):
        send(PrivateAnswerer(client), to, message, replace=True)

    (private,) = slack.workspace.ephemerals()
    assert (private.text, private.blocks, len(private.history)) == ("Bye", (), 1)


def test_an_answer_to_a_click_leaves_the_message_alone(slack: SlackStandIn, client: SlackClient) -> None:
    message = slack.workspace.message(REVIEWS, client.post(REVIEWS, HELLO))
    assert message is not None
    url = slack.response_urls.issue(REVIEWS, ADA, message)

    send(PrivateAnswerer(client), ReplyTo(ADA, REVIEWS, url), BYE)

    assert slack.workspace.message(REVIEWS, message.ts) == message
    assert shown(slack) == ["Bye"]


def test_a_response_url_that_is_used_up_is_followed_by_an_ephemeral_message(
    slack: SlackStandIn, client: SlackClient
) -> None:
    to = ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA))
    for number in range(6):
        send(PrivateAnswerer(client), to, Message(f"answer {number}"))

    assert shown(slack) == [f"answer {number}" for number in range(6)]
    assert used_methods(slack) == ["response_url"] * 6 + ["chat.postEphemeral"]


@pytest.mark.parametrize("fault", [Status(500), Reset()])
def test_a_response_url_that_fails_is_followed_by_an_ephemeral_message(
    slack: SlackStandIn, answerer: PrivateAnswerer, fault: Any
) -> None:
    slack.faults.next("response_url", fault)

    send(answerer, ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA)), HELLO)

    assert shown(slack) == ["Hello"]
    assert used_methods(slack) == ["response_url", "chat.postEphemeral"]


def test_an_old_response_url_is_followed_by_an_ephemeral_message(
    slack: SlackStandIn, answerer: PrivateAnswerer
) -> None:
    url = slack.response_urls.issue(REVIEWS, ADA)
    slack.clock.advance(30 * 60 + 1)

    send(answerer, ReplyTo(ADA, REVIEWS, url), HELLO)

    assert slack.workspace.ephemerals(ADA)[0].text == "Hello"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/respond/x", "not an address", "http://[", "gopher://x/"])
def test_a_response_url_that_is_none_is_followed_by_an_ephemeral_message(
    slack: SlackStandIn, answerer: PrivateAnswerer, url: str
) -> None:
    send(answerer, ReplyTo(ADA, REVIEWS, url), HELLO)

    assert shown(slack) == ["Hello"]


@pytest.mark.parametrize("channel", [GENERAL, SECRET, None])
def test_where_the_bot_is_no_member_a_direct_message_is_the_last_way(
    slack: SlackStandIn, answerer: PrivateAnswerer, channel: str | None
) -> None:
    send(answerer, ReplyTo(ADA, channel, None), HELLO)

    assert [message.text for message in slack.workspace.direct_messages(ADA)] == ["Hello"]
    assert slack.workspace.ephemerals() == []


def test_whom_nothing_reaches_is_noted_and_nothing_is_raised(
    slack: SlackStandIn, answerer: PrivateAnswerer, caplog: pytest.LogCaptureFixture
) -> None:
    send(answerer, ReplyTo(DORA, GENERAL, None), HELLO)

    assert "a person could not be answered" in [record.message for record in caplog.records]


def test_an_answer_holds_nobody_up(slack: SlackStandIn, answerer: PrivateAnswerer) -> None:
    to = ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA))
    with slack.faults.hold("response_url"):
        answerer.send(to, HELLO)

        assert shown(slack) == []
    answerer.close()
    assert shown(slack) == ["Hello"]


@pytest.fixture
def thread(slack: SlackStandIn, client: SlackClient) -> str:
    """The parent of a thread with a reply."""
    ts = client.post(REVIEWS, HELLO)
    client.post(REVIEWS, HELLO, thread_ts=ts)
    return ts


def test_in_a_thread_the_answer_is_shown_there(slack: SlackStandIn, answerer: PrivateAnswerer, thread: str) -> None:
    to = ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA), thread_ts=thread)

    send(answerer, to, BYE)

    assert [(one.text, one.thread_ts) for one in slack.workspace.ephemerals(ADA)] == [("Bye", thread)]
    assert slack.calls.of("response_url") == []


def test_where_a_thread_takes_no_private_message_the_response_url_does(
    slack: SlackStandIn, answerer: PrivateAnswerer, thread: str
) -> None:
    slack.faults.next("chat.postEphemeral", Error("user_not_in_channel"))
    to = ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA), thread_ts=thread)

    send(answerer, to, BYE)

    assert shown(slack)[-1] == "Bye"
    assert len(slack.workspace.ephemerals(ADA)) == 1


def test_an_answer_that_takes_the_place_of_a_private_message_in_a_thread_is_there_once(
    slack: SlackStandIn, answerer: PrivateAnswerer, client: SlackClient, thread: str
) -> None:
    client.send_ephemeral(REVIEWS, ADA, HELLO, thread_ts=thread)
    [private] = slack.workspace.ephemerals(ADA)
    to = ReplyTo(ADA, REVIEWS, slack.response_urls.issue(REVIEWS, ADA, private), thread_ts=thread, is_private=True)

    send(answerer, to, BYE, replace=True)

    assert [(one.text, one.thread_ts) for one in slack.workspace.ephemerals(ADA)] == [("Bye", thread)]


def test_what_is_done_aside_reports_its_faults_to_the_log(
    slack: SlackStandIn, client: SlackClient, answerer: PrivateAnswerer, caplog: pytest.LogCaptureFixture
) -> None:
    slack.faults.next("chat.update", Error("is_archived"))

    answerer.run(lambda: client.update(REVIEWS, "1.1", HELLO))
    answerer.close()

    assert "Slack did not do what was asked" in [record.message for record in caplog.records]


# ---- who the bot is --------------------------------------------------------------------------------------------------


def test_the_bot_learns_who_it_is_and_what_it_may(slack: SlackStandIn) -> None:
    identity = Identity(web_client(settings(slack)))
    before = identity.authorize()

    identity.learn()

    after = identity.authorize()
    assert (before.bot_token, before.bot_user_id, before.team_id) == (TOKEN, None, None)
    assert (after.bot_token, after.bot_user_id, after.team_id) == (
        TOKEN,
        slack.workspace.bot.id,
        slack.workspace.team_id,
    )
    assert after.bot_id == slack.workspace.bot_id
    assert identity.lacking == ""
    assert slack.workspace.name in identity.description


def test_to_authorize_asks_slack_nothing(slack: SlackStandIn) -> None:
    """A listener has 3 s."""
    identity = Identity(web_client(settings(slack)))

    identity.authorize()

    assert len(slack.calls) == 0


def test_a_wrong_token_is_said_to_be_wrong(slack: SlackStandIn) -> None:
    identity = Identity(web_client(settings(slack, token="xoxb-wrong")))

    with pytest.raises(SlackRejectedError, match="Check SLACK_BOT_TOKEN"):
        identity.learn()


def test_a_socket_mode_connection_has_an_address_by_the_right_token(slack: SlackStandIn) -> None:
    assert connection_address(web_client(settings(slack, token="xapp-sandbox"))).startswith("ws")

    with pytest.raises(SlackRejectedError):
        connection_address(web_client(settings(slack)))


def _flag(value: object) -> bool:
    """A flag as the SDK may send it: JSON or a form's text."""
    return value not in (False, "0", 0, "false")
