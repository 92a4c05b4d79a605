"""Sample rows and people, the same for the same seed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

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


@dataclass(frozen=True, slots=True)
class SeedSummary:
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
    assigned: Mapping[str, int] | int = 300,
    finished: int = 40,
    seed: int = 7,
    now: datetime | None = None,
) -> SeedSummary:
    """Add `count` root rows with `tag` in the last week, and a tenth as many of each kind that must not be found.

    `assigned` of them belong to somebody: so many for each user id, or a number, dealt to four people of `seed_users`.
    `finished` more have a finished review and no assignee.  The rows not to be found have other tags, are too old, or
    are child spans.
    """
    planner = _Planner(Random(seed), now or datetime.now(UTC), tag)
    extra = count // 10
    owners = _owners(assigned)
    rows = [*planner.matching(count, owners, finished), *planner.strays(extra)]
    rows.sort(key=lambda row: row["created"])
    store.add_many(project_id, rows)

    return SeedSummary(count, len(owners), finished, count - len(owners) - finished, extra)


@dataclass(frozen=True, slots=True)
class _Planner:
    random: Random
    now: datetime
    tag: str

    def matching(self, count: int, owners: Sequence[str], finished: int) -> Iterator[Columns]:
        """Root rows with the tag in the window, in a random mix of assigned, finished and open ones."""
        if len(owners) + finished > count:
            raise ValueError("more rows assigned and finished than rows")
        states = [  # of the assigned rows, every fifth one is finished
            {ASSIGNMENTS: [owner], **_review("PENDING" if number % 5 else "COMPLETE")}
            for number, owner in enumerate(owners)
        ]
        states += [_review("COMPLETE") for _ in range(finished)]
        states += [{} for _ in range(count - len(owners) - finished)]
        self.random.shuffle(states)
        for state in states:
            yield self._row([self.tag], self._age(0.0, 0.98), state)

    def strays(self, count: int) -> Iterator[Columns]:
        """As many each: root rows with other tags or none, root rows that are too old, and child spans."""
        for number in range(count):
            yield self._row(["triaged", "praise"] if number % 2 else None, self._age(0.0, 0.98), {})
            yield self._row([self.tag], self._age(1.05, 3.0), {})
            child = self._row(None, self._age(0.0, 0.98), {})
            root = _uuid(self.random)
            yield child | {"is_root": False, "root_span_id": root, "span_parents": [root]}

    def _age(self, least: float, most: float) -> timedelta:
        return WINDOW * (least + (most - least) * self.random.random())

    def _row(self, tags: list[str] | None, age: timedelta, review: dict[str, Any]) -> Columns:
        metadata = {"model": self.random.choice(_MODELS), **review}
        return {"id": _uuid(self.random), "created": self.now - age, "tags": tags, "metadata": metadata}


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def _review(status: str) -> dict[str, Any]:
    return {REVIEW_LISTS: {DEFAULT_LIST: {"status": status}}}


def _owners(assigned: Mapping[str, int] | int) -> list[str]:
    """The owner of each assigned row."""
    if isinstance(assigned, int):
        people = [user["id"] for user in seed_users()[:4]]
        return [people[number % len(people)] for number in range(assigned)]
    return [user_id for user_id, rows in assigned.items() for _ in range(rows)]


def _user(random: Random, number: int, given_name: str, family_name: str, email: str | None) -> dict[str, Any]:
    return {
        "id": _uuid(random),
        "given_name": given_name,
        "family_name": family_name,
        "email": email,
        "avatar_url": None,
        "created": f"2026-01-{number + 1:02d}T09:00:00.000Z",
    }
