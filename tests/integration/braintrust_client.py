"""What the tests of the Braintrust client share: rows in the stand-in, and somebody who never waits."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.btql import matching_rows
from bot.domain.plan import PlanRequest, Window
from bot.services.reading import RowReader
from bot.settings import BraintrustSettings, WorkSettings
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from tests.integration.stored import new_plan

PROJECT = DEFAULT_PROJECT_ID
CREATED = datetime(2026, 5, 18, 9, tzinfo=UTC)
WINDOW = Window(CREATED - timedelta(days=1), CREATED + timedelta(days=1))
TAG = "needs-review"
ANA = "11111111-1111-4111-8111-111111111111"
SECRETS = ("owner@example.com", "Acme", "sk-sandbox")  # what the error bodies (and our own headers) carry
OWNER_TOLD = "[user_email=owner@example.com] [user_org=Acme] [timestamp=1]"
REFUSALS = [
    (400, "does not exist, the key may not read it, or the query is not understood"),
    (401, "Check BRAINTRUST_API_KEY"),
    (403, "read and update access"),
    (404, "does not know the project"),
    (413, "Set a smaller PAGE_SIZE"),
    (421, "Set BRAINTRUST_API_URL to https://api-eu.braintrust.dev."),
    (418, "refused the request (418)"),
]


@dataclass
class NoPatience:
    """Notes for how long it should wait, and why, and does not."""

    waits: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def wait(self, seconds: float, reason: str) -> None:
        self.waits.append(seconds)
        self.reasons.append(reason)

    def proceed(self) -> None: ...


def client_of(url: str, *, read_seconds: float = 120, write_seconds: float = 20, **settings: str) -> BraintrustClient:
    known = BraintrustSettings(**{"api_key": "sk-sandbox", "api_url": url, **settings})
    return BraintrustClient(known, read_seconds=read_seconds, write_seconds=write_seconds)


def add_rows(braintrust: BraintrustStandIn, count: int) -> list[str]:
    """Rows that match, the newest last."""
    ids = [f"row-{number:04}" for number in range(count)]
    braintrust.rows.add_many(PROJECT, [{"id": row_id, "created": CREATED, "tags": [TAG]} for row_id in ids])
    return ids


def query(*, limit: int = 10, tag: str = TAG) -> str:
    return matching_rows(PROJECT, tag=tag, window=WINDOW, limit=limit)


def request_for(tag: str) -> PlanRequest:
    return new_plan(project_id=PROJECT, tag=tag).request


def read_by(reader: RowReader, patience: NoPatience, *, tag: str = TAG) -> list[str]:
    """The ids of all rows that match, newest first, page by page."""
    return list(reader.matching(request_for(tag), WINDOW, patience=patience, on_page=lambda *_: None).free)


def read(client: BraintrustClient, patience: NoPatience, *, tag: str = TAG, **settings: Any) -> list[str]:
    """The same for a reader of its own, whose pages do not grow unless `settings` say so."""
    work = WorkSettings(**{"page_size": 10, "max_page_size": 10, **settings})
    return read_by(RowReader(client, work), patience, tag=tag)


def user_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def user(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": user_id(number),
        "given_name": f"Given {number}",
        "family_name": f"Family {number}",
        "email": f"u{number}@example.com",
        "created": f"2026-01-01T00:00:{number % 60:02}.000Z",
    } | changes


def group(number: int, **changes: Any) -> dict[str, Any]:
    members: dict[str, Any] = {"member_users": [], "member_groups": [], "deleted_at": None}
    return {"id": user_id(number), "name": f"Group {number}", **members} | changes


def assert_discreet(sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the sentence nor anything in the log records tells whose key it is, or the key."""
    formatter = logging.Formatter()
    said = [sentence, *(formatter.format(record) + repr(record.__dict__) for record in caplog.records)]
    assert [secret for secret in SECRETS for text in said if secret in text] == []
