"""`POST /btql` over HTTP: pages, cursors, columns, counts, warnings, refusals."""

import json
from collections.abc import Iterator

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.braintrust.queries import decoded_cursor, encoded_cursor
from sandbox.braintrust.stand_in import BraintrustStandIn
from tests.sandbox.braintrust_client import CREATED, PROJECT, Client, assignment


@pytest.fixture
def client() -> Iterator[Client]:
    with BraintrustStandIn(max_limit=50) as server, Client(server) as client:
        yield client


def walk(client: Client, clauses: str) -> tuple[list[str], list[int]]:
    """All ids of a walk that ends at an empty page, and the size of each page."""
    ids: list[str] = []
    sizes: list[int] = []
    cursor = ""
    while True:
        body = client.btql(f"{clauses} | select: id" + (f" | cursor: '{cursor}'" if cursor else "")).json()
        sizes.append(len(body["data"]))
        ids += [row["id"] for row in body["data"]]
        if not body["data"]:
            assert "cursor" not in body
            return ids, sizes
        cursor = body["cursor"]


def test_a_walk_brings_every_row_once_and_a_cursor_with_every_page_that_has_rows(client: Client) -> None:
    ids = client.add_numbered(25)

    assert walk(client, "limit: 10") == (ids[::-1], [10, 10, 5, 0])
    assert walk(client, "limit: 10 | sort: _pagination_key asc") == (ids, [10, 10, 5, 0])


def test_a_limit_above_the_maximum_makes_a_short_page_with_a_cursor(client: Client) -> None:
    client.add_numbered(60)

    assert walk(client, "limit: 1000")[1] == [50, 10, 0]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(limit=st.integers(1, 30), tagged=st.lists(st.booleans(), max_size=40))
def test_a_filtered_walk_is_complete_whatever_the_limit(client: Client, limit: int, tagged: list[bool]) -> None:
    for row in client.server.rows.all(PROJECT):
        client.server.rows.delete(PROJECT, row.id)
    for number, has_tag in enumerate(tagged):
        client.add(str(number), tags=["x"] if has_tag else None)

    ids, _ = walk(client, f"filter: tags includes 'x' | limit: {limit} | sort: _pagination_key asc")

    assert ids == [str(number) for number, has_tag in enumerate(tagged) if has_tag]


def test_writing_while_walking_neither_skips_nor_repeats_rows(client: Client) -> None:
    ids = client.add_numbered(20)
    first = client.btql("select: id | limit: 10").json()

    client.insert(*(assignment(row_id, "u") for row_id in ids))
    client.add("newer")
    client.server.rows.delete(PROJECT, first["data"][-1]["id"])
    second = client.btql(f"select: id | limit: 10 | cursor: '{first['cursor']}'").json()

    assert [row["id"] for row in second["data"]] == ids[9::-1]


def test_the_cursor_is_the_key_of_the_last_row_and_stands_in_the_header_too(client: Client) -> None:
    client.add("a")
    answer = client.btql("select: _pagination_key")

    cursor = answer.json()["cursor"]
    key = answer.json()["data"][0]["_pagination_key"]
    assert answer.headers["x-bt-cursor"] == cursor
    assert "=" not in cursor
    assert key == f"p{decoded_cursor(cursor):020d}"


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_can_be_read_again(number: int) -> None:
    assert decoded_cursor(encoded_cursor(number)) == number


def test_columns_are_named_by_alias_or_exact_text(client: Client) -> None:
    client.add("a", metadata={"~__bt_assignments": ["u1"], "x": 1})

    rows = client.data('select: id, metadata."~__bt_assignments" as assignments, metadata."~__bt_assignments"')

    assert rows == [{"id": "a", "assignments": ["u1"], 'metadata."~__bt_assignments"': ["u1"]}]


def test_ids_are_found_by_list_in_the_order_of_the_walk(client: Client) -> None:
    ids = client.add_numbered(30)
    wanted = [ids[7], ids[3], "unknown", ids[7]]
    listed = ", ".join(f"'{row_id}'" for row_id in wanted)

    assert client.ids(f"id in [{listed}] and tags includes 'a'") == [ids[3], ids[7]]
    assert client.ids(f"id in [{listed}] and tags includes 'b'") == []
    assert client.ids(f"id = '{ids[5]}'") == [ids[5]]


def test_counts_by_assignee_come_by_unpivot(client: Client) -> None:
    client.add_numbered(5)
    client.insert(assignment("row-0001", "u1"), assignment("row-0002", "u1", "u2"))

    rows = client.data('unpivot: metadata."~__bt_assignments" as (who) | dimensions: who | measures: count(1) as n')

    assert rows == [{"who": "u1", "n": 2}, {"who": "u2", "n": 1}]


def test_all_that_match_are_counted_at_once(client: Client) -> None:
    client.add_numbered(5)
    client.insert(assignment("row-0001", "u1"))

    assert client.data("measures: count(1) as n") == [{"n": 5}]
    assert client.data('filter: metadata."~__bt_assignments" is null | measures: count(1) as free') == [{"free": 4}]


def test_a_refused_query_says_why_in_the_shape_of_braintrust(client: Client) -> None:
    answer = client.btql("select: id | filter: tags includes 'a\\'")

    assert answer.status_code == 400
    assert answer.json()["Code"] == "BadRequestError"
    assert "Syntax error at position" in answer.json()["Message"]
    assert "[user_email=owner@example.com] [user_org=Acme]" in answer.json()["Message"]


@pytest.mark.parametrize("cursor", ["", "AAAA", "!!!!", "AAAAAAAAAAAAAAAA"])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    assert client.btql(f"select: id | cursor: '{cursor}'").status_code == 400


def test_an_unknown_project_is_a_400_in_plain_text(client: Client) -> None:
    query = "from: project_logs('00000000-0000-0000-0000-000000000000') | select: id"
    answer = client.session.post(f"{client.server.url}/btql", json={"query": query}, timeout=30)

    assert answer.status_code == 400
    assert answer.text.startswith("Missing read access to project id 00000000-0000-0000-0000-000000000000, or the")
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("header", [None, "Bearer wrong", "sk-sandbox"])
def test_without_the_key_there_is_a_401_in_plain_text(client: Client, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.post(f"{client.server.url}/btql", json={"query": "x"}, headers=headers, timeout=30)

    assert answer.status_code == 401
    assert answer.text.startswith("Failed to validate Cognito JWT")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"query": 5}', b'{"query": "a\nb"}', b'{"query": "", "x": 1}'])
def test_a_body_that_is_no_query_is_refused(client: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.session.post(f"{client.server.url}/btql", data=body, headers=headers, timeout=30)

    assert answer.status_code == 400


def test_a_large_answer_is_compressed_when_asked_for(client: Client) -> None:
    client.add("a", created=CREATED, output="x" * 5000)

    plain = client.btql("select: output", headers={"Accept-Encoding": "identity"})
    packed = client.btql("select: output", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(packed.text)["data"] == json.loads(plain.text)["data"]
