"""Reading from a Braintrust that answers: pages to the true end, rows by id, what columns are called."""

from datetime import timedelta
from itertools import count

import pytest

from bot.adapters.braintrust import BraintrustClient
from bot.domain.btql import rows_by_id
from bot.errors import BraintrustRejectedError
from bot.sandbox.braintrust import (
    Asked,
    BraintrustStandIn,
    RepeatedCursor,
    ShortPage,
)
from bot.services.reading import RowReader
from bot.settings import WorkSettings
from tests.integration.braintrust_client import ANA, CREATED, PROJECT, TAG, WINDOW, NoPatience, add_rows, query, read


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 20, 25])
def test_pages_are_read_to_the_true_end(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, rows: int
) -> None:
    """Every row once, the newest first; only an empty page or a missing cursor ends the walk."""
    ids = add_rows(braintrust, rows)

    assert read(client, patience) == ids[::-1]
    assert patience.waits == []


def test_rows_that_come_go_and_change_meanwhile_lose_none_of_the_others(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """Both walks move on by keys, so it does not matter what happens to the rows on the way."""
    ids = add_rows(braintrust, 95)
    times = count()

    def happen(_asked: Asked) -> None:
        number = next(times)
        braintrust.rows.add(PROJECT, id=f"new-{number}", created=CREATED, tags=[TAG])
        braintrust.rows.delete(PROJECT, ids[number * 9])
        braintrust.rows.assign_by_hand(PROJECT, ids[number * 9 + 1], [ANA])

    braintrust.faults.on_request("query", happen)

    found = read(client, patience)

    touched = {row_id for number in range(11) for row_id in ids[number * 9 : number * 9 + 2]}
    assert set(found) >= set(ids) - touched
    assert len(set(found)) == len(found)
    assert [row_id for row_id in found if row_id in ids] == [row_id for row_id in ids[::-1] if row_id in found]
    assert braintrust.requests.count("query") <= 12  # as many as from one end, or one more


def test_both_walks_are_seen_by_the_server(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 95)
    braintrust.faults.latency(0.05)

    read(client, patience)

    asked = [seen.text for seen in braintrust.requests.all("query")]
    assert sum("_pagination_key asc" in text for text in asked) >= 4
    assert sum("_pagination_key desc" in text for text in asked) >= 4
    braintrust.requests.clear()
    read(client, patience, parallel_requests=1)
    assert not any("_pagination_key asc" in seen.text for seen in braintrust.requests.all("query"))


def test_a_short_page_does_not_end_the_walk(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    ids = add_rows(braintrust, 25)
    braintrust.faults.next("query", ShortPage(3))
    braintrust.faults.next("query", ShortPage(1), nth=2)

    assert read(client, patience) == ids[::-1]


def test_a_repeated_cursor_is_an_error(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """Better no plan than a plan of half the rows, or one that never ends."""
    add_rows(braintrust, 55)
    braintrust.faults.always("query", RepeatedCursor())

    with pytest.raises(BraintrustRejectedError, match="repeated a page"):
        read(client, patience)


def test_too_many_pages_are_an_error(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 55)

    with pytest.raises(BraintrustRejectedError, match="More than 2 pages match"):
        read(client, patience, max_pages=2)

    assert braintrust.requests.count("query") <= 5  # the one too many, and one that each walk asked for ahead


def test_a_page_says_who_has_a_row_and_how_its_review_stands(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 3)
    braintrust.rows.assign_by_hand(PROJECT, "row-0000", [ANA])
    braintrust.rows.finish_by_hand(PROJECT, "row-0001")

    page = client.page(query(), patience=patience)

    assert [(row.id, row.assignees, row.status, row.finished) for row in page.rows] == [
        ("row-0002", (), None, False),
        ("row-0001", (), "COMPLETE", True),
        ("row-0000", (ANA,), None, False),
    ]


def test_rows_are_read_by_id(braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience) -> None:
    """More than one query may name; those that do not exist are missing."""
    ids = add_rows(braintrust, 4_100)

    found = RowReader(client, WorkSettings()).by_id(PROJECT, [*ids, "gone"], patience=patience).rows

    assert sorted(found) == ids
    assert found[ids[0]].tags == (TAG,)
    assert braintrust.requests.count("query") <= 4


@pytest.mark.parametrize(
    "tag",
    [
        "it's",
        "''",
        '"double"',
        "a|b",
        "100%",
        "tags includes 'x'",
        "ünïcödé 🦜",
        "a, b",
        "<b>&amp;",
        "-- no",
        "' or ''='",
    ],
)
def test_a_tag_selects_exactly_its_rows(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, tag: str
) -> None:
    """Whatever it is made of, it is a value, never a part of the query."""
    add_rows(braintrust, 3)
    braintrust.rows.add(PROJECT, id=tag, created=CREATED, tags=["other", tag])
    braintrust.rows.add(PROJECT, id="near", created=CREATED, tags=[f"{tag} ", tag + tag])

    assert read(client, patience, tag=tag) == [tag]
    assert [row.id for row in client.page(rows_by_id(PROJECT, ids=[tag]), patience=patience).rows] == [tag]


def test_a_window_is_half_open(braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience) -> None:
    instant = timedelta(milliseconds=1)
    for name, created in (
        ("before", WINDOW.start - instant),
        ("first", WINDOW.start),
        ("last", WINDOW.end - instant),
        ("after", WINDOW.end),
    ):
        braintrust.rows.add(PROJECT, id=name, created=created, tags=[TAG])

    assert read(client, patience) == ["last", "first"]
