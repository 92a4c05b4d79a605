"""The demo's proof: it must be able to fail."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sandbox.braintrust.row import Row
from sandbox.braintrust.row_store import RowStore
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.demo_proof import Evidence, problems

NAMES = {"u1": "Ana", "u2": "Ben"}
REPORT = "Done. Assigned 3 rows across 2 reviewers.\n• Ana: 2 rows\n• Ben: 1 row"
PAIRS = (("r1", "u1"), ("r2", "u2"), ("r3", "u1"))
OWNED, OPEN = "r4", "r5"


def rows_before() -> RowStore:
    """Four open rows, and one that belongs to somebody."""
    store = RowStore()
    for row_id in ("r1", "r2", "r3", OWNED, OPEN):
        store.add(DEFAULT_PROJECT_ID, id=row_id, created=datetime(2026, 11, 20, tzinfo=UTC), tags=["t"])
    store.assign_by_hand(DEFAULT_PROJECT_ID, OWNED, ["u2"])
    return store


def assign(store: RowStore, pairs: Sequence[tuple[str, str]]) -> None:
    """Assign rows as the bot does."""
    lists = {"__bt_default_review_list": {"status": "PENDING"}}
    events = [
        {"id": row_id, "_is_merge": True, "metadata": {"~__bt_assignments": [who], "~__bt_review_lists": lists}}
        for row_id, who in pairs
    ]
    store.write(DEFAULT_PROJECT_ID, events)


def evidence_of(store: RowStore, before: Sequence[Row]) -> Evidence:
    """What the demo would look at, with an honest report and file."""
    attachment = json.dumps([{"row_id": row_id, "reviewer_id": who} for row_id, who in PAIRS]).encode()
    return Evidence(before, store.all(DEFAULT_PROJECT_ID), REPORT, attachment, NAMES)


def test_nothing_is_wrong_when_report_file_and_rows_agree() -> None:
    store = rows_before()
    before = store.all(DEFAULT_PROJECT_ID)
    assign(store, PAIRS)

    evidence = evidence_of(store, before)

    assert problems(evidence) == []
    assert evidence.assigned == {"Ana": 2, "Ben": 1}


@pytest.mark.parametrize(
    ("mischief", "problem"),
    [
        (lambda store: assign(store, [("r1", "u1")]), "1 row was written more than once."),
        (lambda store: assign(store, [("r1", "u2")]), "Ben: the report says 1 rows, 2 are stored."),
        (lambda store: assign(store, [(OWNED, "u1")]), "1 row was taken from somebody."),
        (lambda store: assign(store, [(OPEN, "u1")]), "The report says 3 rows, but 4 were written."),
        (lambda store: assign(store, [("new", "u1")]), "1 row was made out of nothing."),
        (lambda store: store.delete(DEFAULT_PROJECT_ID, OPEN), "1 row was lost."),
        (lambda store: store.finish_by_hand(DEFAULT_PROJECT_ID, "r2"), "1 row was not waiting for review."),
        (lambda store: store.set_tags(DEFAULT_PROJECT_ID, OPEN, []), "1 row was not assigned to exactly one person."),
    ],
)
def test_whatever_else_happens_to_a_row_is_found(mischief: Callable[[RowStore], None], problem: str) -> None:
    store = rows_before()
    before = store.all(DEFAULT_PROJECT_ID)
    assign(store, PAIRS)
    mischief(store)

    found = problems(evidence_of(store, before))

    assert problem in found


def test_a_report_or_a_file_that_says_something_else_is_found() -> None:
    store = rows_before()
    before = store.all(DEFAULT_PROJECT_ID)
    assign(store, PAIRS)
    honest = evidence_of(store, before)

    boasting = replace(honest, report=REPORT.replace("3 rows across 2", "4 rows across 3"))
    silent = replace(honest, report="Failed. No row was assigned.")
    short = replace(honest, attachment=b"[]")

    assert problems(boasting) == [
        "The report says 4 rows, but 3 were written.",
        "The report says 3 reviewers, but 2 got rows.",
    ]
    assert problems(silent) == ["The report has no headline with the counts."]
    assert problems(short) == ["The attached list is not the list of rows that were written."]
