"""The row store and the sample data, without HTTP; and the server's own life."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.braintrust.row_store import RowStore
from sandbox.braintrust.seed import seed_rows, seed_users
from sandbox.braintrust.stand_in import BraintrustStandIn
from tests.sandbox.braintrust_client import CREATED, PROJECT, Client

NOW = datetime(2026, 5, 18, 9, tzinfo=UTC)


def test_rows_stand_in_the_order_in_which_they_were_added() -> None:
    store = RowStore()
    for name, days in (("a", 0), ("b", -5), ("c", 3)):
        store.add(PROJECT, id=name, created=CREATED + timedelta(days=days), tags=None)

    rows = store.all(PROJECT)

    assert [row.id for row in rows] == ["a", "b", "c"]
    assert [row.columns["_pagination_key"] for row in rows] == sorted(row.columns["_pagination_key"] for row in rows)
    assert all(len(row.columns["_pagination_key"]) == 21 and len(row.columns["_xact_id"]) == 19 for row in rows)


def test_the_same_id_cannot_be_added_twice() -> None:
    store = RowStore()
    store.add(PROJECT, id="a", created=CREATED, tags=None)

    with pytest.raises(ValueError, match="there already"):
        store.add(PROJECT, id="a", created=CREATED, tags=None)


def test_tags_are_replaced_and_rows_deleted_by_hand() -> None:
    store = RowStore()
    store.add(PROJECT, id="a", created=CREATED, tags=["x"])
    store.set_tags(PROJECT, "a", ["y"])

    row = store.get(PROJECT, "a")
    store.delete(PROJECT, "a")

    assert row is not None
    assert row.tags == ["y"]
    assert store.get(PROJECT, "a") is None


def test_nobody_assigns_a_row_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        RowStore().assign_by_hand(PROJECT, "a", ["u"])


def test_subscribers_hear_of_every_change() -> None:
    store = RowStore()
    heard: list[int] = []
    store.subscribe(lambda: heard.append(len(store.all(PROJECT))))

    store.add(PROJECT, id="a", created=CREATED, tags=None)
    store.assign_by_hand(PROJECT, "a", ["u"])
    store.delete(PROJECT, "a")

    assert heard == [1, 1, 0]


def test_many_threads_lose_no_write() -> None:
    store = RowStore()
    names = [str(number) for number in range(200)]
    store.add_many(PROJECT, [{"id": name, "created": CREATED, "tags": None} for name in names])

    def assign(user: str) -> None:
        for name in names:
            store.assign_by_hand(PROJECT, name, [user])

    threads = [threading.Thread(target=assign, args=(f"u{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(len(row.history) == 4 for row in store.all(PROJECT))


def test_seeded_rows_are_what_the_summary_says() -> None:
    store = RowStore()
    summary = seed_rows(store, PROJECT, count=200, assigned=40, finished=10, now=NOW)

    rows = store.all(PROJECT)
    matching = [
        row
        for row in rows
        if row.columns["is_root"] and "needs-review" in row.tags and row.created >= NOW - timedelta(days=7)
    ]
    assert len(rows) == summary.matching + 3 * summary.strays == 260
    assert len(matching) == summary.matching == 200
    assert sum(1 for row in matching if row.assignments) == summary.assigned == 40
    assert sum(1 for row in matching if not row.assignments and row.status == "COMPLETE") == summary.finished == 10
    assert sum(1 for row in matching if not row.assignments and row.status is None) == summary.open == 150
    assert sum(1 for row in rows if not row.columns["is_root"]) == summary.strays == 20


def test_the_same_seed_makes_the_same_rows() -> None:
    stores = [RowStore(), RowStore()]
    for store in stores:
        seed_rows(store, PROJECT, count=50, assigned=5, finished=5, now=NOW)

    one, other = ([row.columns for row in store.all(PROJECT)] for store in stores)
    assert one == other


def test_seeded_people_are_eight_and_a_service_account() -> None:
    users = seed_users()

    emails = [user["email"] for user in users]
    assert (len(users), emails.count(None)) == (9, 1)
    assert all(email.lower().endswith("@example.com") for email in emails if email)
    assert any(email != email.lower() for email in emails if email)


def test_a_stopped_server_comes_back_at_the_same_address_with_its_rows() -> None:
    server = BraintrustStandIn()
    server.start()
    address = server.url
    server.rows.add(PROJECT, id="a", created=CREATED, tags=None)
    server.stop()

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{address}/v1/user", timeout=30)

    with server, Client(server) as client:
        assert server.url == address
        assert client.data("select: id") == [{"id": "a"}]


def test_a_taken_port_is_an_error() -> None:
    with BraintrustStandIn() as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="Address already in use"):
            BraintrustStandIn(port=port).start()
