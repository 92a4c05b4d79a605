"""A bare client for the Braintrust stand-in, and a few rows to ask for."""

from datetime import UTC, datetime
from typing import Any

import requests

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn

PROJECT = DEFAULT_PROJECT_ID
CREATED = datetime(2026, 5, 18, 9, tzinfo=UTC)
TIMEOUT_SECONDS = 30.0


class Client:
    """Asks a running stand-in over HTTP, with its key."""

    def __init__(self, server: BraintrustStandIn) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {server.api_key}"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        self.session.close()

    def btql(self, clauses: str, **options: Any) -> requests.Response:
        query = f"from: project_logs('{PROJECT}') spans | {clauses}"
        return self.session.post(
            f"{self.server.url}/btql", json={"query": query}, **({"timeout": TIMEOUT_SECONDS} | options)
        )

    def data(self, clauses: str) -> list[dict[str, Any]]:
        answer = self.btql(clauses)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def ids(self, condition: str) -> list[str]:
        return [row["id"] for row in self.data(f"select: id | filter: {condition} | sort: _pagination_key asc")]

    def insert(self, *events: dict[str, Any], **options: Any) -> requests.Response:
        return self.session.post(
            f"{self.server.url}/v1/project_logs/{PROJECT}/insert",
            json={"events": list(events)},
            **({"timeout": TIMEOUT_SECONDS} | options),
        )

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.session.get(f"{self.server.url}{path}", params=parameters, timeout=TIMEOUT_SECONDS)

    def assignments(self, row_id: str) -> tuple[str, ...]:
        row = self.server.rows.get(PROJECT, row_id)
        assert row is not None
        return row.assignments

    def add(self, row_id: str, **columns: Any) -> None:
        self.server.rows.add(PROJECT, **({"id": row_id, "created": CREATED, "tags": ["a"]} | columns))

    def add_numbered(self, count: int) -> list[str]:
        ids = [f"row-{number:04d}" for number in range(count)]
        self.server.rows.add_many(PROJECT, [{"id": row_id, "created": CREATED, "tags": ["a"]} for row_id in ids])
        return ids


def assignment(row_id: str, *user_ids: str) -> dict[str, Any]:
    """The event that assigns a row, as the bot sends it."""
    return {
        "id": row_id,
        "metadata": {
            "~__bt_assignments": list(user_ids),
            "~__bt_review_lists": {"__bt_default_review_list": {"status": "PENDING"}},
        },
        "_is_merge": True,
        "_merge_paths": [["metadata", "~__bt_assignments", "~__bt_review_lists"]],
    }
