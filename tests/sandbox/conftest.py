"""A running Slack, and a client of it."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from sandbox.slack.stand_in import SlackStandIn
from tests.sandbox.slack_bots import web_client


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as running:
        yield running


@pytest.fixture
def client(slack: SlackStandIn) -> WebClient:
    return web_client(slack)
