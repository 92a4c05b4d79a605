"""What can go wrong on purpose, seen from a client."""

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.braintrust.storage import RedirectToStorage
from sandbox.http.faults import (
    AppliedLate,
    CutBody,
    Garbage,
    Oversized,
    RepeatedCursor,
    Reset,
    ShortPage,
    SlowBody,
    Status,
    WrongCount,
)
from sandbox.http.request import Asked
from tests.sandbox.braintrust_client import PROJECT, Client, assignment


@pytest.fixture
def client() -> Iterator[Client]:
    with BraintrustStandIn() as server, Client(server) as client:
        client.add_numbered(5)
        yield client


def status_of(client: Client) -> int:
    return client.btql("select: id").status_code


def first(client: Client) -> requests.Response:
    return client.insert(assignment("row-0000", "u1"))


@pytest.mark.parametrize("code", [401, 403, 404, 413, 421, 429, 500, 502, 503, 504])
def test_a_status_befalls_the_next_request_only(client: Client, code: int) -> None:
    client.server.faults.next("query", Status(code))

    assert [status_of(client), status_of(client)] == [code, 200]


def test_a_status_may_have_a_body_and_headers(client: Client) -> None:
    client.server.faults.next("insert", Status(429, "slow down", {"Retry-After": "7"}))

    answer = first(client)

    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (429, "slow down", "7")
    assert client.assignments("row-0000") == ()


def test_the_recorded_bodies(client: Client) -> None:
    client.server.faults.next("query", Status(413))
    client.server.faults.next("query", Status(421))
    client.server.faults.next("query", Status(403))

    assert client.btql("select: id").json() == {"message": "Request Too Long"}
    assert client.btql("select: id").json()["Code"] == "DataPlaneRedirectError"
    assert "[user_email=owner@example.com]" in client.btql("select: id").json()["Message"]


def test_a_fault_befalls_the_nth_request_so_many_times(client: Client) -> None:
    client.server.faults.next("query", Status(500), times=2, nth=3)

    assert [status_of(client) for _ in range(5)] == [200, 200, 500, 500, 200]


def test_a_fault_befalls_requests_that_match_and_no_other_kind(client: Client) -> None:
    client.server.faults.always("query", Status(500), when=lambda text: "tags" in text)

    assert client.btql("select: tags").status_code == 500
    assert client.btql("select: id").status_code == 200
    assert first(client).status_code == 200
    assert client.server.faults.armed() == [("query", Status(500))]


def test_garbage_is_html_with_200(client: Client) -> None:
    client.server.faults.next("insert", Garbage())

    answer = first(client)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert client.assignments("row-0000") == ()


@pytest.mark.parametrize(
    ("fault", "applied"),
    [
        (Reset(), ()),
        (Reset(applied=True), ("u1",)),
        (Reset(after_seconds=0.05), ()),
        (Reset(applied=True, after_seconds=0.05), ("u1",)),
    ],
)
def test_a_connection_closed_without_an_answer(client: Client, fault: Reset, applied: tuple[str, ...]) -> None:
    client.server.faults.next("insert", fault)

    with pytest.raises(requests.ConnectionError):
        first(client)

    assert client.assignments("row-0000") == applied
    assert client.server.requests.all("insert")[-1].status == 0


def test_an_insert_that_is_applied_after_its_504(client: Client) -> None:
    client.server.faults.next("insert", AppliedLate(0.05))

    answer = first(client)

    assert answer.status_code == 504
    assert client.assignments("row-0000") == ()
    client.server.rows.wait_until(lambda _rows: client.assignments("row-0000") == ("u1",))
    assert client.server.requests.row_ids() == ["row-0000"]


def test_an_insert_that_is_applied_and_answered_with_an_error(client: Client) -> None:
    client.server.faults.next("insert", Status(502, applied=True))

    assert first(client).status_code == 502
    assert client.assignments("row-0000") == ("u1",)


def test_a_client_that_does_not_wait_leaves_a_hanging_server(client: Client) -> None:
    client.server.faults.next("query", Reset(after_seconds=60))

    with pytest.raises(requests.ReadTimeout):
        client.btql("select: id", timeout=0.05)
    assert status_of(client) == 200


def test_a_server_with_hanging_requests_stops_soon() -> None:
    with BraintrustStandIn() as server, Client(server) as client:
        server.faults.next("query", Reset(after_seconds=60))
        with pytest.raises(requests.ReadTimeout):
            client.btql("select: id", timeout=0.05)
        started = time.monotonic()
    assert time.monotonic() - started < 20


def test_a_slow_body_arrives_whole(client: Client) -> None:
    client.server.faults.next("query", SlowBody(0.1, pieces=5))
    started = time.monotonic()

    assert len(client.data("select: id")) == 5
    assert time.monotonic() - started >= 0.1


def test_a_body_that_is_cut_is_an_error(client: Client) -> None:
    client.server.faults.next("insert", CutBody())

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        first(client)
    assert client.assignments("row-0000") == ("u1",)


def test_a_large_answer_lies_in_a_bucket_that_refuses_the_key(client: Client) -> None:
    client.server.faults.next("query", RedirectToStorage())

    redirect = client.btql("select: id", allow_redirects=False)
    address = redirect.headers["Location"]
    with_key = client.session.get(address, timeout=30)
    without_key = requests.get(address, timeout=30)

    assert (redirect.status_code, with_key.status_code, without_key.status_code) == (303, 400, 200)
    assert "Content-Encoding" not in without_key.headers
    assert len(json.loads(gzip.decompress(without_key.content))["data"]) == 5
    assert requests.get(address[:-1] + "?", timeout=30).status_code == 403


def test_a_short_page_has_a_cursor(client: Client) -> None:
    client.server.faults.next("query", ShortPage(2))

    body = client.btql("select: id | limit: 5").json()

    assert len(body["data"]) == 2
    assert len(client.data(f"select: id | limit: 5 | cursor: '{body['cursor']}'")) == 3


def test_a_repeated_cursor_befalls_the_second_page(client: Client) -> None:
    client.server.faults.next("query", RepeatedCursor(), when=lambda text: "cursor:" in text)

    one = client.btql("select: id | limit: 2").json()["cursor"]
    two = client.btql(f"select: id | limit: 2 | cursor: '{one}'")

    assert two.json()["cursor"] == two.headers["x-bt-cursor"] == one


def test_a_wrong_count_is_one_short_of_what_was_applied(client: Client) -> None:
    client.server.faults.next("insert", WrongCount())

    answer = client.insert(assignment("row-0000", "u1"), assignment("row-0001", "u1"))

    assert answer.json() == {"row_ids": ["row-0000"]}
    assert client.assignments("row-0001") == ("u1",)


def test_an_oversized_answer_is_still_the_answer(client: Client) -> None:
    client.server.faults.next("query", Oversized(100_000))

    answer = client.btql("select: id")

    assert len(answer.content) == 100_000
    assert len(answer.json()["data"]) == 5


def test_queries_see_merges_only_after_the_lag(client: Client) -> None:
    client.server.faults.lag_seconds = 60
    first(client)
    client.insert(assignment("phantom", "u1"))

    [row] = client.data("select: metadata | filter: id = 'row-0000'")

    assert row == {"metadata": None}
    assert client.data("select: id | filter: id = 'phantom'") == []
    assert client.assignments("row-0000") == ("u1",)


def test_a_short_lag_ends(client: Client) -> None:
    client.server.faults.lag_seconds = 0.05
    first(client)
    deadline = time.monotonic() + 5

    while not client.ids("metadata is not null"):
        assert time.monotonic() < deadline
    assert client.ids("metadata is not null") == ["row-0000"]


def test_the_rate_limit_answers_429_with_retry_after(client: Client) -> None:
    client.server.faults.rate_limit(2)

    answers = [client.btql("select: id") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert first(client).status_code == 200


def test_latency_delays_a_kind(client: Client) -> None:
    client.server.faults.latency(0.1, kind="insert")

    first(client)

    [seen] = client.server.requests.all("insert")
    assert seen.ended is not None
    assert seen.ended - seen.started >= 0.1


@pytest.mark.parametrize(("moment", "meanwhile"), [("arrival", ()), ("answer", ("u1",))])
def test_a_gate_holds_requests_back_until_it_is_opened(client: Client, moment: str, meanwhile: tuple[str, ...]) -> None:
    gate = client.server.faults.hold("insert", at="answer" if moment == "answer" else "arrival")

    with ThreadPoolExecutor() as pool:
        answer = pool.submit(first, client)
        gate.wait_for_arrivals(1, 5)
        held = client.assignments("row-0000")
        others = status_of(client)
        gate.open()

        assert (held, others, answer.result(5).status_code) == (meanwhile, 200, 200)
    assert client.assignments("row-0000") == ("u1",)


def test_waiting_for_nobody_at_a_gate_ends(client: Client) -> None:
    with client.server.faults.hold("insert") as gate, pytest.raises(TimeoutError, match="0 of 1"):
        gate.wait_for_arrivals(1, 0.01)


def test_a_hook_runs_between_the_arrival_and_the_work(client: Client) -> None:
    client.server.faults.on_request("query", lambda _asked: client.server.rows.delete(PROJECT, "row-0000"))

    assert len(client.data("select: id")) == 4


def test_a_hook_sees_what_is_asked(client: Client) -> None:
    seen: list[Asked] = []
    client.server.faults.on_request("query", seen.append)

    client.btql("select: id | limit: 1")

    assert [(asked.method, asked.path) for asked in seen] == [("POST", "/btql")]
    assert seen[0].text.endswith("select: id | limit: 1")


def test_clear_ends_everything(client: Client) -> None:
    faults = client.server.faults
    gate = faults.hold("query")
    faults.always("query", Status(500))
    faults.rate_limit(0)
    faults.latency(60)
    faults.on_request("query", lambda _asked: client.server.rows.delete(PROJECT, "row-0000"))

    faults.clear()

    assert len(client.data("select: id")) == 5
    assert gate.arrivals == 0


def test_the_log_knows_what_was_asked(client: Client) -> None:
    client.data("select: id")
    first(client)
    client.get("/v1/user")

    log = client.server.requests
    assert [(seen.kind, seen.path, seen.status) for seen in log.all()] == [
        ("query", "/btql", 200),
        ("insert", f"/v1/project_logs/{PROJECT}/insert", 200),
        ("user", "/v1/user", 200),
    ]
    assert log.all("query")[0].text.endswith("select: id")
    assert (log.count(), log.count("insert")) == (3, 1)
    log.clear()
    assert (log.all(), log.count()) == ([], 0)
