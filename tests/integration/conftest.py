"""Fixtures for tests against real databases and real local servers."""

from collections.abc import Iterator

import pytest

from bot.adapters.braintrust.client import BraintrustClient
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.slack.stand_in import SlackStandIn
from tests.integration.braintrust_client import NoPatience, client_of
from tests.integration.stored import PATIENT_MS, Store, opened


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with opened(database_url, patience_ms=PATIENT_MS) as store:
        yield store


@pytest.fixture
def rival(database_url: str) -> Iterator[Store]:
    """Another process on the same database."""
    with opened(database_url, owner="rival", patience_ms=PATIENT_MS) as store:
        yield store


@pytest.fixture
def braintrust() -> Iterator[BraintrustStandIn]:
    with BraintrustStandIn() as server:
        yield server
        server.faults.clear()


@pytest.fixture
def patience() -> NoPatience:
    return NoPatience()


@pytest.fixture
def client(braintrust: BraintrustStandIn) -> BraintrustClient:
    return client_of(braintrust.url)


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    with SlackStandIn() as server:
        yield server
