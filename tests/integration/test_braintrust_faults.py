"""Reading from a Braintrust that misbehaves on purpose."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bot.adapters.braintrust.client import BraintrustClient
from bot.domain.btql import rows_by_id
from bot.errors import BraintrustRejectedError, BraintrustUnavailableError, WorkInterruptedError
from bot.services.ports.braintrust import READ_TRIES
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.braintrust.storage import RedirectToStorage
from sandbox.http.faults import CutBody, Fault, Garbage, Oversized, Reset, SlowBody, Status
from tests.integration.braintrust_client import (
    OWNER_TOLD,
    REFUSALS,
    NoPatience,
    add_rows,
    assert_discreet,
    client_of,
    query,
    read,
)
from tests.ports import free_port


def test_a_rate_limit_is_waited_for_as_long_as_it_takes(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """429 alone never fails a plan, and people see why nothing moves."""
    ids = add_rows(braintrust, 3)
    braintrust.faults.next("query", Status(429, headers={"Retry-After": "7"}), times=30)

    assert read(client, patience) == ids[::-1]
    assert patience.waits[:3] == [7.0] * 3
    assert patience.waits[3:] == sorted(patience.waits[3:]) or max(patience.waits) <= 75
    assert all("rate limit" in reason for reason in patience.reasons)


@pytest.mark.parametrize("header", ["0", "1", "-3", "soon", "300"])
def test_a_rate_limit_that_lets_nothing_through_has_an_end_that_is_told(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, header: str
) -> None:
    """No reading asks again without a pause, nor for ever."""
    braintrust.faults.always("query", Status(429, headers={"Retry-After": header}))

    with pytest.raises(BraintrustUnavailableError, match="let nothing through for an hour"):
        client.page(query(), patience=patience)

    assert min(patience.waits) >= 1
    assert 3_000 < sum(patience.waits) <= 3_600
    assert braintrust.requests.count("query") == len(patience.waits) + 1 < 100


def test_a_rate_limit_that_names_no_time_is_waited_for_longer_and_longer(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.faults.next("query", Status(429), times=8)

    client.page(query(), patience=patience)

    assert all(
        least <= wait <= least * 1.25 for wait, least in zip(patience.waits, [1, 2, 4, 8, 16, 32, 60, 60], strict=True)
    )


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("0", 1, 1.25), ("1.5", 1.5, 1.5), ("99999", 300, 300), *((odd, 1, 1.25) for odd in ("soon", "", "²", "-3"))],
)
def test_a_rate_limit_s_own_time_is_taken_with_care(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    patience: NoPatience,
    header: str,
    least: float,
    most: float,
) -> None:
    braintrust.faults.next("query", Status(429, headers={"Retry-After": header}))

    client.page(query(), patience=patience)

    assert least <= patience.waits[0] <= most


@pytest.mark.parametrize(("in_seconds", "least", "most"), [(40, 38, 41), (-40, 1, 1.25)])
def test_a_rate_limit_may_name_a_date(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    patience: NoPatience,
    in_seconds: int,
    least: float,
    most: float,
) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=in_seconds), usegmt=True)
    braintrust.faults.next("query", Status(429, headers={"Retry-After": date}))

    client.page(query(), patience=patience)

    assert least <= patience.waits[0] <= most


def test_waiting_can_be_interrupted(braintrust: BraintrustStandIn, client: BraintrustClient) -> None:
    class Impatient:
        def wait(self, seconds: float, reason: str) -> None:
            raise WorkInterruptedError

        def proceed(self) -> None: ...

    braintrust.faults.always("query", Status(429))

    with pytest.raises(WorkInterruptedError):
        client.page(query(), patience=Impatient())

    assert braintrust.requests.count("query") == 1


PASSING = [
    pytest.param(Status(500), id="500"),
    pytest.param(Status(502), id="502"),
    pytest.param(Status(503), id="503"),
    pytest.param(Status(504), id="504"),
    pytest.param(Status(408), id="408"),
    pytest.param(Garbage(), id="garbage"),
    pytest.param(Status(200, "[]"), id="JSON of another form"),
    pytest.param(Status(200, '{"data": {"no": "list"}}'), id="no list"),
    pytest.param(Status(200, '{"data": [1]}'), id="no rows"),
    pytest.param(Status(200, '{"data": [], "cursor": 7}'), id="odd cursor"),
    pytest.param(Status(200, "[" * 9_000), id="deep"),
    pytest.param(Status(303, headers={"Location": "http://["}), id="unreadable address"),
    pytest.param(Status(303, headers={"Location": "gopher://storage.example.com/"}), id="odd address"),
    pytest.param(Reset(), id="reset"),
    pytest.param(CutBody(), id="cut"),
]


@pytest.mark.parametrize("fault", PASSING)
def test_a_reading_that_may_succeed_later_is_tried_five_times(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, fault: Fault
) -> None:
    add_rows(braintrust, 3)
    braintrust.faults.always("query", fault)

    with pytest.raises(BraintrustUnavailableError) as raised:
        client.page(query(), patience=patience)

    assert braintrust.requests.count("query") == READ_TRIES == 5
    assert len(patience.waits) == 4
    assert all(least <= wait <= least * 1.25 for wait, least in zip(patience.waits, [1, 2, 4, 8], strict=True))
    assert all("trying again" in reason for reason in patience.reasons)
    assert "try again later" in str(raised.value).lower()


@pytest.mark.parametrize("fault", PASSING)
def test_the_fifth_try_counts(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, fault: Fault
) -> None:
    ids = add_rows(braintrust, 3)
    braintrust.faults.next("query", fault, times=4)

    assert read(client, patience) == ids[::-1]


def test_rate_limits_do_not_use_up_the_tries(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    for _ in range(4):
        braintrust.faults.next("query", Status(503))
        braintrust.faults.next("query", Status(429, headers={"Retry-After": "1"}), times=3)

    client.page(query(), patience=patience)

    assert braintrust.requests.count("query") == 17


@pytest.mark.parametrize("fault", [Reset(after_seconds=60), SlowBody(60, pieces=6), SlowBody(60, pieces=300)])
def test_a_reading_has_a_deadline_for_the_whole_answer(
    braintrust: BraintrustStandIn,
    patience: NoPatience,
    fault: Fault,
) -> None:
    """Also when the body trickles in: each piece is in time, all of them are not."""
    client = client_of(braintrust.url, read_seconds=2)
    add_rows(braintrust, 10)
    braintrust.faults.next("query", fault)
    began = time.monotonic()

    page = client.page(query(), patience=patience)

    assert time.monotonic() - began < 20
    assert len(page.rows) == 10
    assert braintrust.requests.count("query") >= 2  # more only on a machine too busy to answer in two seconds


@pytest.mark.parametrize("gzip_unmarked", [True, False])
def test_a_large_answer_is_fetched_from_storage_without_our_key(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, gzip_unmarked: bool
) -> None:
    """The address is signed, and storage refuses a second authentication; the body is gzip without saying so."""
    ids = add_rows(braintrust, 25)
    braintrust.faults.always("query", RedirectToStorage(gzip_unmarked=gzip_unmarked))

    assert read(client, patience) == ids[::-1]
    assert {seen.status for seen in braintrust.requests.all("storage")} == {200}


def test_a_stored_answer_that_cannot_be_fetched_is_asked_for_again(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """The signed address is good for one answer, so the query is repeated, not the fetching."""
    ids = add_rows(braintrust, 3)
    braintrust.faults.next("query", RedirectToStorage(), times=3)
    braintrust.faults.next("storage", Status(403))
    braintrust.faults.next("storage", Reset())

    assert read(client, patience)[:3] == ids[::-1]
    assert braintrust.requests.count("storage") == 3


@pytest.mark.parametrize("where", ["query", "storage"])
def test_an_answer_without_end_is_cut_off(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    patience: NoPatience,
    where: Any,
) -> None:
    if where == "storage":
        braintrust.faults.always("query", RedirectToStorage())
    braintrust.faults.always(where, Oversized(2_000_000))

    with pytest.raises(BraintrustRejectedError, match="larger than anything that was asked for"):
        client.page(query(), patience=patience, rows=10)


def test_a_stored_answer_that_unpacks_without_end_is_cut_off(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """Its size on the wire says nothing."""
    add_rows(braintrust, 10_000)
    braintrust.faults.always("query", RedirectToStorage())

    with pytest.raises(BraintrustRejectedError, match="larger than anything that was asked for"):
        client.page(query(limit=10_000), patience=patience, rows=1)


BODIES = [
    pytest.param("", id="as Braintrust has it"),
    pytest.param(f"Missing read access {OWNER_TOLD} https://api-eu.braintrust.dev", id="plain text"),
    pytest.param(
        json.dumps({"Message": f'organization "Acme" of owner@example.com {OWNER_TOLD} https://api-eu.braintrust.dev'}),
        id="JSON",
    ),
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("status", "sentence"), REFUSALS)
def test_a_refused_reading_is_not_repeated_and_says_what_to_do(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    patience: NoPatience,
    caplog: pytest.LogCaptureFixture,
    status: int,
    sentence: str,
    body: str,
) -> None:
    """And neither the sentence nor the log tells whose key it is."""
    braintrust.faults.always("query", Status(status, body))

    with pytest.raises(BraintrustRejectedError) as raised:
        client.page(query(), patience=patience)

    assert braintrust.requests.count("query") == 1
    assert sentence in str(raised.value)
    assert_discreet(str(raised.value), caplog)
    assert [record.__dict__["status"] for record in caplog.records] == [status]


@pytest.mark.parametrize("padding", [0, 4_000])
def test_a_long_error_is_stripped_like_a_short_one(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    patience: NoPatience,
    caplog: pytest.LogCaptureFixture,
    padding: int,
) -> None:
    """Wherever the excerpt for the log is cut."""
    organisation = 'Your organization "Acme" is not configured.'
    body = {"Message": f"{organisation}{' ' * padding}{OWNER_TOLD}", "Query": "x" * 9_000}
    braintrust.faults.next("query", Status(400, json.dumps(body)))

    with pytest.raises(BraintrustRejectedError) as raised:
        client.page(query(), patience=patience)

    assert_discreet(str(raised.value), caplog)


def test_a_wrong_key_is_refused(braintrust: BraintrustStandIn, patience: NoPatience) -> None:
    client = client_of(braintrust.url, api_key="sk-wrong")

    with pytest.raises(BraintrustRejectedError, match="BRAINTRUST_API_KEY"):
        client.users(patience=patience)


def test_an_unknown_project_is_refused_with_what_to_check(client: BraintrustClient, patience: NoPatience) -> None:
    unknown = "99999999-9999-4999-8999-999999999999"

    with pytest.raises(BraintrustRejectedError, match="BRAINTRUST_PROJECT_ID"):
        client.page(rows_by_id(unknown, ids=["x"]), patience=patience)


def test_a_data_plane_that_nobody_vouches_for_is_not_named(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """The sentence names an address only of Braintrust's own: whoever answers 421 must not send the key elsewhere."""
    braintrust.faults.next("query", Status(421, "use https://api.braintrust.dev.example.com or https://evil.example"))

    with pytest.raises(BraintrustRejectedError) as raised:
        client.page(query(), patience=patience)

    assert "evil" not in str(raised.value)
    assert "example.com" not in str(raised.value)


def test_an_outage_s_body_stays_out_of_the_log_too(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, caplog: pytest.LogCaptureFixture
) -> None:
    braintrust.faults.always("query", Status(500, f"oops {OWNER_TOLD}"))

    with pytest.raises(BraintrustUnavailableError) as raised:
        client.page(query(), patience=patience)

    assert_discreet(str(raised.value), caplog)


def test_a_server_that_is_not_there_is_tried_five_times(patience: NoPatience) -> None:
    client = client_of(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(BraintrustUnavailableError, match="nothing listens at its port"):
        client.page(query(), patience=patience)

    assert len(patience.waits) == 4
