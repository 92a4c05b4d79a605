"""The plain sequential way to assign log rows: read page after page, then write batch after batch.

It follows the script in Braintrust's article on assigning log rows by API, so it is what the bot is compared with.  It
checks nothing before it writes, waits for a rate limit, and knows nothing of the bot.  Settings come as JSON on stdin,
the result goes as JSON to stdout.
"""

import json
import sys
import time
from typing import Any

import requests

LIMIT = 1000
BATCH_SIZE = 1000
TIMEOUT_SECONDS = 120
ASSIGNMENTS = "~__bt_assignments"
REVIEW_LISTS = "~__bt_review_lists"
ASSIGNMENTS_COLUMN = f'metadata."{ASSIGNMENTS}"'

Json = dict[str, Any]


def main() -> None:
    """Assign, and tell the seconds that each part took, and who got which row."""
    settings: Json = json.load(sys.stdin)
    began = time.monotonic()
    rows = fetch_all_logs(settings)
    read = time.monotonic()
    pairs = distribute([row["id"] for row in rows if not row.get(ASSIGNMENTS_COLUMN)], settings["reviewers"])
    events = [build_event(row_id, reviewer_id) for row_id, reviewer_id in pairs]
    for start in range(0, len(events), BATCH_SIZE):
        post(settings, f"/v1/project_logs/{settings['project_id']}/insert", {"events": events[start:][:BATCH_SIZE]})
    ended = time.monotonic()
    times = {"reading": read - began, "whole": ended - began}
    json.dump({"times": times, "pairs": pairs}, sys.stdout)


def fetch_all_logs(settings: Json) -> list[Json]:
    """Every matching row, page after page, until the cursor or a full page is missing."""
    rows: list[Json] = []
    cursor: str | None = None
    while True:
        page = post(settings, "/btql", {"query": build_query(settings, cursor)})
        rows.extend(page["data"])
        cursor = page.get("cursor")
        if not cursor or len(page["data"]) < LIMIT:
            return rows


def build_query(settings: Json, cursor: str | None) -> str:
    """The query for one page."""
    query = (
        f"from: project_logs('{settings['project_id']}') "
        f"| filter: tags includes '{settings['tag']}' and created >= now() - interval {settings['days']} day "
        f"| select: id, tags, {ASSIGNMENTS_COLUMN} "
        f"| limit: {LIMIT}"
    )
    return f"{query} | cursor: '{cursor}'" if cursor else query


def distribute(row_ids: list[str], reviewers: list[str]) -> list[tuple[str, str]]:
    """(row, reviewer) pairs, as evenly as possible."""
    base, extra = divmod(len(row_ids), len(reviewers))
    pairs: list[tuple[str, str]] = []
    for number, reviewer_id in enumerate(reviewers):
        count = base + (1 if number < extra else 0)
        pairs += [(row_id, reviewer_id) for row_id in row_ids[len(pairs) : len(pairs) + count]]
    return pairs


def build_event(row_id: str, reviewer_id: str) -> Json:
    """The event that assigns one row."""
    return {
        "id": row_id,
        "metadata": {
            ASSIGNMENTS: [reviewer_id],
            REVIEW_LISTS: {"__bt_default_review_list": {"status": "PENDING"}},
        },
        "_is_merge": True,
        "_merge_paths": [["metadata", ASSIGNMENTS, REVIEW_LISTS]],
    }


def post(settings: Json, path: str, body: Json) -> Json:
    """One request."""
    headers = {"Authorization": f"Bearer {settings['api_key']}", "Content-Type": "application/json"}
    answer = requests.post(settings["url"] + path, headers=headers, json=body, timeout=TIMEOUT_SECONDS)
    while answer.status_code == 429:  # where the article's script ends
        time.sleep(float(answer.headers["Retry-After"]))
        answer = requests.post(settings["url"] + path, headers=headers, json=body, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    found: Json = answer.json()
    return found


if __name__ == "__main__":
    main()
