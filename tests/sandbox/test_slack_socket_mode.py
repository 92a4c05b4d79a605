"""The same by Socket Mode: envelopes, acknowledgements, lost and replaced connections."""

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk.errors import SlackApiError
from websocket import WebSocketBadStatusException, create_connection

from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_blocks import actions, button
from tests.sandbox.slack_bots import APP_TOKEN, bolt_app, socket_door, web_client

CHANNEL = "C0REVIEWS"

# websocket-client does not close the socket of a connection that was lost; gc makes it complain here and not later.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def bot(slack: SlackStandIn) -> App:
    app = bolt_app(slack)

    @app.command("/assign-reviews")
    def plan(ack: Ack, command: dict[str, Any]) -> None:
        ack(command["text"])

    @app.action("approve")
    def approve(ack: Ack, respond: Any) -> None:
        ack()
        respond("approved", replace_original=True)

    @app.event("app_mention")
    def mentioned(event: dict[str, Any], say: Any) -> None:
        say(text="yes?", thread_ts=event["ts"])

    return app


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def connected() -> Iterator[SlackStandIn]:
    with SlackStandIn() as slack, socket_door(slack, bot(slack)):
        yield slack


@pytest.fixture
def bare() -> Iterator[SlackStandIn]:
    with SlackStandIn() as slack:
        yield slack


def link(slack: SlackStandIn) -> Any:
    """A connection of our own, past its `hello`."""
    count = slack.socket_count
    connection = create_connection(
        web_client(slack, APP_TOKEN).apps_connections_open(app_token=APP_TOKEN)["url"], timeout=30
    )
    assert '"type": "hello"' in connection.recv()
    slack.wait_for_socket(count + 1)
    return connection


def test_a_command_is_answered(connected: SlackStandIn) -> None:
    delivery = connected.command("U0BEN", CHANNEL, "hello")

    assert delivery.acknowledged
    assert [one.text for one in connected.workspace.ephemerals("U0BEN")] == ["hello"]


def test_an_empty_acknowledgement_has_no_body(connected: SlackStandIn) -> None:
    assert connected.command("U0ADA", CHANNEL, "").body == ""


def test_a_click_is_answered(connected: SlackStandIn) -> None:
    message = connected.workspace.post(CHANNEL, "U0BOT", "plan", blocks=(actions(button()),))

    assert connected.press("U0ADA", message, "approve").acknowledged
    connected.wait_for(lambda workspace: "approved" in [one.text for one in workspace.channel_messages(CHANNEL)])


def test_an_event_is_answered(connected: SlackStandIn) -> None:
    assert connected.mention("U0ADA", CHANNEL, "hey").acknowledged
    connected.wait_for(lambda workspace: "yes?" in [one.text for one in workspace.messages()])


def test_a_refreshed_connection_is_replaced(connected: SlackStandIn) -> None:
    opened = len(connected.calls.of("apps.connections.open"))

    connected.refresh_sockets()

    connected.wait_for(lambda _: len(connected.calls.of("apps.connections.open")) > opened, timeout_seconds=30)
    connected.wait_for_socket(timeout_seconds=30)


def test_a_dropped_connection_comes_back(connected: SlackStandIn) -> None:
    connected.drop_sockets()
    connected.wait_for_socket()

    assert connected.command("U0ADA", CHANNEL, "").acknowledged


def test_without_a_connection_nobody_answers(bare: SlackStandIn) -> None:
    delivery = bare.command("U0ADA", CHANNEL, "hello")

    assert (delivery.status, delivery.timed_out) == (None, False)


def test_an_app_token_is_needed(bare: SlackStandIn) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        web_client(bare).apps_connections_open(app_token="xoxb-sandbox")


def test_an_address_is_good_for_one_connection(bare: SlackStandIn) -> None:
    url = web_client(bare, APP_TOKEN).apps_connections_open(app_token=APP_TOKEN)["url"]
    first = create_connection(url)

    with pytest.raises(WebSocketBadStatusException, match="403"):
        create_connection(url)

    first.close()


def test_each_payload_goes_to_one_connection_in_turn(bare: SlackStandIn) -> None:
    bare.backend.acknowledge_seconds = 0.05
    both = [link(bare), link(bare)]

    deliveries = [bare.command("U0ADA", CHANNEL, text) for text in ("one", "two")]

    assert [delivery.timed_out for delivery in deliveries] == [True, True]
    assert ['"text": "one"' in connection.recv() for connection in both] == [True, False]
    for connection in both:
        connection.close()


def test_a_connection_lost_before_the_acknowledgement_is_no_answer(bare: SlackStandIn) -> None:
    connection = link(bare)

    def drop_on_receipt() -> None:
        connection.recv()
        bare.drop_sockets()

    waiting = threading.Thread(target=drop_on_receipt)
    waiting.start()

    delivery = bare.command("U0ADA", CHANNEL, "hello")
    waiting.join()

    assert (delivery.status, delivery.timed_out) == (None, False)
    connection.close()


def test_an_unknown_envelope_is_ignored(bare: SlackStandIn) -> None:
    bare.backend.acknowledge_seconds = 0.05
    connection = link(bare)
    connection.send('{"envelope_id": "nobody"}')

    assert bare.command("U0ADA", CHANNEL, "hello").timed_out
    connection.close()


def test_a_stop_ends_connections_politely() -> None:
    slack = SlackStandIn()
    slack.start()
    connection = link(slack)

    reader = threading.Thread(target=lambda: received.append(connection.recv_data()[0]))
    received: list[int] = []
    reader.start()
    slack.stop()
    reader.join()

    assert received == [8]  # the opcode of a close frame
    assert slack.socket_count == 0
    connection.close()
