"""Sample rows and people, the same for the same seed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from sandbox.braintrust.row import ASSIGNMENTS, DEFAULT_LIST, REVIEW_LISTS, Columns
from sandbox.braintrust.row_store import RowStore

WINDOW = timedelta(days=7)
_MODELS = ("gpt-4.1-mini", "gpt-4.1", "claude-sonnet-4-5", "gemini-2.5-flash")
_PEOPLE = (
    ("Ada", "Okafor", "ada.okafor@example.com"),
    ("Benjamín", "Ruiz", "Benjamin.Ruiz@example.com"),
    ("Chiara", "Conti", "chiara@example.com"),
    ("Dmitri", "Volkov", "D.Volkov@Example.com"),
    ("Emeka", "Eze", "emeka.eze@example.com"),
    ("Farah", "Haddad", "farah.haddad@example.com"),
    ("Grace", "O'Neill", "grace.oneill@example.com"),
    ("Hiro", "Tanaka", "HIRO.TANAKA@example.com"),
)


class SeedSummary(NamedTuple):
    """What was added.  `matching` root rows have the tag and lie in the window; the next three are parts of them.

    There are as many `strays` of each kind: with other tags, outside of the window, child spans.
    """

    matching: int
    assigned: int
    finished: int
    open: int
    strays: int


def seed_users(seed: int = 7) -> list[dict[str, Any]]:
    """Eight people and a service account without an e-mail address, with fixed ids."""
    random = Random(seed)
    people = [_user(random, number, *person) for number, person in enumerate(_PEOPLE)]
    return [*people, _user(random, len(people), "CI", "service account", None)]


def seed_rows(
    store: RowStore,
    project_id: str,
    *,
    count: int = 2500,
    tag: str = "needs-review",
    assigned: int = 300,
    finished: int = 40,
    seed: int = 7,
    now: datetime | None = None,
) -> SeedSummary:
    """Add `count` root rows with `tag` in the last week, and a tenth as many of each kind that must not be found.

    `assigned` of them are dealt to four people of `seed_users`; `finished` more have a finished review and no assignee.
    The rows not to be found have other tags, are too old, or are child spans.
    """
    random, now, strays = Random(seed), now or datetime.now(UTC), count // 10
    owners = [user["id"] for user in seed_users()[:4]]
    if assigned + finished > count:
        raise ValueError("more rows assigned and finished than rows")
    states = [  # of the assigned rows, every fifth one is finished
        {ASSIGNMENTS: [owners[number % 4]], **_review("PENDING" if number % 5 else "COMPLETE")}
        for number in range(assigned)
    ]
    states += [_review("COMPLETE") for _ in range(finished)]
    states += [{} for _ in range(count - assigned - finished)]
    random.shuffle(states)
    rows = [_row(random, now, [tag], state) for state in states]
    for number in range(strays):
        rows.append(_row(random, now, ["triaged", "praise"] if number % 2 else None))
        rows.append(_row(random, now - 1.1 * WINDOW, [tag]))
        rows.append(_row(random, now, None) | {"is_root": False, "span_parents": [_uuid(random)]})
    rows.sort(key=lambda row: row["created"])
    store.add_many(project_id, rows)

    return SeedSummary(count, assigned, finished, count - assigned - finished, strays)


def _row(random: Random, now: datetime, tags: list[str] | None, review: Mapping[str, Any] | None = None) -> Columns:
    """A row from the window before `now`."""
    created = now - WINDOW * 0.98 * random.random()
    metadata = {"model": random.choice(_MODELS), **(review or {})}
    return {"id": _uuid(random), "created": created, "tags": tags, "metadata": metadata}


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _review(status: str) -> dict[str, Any]:
    return {REVIEW_LISTS: {DEFAULT_LIST: {"status": status}}}


def _user(random: Random, number: int, given_name: str, family_name: str, email: str | None) -> dict[str, Any]:
    return {
        "id": _uuid(random),
        "given_name": given_name,
        "family_name": family_name,
        "email": email,
        "avatar_url": None,
        "created": f"2026-01-{number + 1:02d}T09:00:00.000Z",
    }
