"""Writing to a Braintrust that answers, does not, or says nonsense."""

import json
import threading
import time

import pytest

from bot.adapters.braintrust.client import BraintrustClient, assignment_event
from bot.domain.row_changes import Assignment
from bot.domain.writing import Outcome, WriteResult
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.faults import CutBody, Fault, Garbage, Oversized, Reset, SlowBody, Status, WrongCount
from tests.integration.braintrust_client import (
    ANA,
    CREATED,
    OWNER_TOLD,
    PROJECT,
    REFUSALS,
    TAG,
    NoPatience,
    add_rows,
    assert_discreet,
    client_of,
)
from tests.ports import free_port


def written(braintrust: BraintrustStandIn, row_id: str = "row-0000") -> tuple[str, ...]:
    row = braintrust.rows.get(PROJECT, row_id)
    assert row is not None
    return row.assignments


def assign(client: BraintrustClient, count: int = 3) -> WriteResult:
    return client.write(PROJECT, [(f"row-{number:04}", ANA) for number in range(count)], Assignment("needs-review"))


def test_an_assignment_is_exactly_the_documented_event() -> None:
    assert assignment_event("row-1", ANA) == {
        "id": "row-1",
        "metadata": {
            "~__bt_assignments": [ANA],
            "~__bt_review_lists": {"__bt_default_review_list": {"status": "PENDING"}},
        },
        "_is_merge": True,
        "_merge_paths": [["metadata", "~__bt_assignments", "~__bt_review_lists"]],
    }


def test_a_write_sends_these_events_and_nothing_else(braintrust: BraintrustStandIn, client: BraintrustClient) -> None:
    """One request, its rows in the order given, each with its own reviewer."""
    add_rows(braintrust, 3)
    bodies: list[bytes] = []
    braintrust.faults.on_request("insert", lambda asked: bodies.append(asked.body))

    result = client.write(PROJECT, [("row-0002", ANA), ("row-0000", "someone")], Assignment("needs-review"))

    assert result == WriteResult(Outcome.ACKNOWLEDGED)
    assert [json.loads(body) for body in bodies] == [
        {"events": [assignment_event("row-0002", ANA), assignment_event("row-0000", "someone")]}
    ]
    assert (written(braintrust, "row-0002"), written(braintrust), written(braintrust, "row-0001")) == (
        (ANA,),
        ("someone",),
        (),
    )


def test_a_write_leaves_the_rest_of_the_metadata_alone(braintrust: BraintrustStandIn, client: BraintrustClient) -> None:
    braintrust.rows.add(PROJECT, id="row-0000", created=CREATED, tags=[TAG], metadata={"model": "m", "deep": {"a": 1}})

    assign(client, 1)

    row = braintrust.rows.get(PROJECT, "row-0000")
    assert row is not None
    assert (row.metadata["model"], row.metadata["deep"]) == ("m", {"a": 1})
    assert (row.assignments, row.status, row.tags) == ((ANA,), "PENDING", [TAG])


@pytest.mark.parametrize(
    ("fault", "result"),
    [
        (Status(429, headers={"Retry-After": "7"}), WriteResult(Outcome.RATE_LIMITED, retry_after_seconds=7.0)),
        (Status(429), WriteResult(Outcome.RATE_LIMITED)),
        (Status(413), WriteResult(Outcome.TOO_LARGE)),
    ],
)
def test_what_was_certainly_not_written_and_is_nothing_wrong(
    braintrust: BraintrustStandIn, client: BraintrustClient, fault: Fault, result: WriteResult
) -> None:
    add_rows(braintrust, 3)
    braintrust.faults.next("insert", fault)

    assert assign(client) == result
    assert written(braintrust) == ()


def test_too_many_bytes_are_too_large(patience: NoPatience) -> None:
    with BraintrustStandIn(max_body_bytes=2_000) as braintrust:
        add_rows(braintrust, 100)

        assert assign(client_of(braintrust.url), 100) == WriteResult(Outcome.TOO_LARGE)


@pytest.mark.parametrize(
    ("status", "sentence"), [refusal for refusal in REFUSALS if refusal[0] in {400, 401, 403, 404, 421}]
)
def test_a_refused_write_says_what_to_do(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    caplog: pytest.LogCaptureFixture,
    status: int,
    sentence: str,
) -> None:
    add_rows(braintrust, 3)
    braintrust.faults.next("insert", Status(status, f"no {OWNER_TOLD} https://api-eu.braintrust.dev"))

    result = assign(client)

    assert result.outcome is Outcome.REFUSED
    assert sentence in result.reason
    assert written(braintrust) == ()
    assert_discreet(result.reason, caplog)


def test_a_write_to_a_closed_port_never_left(caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    result = assign(client_of(url))

    sentence = f"Braintrust cannot be reached at {url}: nothing listens at its port. Check BRAINTRUST_API_URL."
    assert result == WriteResult(Outcome.UNREACHABLE, sentence)
    assert_discreet(result.reason, caplog)


def test_a_write_to_a_name_that_nobody_has_never_left() -> None:
    assert assign(client_of("http://nobody.invalid")).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reset(), id="reset"),
        pytest.param(Reset(applied=True), id="applied, then reset"),
        pytest.param(CutBody(), id="cut"),
        pytest.param(Garbage(), id="garbage"),
        pytest.param(WrongCount(), id="wrong count"),
        pytest.param(Status(200, '{"row_ids": "abc"}'), id="no list"),
        pytest.param(Status(200, "[]"), id="JSON of another form"),
        pytest.param(Status(200, "[" * 200_000), id="deep"),
        pytest.param(Status(202, '{"row_ids": []}'), id="202"),
        pytest.param(Status(303, headers={"Location": "/elsewhere"}), id="303"),
        pytest.param(Status(307, headers={"Location": "/v1/project_logs/x/insert"}), id="307"),
        pytest.param(Status(408), id="408"),
        pytest.param(Status(409), id="409"),
        *[pytest.param(Status(status), id=f"{status}") for status in (500, 502, 503, 504)],
        *[pytest.param(Status(status, applied=True), id=f"applied, then {status}") for status in (500, 504)],
    ],
)
def test_whatever_else_is_answered_is_unknown(
    braintrust: BraintrustStandIn, client: BraintrustClient, fault: Fault
) -> None:
    """It may have been applied, so it is never taken for certain, and never sent a second time by the client."""
    add_rows(braintrust, 3)
    braintrust.faults.next("insert", fault)

    assert assign(client).outcome is Outcome.UNKNOWN
    assert braintrust.requests.count() == 1


@pytest.mark.parametrize(
    "fault",
    [
        Reset(after_seconds=60),
        Reset(applied=True, after_seconds=60),
        SlowBody(60, pieces=6),
        SlowBody(60, pieces=300),
    ],
)
def test_a_write_that_takes_too_long_is_unknown(braintrust: BraintrustStandIn, fault: Fault) -> None:
    """Its deadline is for all of it: no write may be under way for longer than the lease that covers it."""
    client = client_of(braintrust.url, write_seconds=1)
    add_rows(braintrust, 10)
    braintrust.faults.next("insert", fault)
    began = time.monotonic()

    result = assign(client, 10)

    assert time.monotonic() - began < 20
    assert result.outcome is Outcome.UNKNOWN
    assert braintrust.requests.count("insert") <= 1  # on a busy machine the deadline may come before the request does


def test_an_answer_to_a_write_without_end_is_unknown(braintrust: BraintrustStandIn, client: BraintrustClient) -> None:
    add_rows(braintrust, 3)
    braintrust.faults.next("insert", Oversized(2_000_000))

    assert assign(client).outcome is Outcome.UNKNOWN


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(
    braintrust: BraintrustStandIn, client: BraintrustClient
) -> None:
    """A write on it would be unknown for no reason."""
    add_rows(braintrust, 3)
    assign(client, 1)
    braintrust.stop()
    braintrust.start()

    assert assign(client) == WriteResult(Outcome.ACKNOWLEDGED)


def test_a_client_may_be_used_by_many_threads(braintrust: BraintrustStandIn, client: BraintrustClient) -> None:
    ids = add_rows(braintrust, 40)
    results: list[WriteResult] = []
    threads = [
        threading.Thread(
            target=lambda part=part: results.append(
                client.write(PROJECT, [(row, ANA) for row in part], Assignment("needs-review"))
            )
        )
        for part in (ids[start : start + 5] for start in range(0, 40, 5))
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [WriteResult(Outcome.ACKNOWLEDGED)] * 8
    assert sorted(braintrust.requests.row_ids()) == ids
