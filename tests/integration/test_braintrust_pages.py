"""Reading from a Braintrust that answers: pages to the true end, rows by id, what columns are called."""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import count

import pytest
from aiohttp.web import StreamResponse

from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.btql import rows_by_id
from bot.domain.plan import Batch
from bot.domain.reading import LogRow
from bot.errors import BraintrustRejectedError, BraintrustUnavailableError
from bot.services.reading import QUICK_SECONDS, RowReader
from bot.settings import BraintrustSettings, WorkSettings
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.exchange import Exchange
from sandbox.http.faults import Fault, Garbage, RepeatedCursor, Reset, ShortPage, Status
from sandbox.http.request import Answer, Asked
from tests.integration.braintrust_client import (
    ANA,
    CREATED,
    PROJECT,
    TAG,
    WINDOW,
    NoPatience,
    add_rows,
    query,
    read,
    request_for,
)
from tests.integration.stored import new_plan


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
    """The walk moves on by keys, so it does not matter what happens to the rows on the way."""
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
    assert braintrust.requests.count("query") <= 12


def rows_of(reader: RowReader, ids: Sequence[str], patience: NoPatience) -> dict[str, LogRow]:
    batch = Batch(1, tuple((row_id, ANA) for row_id in ids))
    return reader.of_batches(new_plan(project_id=PROJECT), [batch], patience=patience).rows


def sizes(braintrust: BraintrustStandIn) -> list[int]:
    """How many rows each query asked for."""
    return [int(seen.text.partition("| limit: ")[2].split(" ")[0]) for seen in braintrust.requests.all("query")]


def test_pages_grow_once_they_come_full_and_quickly(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    ids = add_rows(braintrust, 95)

    assert read(client, patience, max_page_size=50) == ids[::-1]
    assert sizes(braintrust) == [10, 50, 50, 50]


def test_a_server_with_a_smaller_limit_of_its_own_is_asked_as_often_as_it_has_pages(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    ids = add_rows(braintrust, 25)
    braintrust.faults.always("query", ShortPage(7))

    assert read(client, patience) == ids[::-1]
    assert sizes(braintrust) == [10] * 5


def test_pages_that_take_long_do_not_grow(braintrust: BraintrustStandIn, patience: NoPatience) -> None:
    """Fivefold they could take longer than Braintrust lets a query run."""
    ids = add_rows(braintrust, 35)
    settings = BraintrustSettings(api_key="sk-sandbox", api_url=braintrust.url)
    slow = BraintrustClient(settings, monotonic=count(0.0, QUICK_SECONDS + 1).__next__)

    assert read(slow, patience, max_page_size=50) == ids[::-1]
    assert set(sizes(braintrust)) == {10}


@pytest.mark.parametrize("fault", [Status(503), Garbage(), Reset()], ids=str)
def test_a_large_page_that_does_not_come_is_asked_for_in_the_size_that_worked(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, fault: Fault
) -> None:
    """From the same cursor, at once; pages grow half as far from then on, because a fault may have been by chance."""
    ids = add_rows(braintrust, 95)
    braintrust.faults.always("query", fault, when=lambda query: "limit: 50" in query or "limit: 25" in query)

    assert read(client, patience, max_page_size=50) == ids[::-1]
    assert sizes(braintrust) == [10, 50, 10, 25, 10, *[12] * 7]
    assert patience.waits == []


@pytest.mark.parametrize("status", [400, 413])
def test_a_page_size_that_is_refused_is_never_asked_for_again(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, status: int
) -> None:
    ids = add_rows(braintrust, 35)
    braintrust.faults.always("query", Status(status), when=lambda query: "limit: 50" in query)

    assert read(client, patience, max_page_size=50) == ids[::-1]
    assert sizes(braintrust).count(50) == 1


def test_the_next_page_is_asked_for_while_the_last_one_is_worked_on(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 35)
    reader = RowReader(client, WorkSettings(page_size=10, max_page_size=10))
    numbers: list[int] = []

    def on_page(number: int, _rows: int) -> None:
        braintrust.requests.wait_for("query", number + 1)
        numbers.append(number)

    reader.matching(request_for(TAG), WINDOW, patience=patience, on_page=on_page)

    assert numbers == [1, 2, 3, 4]


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
    braintrust.faults.always("query", RepeatedCursor(), when=lambda text: "cursor:" in text)

    with pytest.raises(BraintrustRejectedError, match="repeated a page"):
        read(client, patience)


def test_pages_that_bring_nothing_new_are_an_error_whatever_their_cursors(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    numbers = count()

    async def circling(exchange: Exchange) -> StreamResponse:
        return exchange.response(Answer({"data": [{"id": "row"}], "cursor": f"cursor-{next(numbers)}"}))

    braintrust.faults.always("query", circling)

    with pytest.raises(BraintrustRejectedError, match="repeated a page"):
        read(client, patience)

    assert next(numbers) < 10


def test_too_many_pages_are_an_error(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 55)

    with pytest.raises(BraintrustRejectedError, match="More than 2 pages match"):
        read(client, patience, max_pages=2)

    assert braintrust.requests.count("query") <= 4  # the one too many, and one that was asked for ahead


def test_a_page_says_who_has_a_row_and_how_its_review_stands(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 3)
    braintrust.rows.assign_by_hand(PROJECT, "row-0000", [ANA])
    braintrust.rows.finish_by_hand(PROJECT, "row-0001")

    page = client.page(query(), patience=patience)

    assert [(row.id, row.assignees, row.status) for row in page.rows] == [
        ("row-0002", (), None),
        ("row-0001", (), "COMPLETE"),
        ("row-0000", (ANA,), None),
    ]


@pytest.mark.parametrize(("value", "rows"), [(12, 12), ("12", 12), (0, 0), (2**53, 2**53)])
def test_a_count_may_come_as_text(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, value: object, rows: int
) -> None:
    body = json.dumps({"data": [{"assignee": ANA, "n": value}]})
    braintrust.faults.next("query", Status(200, body=body))

    assert client.tally(query(), key="assignee", count="n", patience=patience) == {ANA: rows}


@pytest.mark.parametrize("value", [None, True, -1, 1.5, "", "-1", "1.5", "a few", "9" * 17, "9" * 4300, 2**53 + 1])
def test_what_is_no_count_is_unusable(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, value: object
) -> None:
    body = json.dumps({"data": [{"assignee": ANA, "n": value}]})
    braintrust.faults.always("query", Status(200, body=body))

    with pytest.raises(BraintrustUnavailableError, match="cannot be used"):
        client.tally(query(), key="assignee", count="n", patience=patience)


def test_rows_are_read_by_id(braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience) -> None:
    """More than one query may name; those that do not exist are missing."""
    ids = add_rows(braintrust, 4_100)

    found = rows_of(RowReader(client, WorkSettings()), [*ids, "gone"], patience)

    assert sorted(found) == ids
    assert found[ids[0]].tags == (TAG,)
    assert braintrust.requests.count("query") == 3  # the second part has one missing: only an empty page says so


@pytest.mark.parametrize("status", [400, 413])
def test_a_query_by_ids_that_is_refused_is_halved_and_the_size_that_worked_is_kept(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, status: int
) -> None:
    """Nobody has documented how long such a query may be."""
    ids = add_rows(braintrust, 1_000)
    reader = RowReader(client, WorkSettings())
    braintrust.faults.always("query", Status(status), when=lambda query: query.count("'row-") > 300)

    found = [sorted(rows_of(reader, ids, patience)) for _ in range(2)]

    assert found == [ids] * 2
    assert [query.text.count("'row-") for query in braintrust.requests.all("query")] == [
        *[1000, 500, 250, 250, 500, 250, 250],
        *[250] * 4,
    ]


def test_a_query_by_ids_that_is_always_refused_ends_with_the_refusal(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """And leaves later queries as long as they were: their length was not what was wrong."""
    ids = add_rows(braintrust, 1_000)
    reader = RowReader(client, WorkSettings())
    braintrust.faults.always("query", Status(400))

    with pytest.raises(BraintrustRejectedError):
        rows_of(reader, ids, patience)

    assert braintrust.requests.count("query") <= 5
    braintrust.faults.clear()
    braintrust.requests.clear()
    assert sorted(rows_of(reader, ids, patience)) == ids
    assert braintrust.requests.count("query") == 1


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
