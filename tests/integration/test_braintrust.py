"""The Braintrust client against a local server that misbehaves on purpose."""

import json
import logging
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from bot.adapters import braintrust as adapter
from bot.adapters import http
from bot.adapters.braintrust import READ_TRIES, USERS_PER_PAGE, BraintrustClient, assignment_event
from bot.domain.btql import after, matching_rows, rows_by_id
from bot.domain.model import Window
from bot.domain.people import Group, Person
from bot.domain.reviewer_names import parsed_name
from bot.domain.reviewers import User
from bot.domain.roster import Known, resolved
from bot.domain.writing import Acknowledged, RateLimited, Refused, TooLarge, Unknown, Unreachable, WriteResult
from bot.errors import BraintrustRejectedError, BraintrustUnavailableError, WorkInterruptedError
from bot.sandbox.braintrust import (
    DEFAULT_PROJECT_ID,
    AppliedThenReset,
    AppliedThenStatus,
    Asked,
    BraintrustStandIn,
    CutBody,
    Fault,
    Garbage,
    Hang,
    Oversized,
    RedirectToStorage,
    RepeatedCursor,
    Reset,
    ShortPage,
    SlowBody,
    Status,
    WrongCount,
    seed_users,
)
from bot.services.reading import RowReader
from bot.settings import BraintrustSettings, WorkSettings
from tests.integration.stored import new_plan

PROJECT = DEFAULT_PROJECT_ID
CREATED = datetime(2026, 5, 18, 9, tzinfo=UTC)
WINDOW = Window(CREATED - timedelta(days=1), CREATED + timedelta(days=1))
TAG = "needs-review"
ANA = "11111111-1111-4111-8111-111111111111"
SECRETS = ("owner@example.com", "Acme", "sk-sandbox")  # what the error bodies (and our own headers) carry


@dataclass
class NoPatience:
    """Notes for how long it should wait, and why, and does not."""

    waits: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def wait(self, seconds: float, reason: str) -> None:
        self.waits.append(seconds)
        self.reasons.append(reason)


@pytest.fixture
def patience() -> NoPatience:
    return NoPatience()


@pytest.fixture
def client(braintrust: BraintrustStandIn) -> BraintrustClient:
    return client_of(braintrust.url)


def client_of(url: str, **settings: str) -> BraintrustClient:
    return BraintrustClient(BraintrustSettings(**{"api_key": "sk-sandbox", "api_url": url, **settings}))


def add_rows(braintrust: BraintrustStandIn, count: int) -> list[str]:
    """Rows that match, the newest last."""
    ids = [f"row-{number:04}" for number in range(count)]
    braintrust.rows.add_many(PROJECT, [{"id": row_id, "created": CREATED, "tags": [TAG]} for row_id in ids])
    return ids


def query(*, limit: int = 10, tag: str = TAG) -> str:
    return matching_rows(PROJECT, tag=tag, window=WINDOW, limit=limit)


def read(client: BraintrustClient, patience: NoPatience, *, tag: str = TAG, **settings: int) -> list[str]:
    """The ids of all rows that match, newest first, page by page."""
    reader = RowReader(client, WorkSettings(**{"page_size": 10, **settings}))
    request = new_plan(project_id=PROJECT, tag=tag).request
    return list(reader.matching(request, WINDOW, patience=patience, on_page=lambda *_: None).free)


# ---- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 25])
def test_pages_are_read_to_the_true_end(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, count: int
) -> None:
    """Every row once, the newest first; only an empty page or a missing cursor ends the walk."""
    ids = add_rows(braintrust, count)

    assert read(client, patience) == ids[::-1]
    assert patience.waits == []


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
    add_rows(braintrust, 25)
    braintrust.faults.always("query", RepeatedCursor())

    with pytest.raises(BraintrustRejectedError, match="repeated a page"):
        read(client, patience)


def test_too_many_pages_are_an_error(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 25)

    with pytest.raises(BraintrustRejectedError, match="More than 2 pages match"):
        read(client, patience, max_pages=2)

    assert braintrust.requests.count("query") <= 3  # one may have been asked for ahead


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


# ---- reading when something goes wrong -------------------------------------------------------------------------------


def test_a_rate_limit_is_waited_for_as_long_as_it_takes(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """429 alone never fails a plan, and people see why nothing moves."""
    ids = add_rows(braintrust, 3)
    braintrust.faults.next("query", Status(429, headers={"Retry-After": "7"}), times=30)

    assert read(client, patience) == ids[::-1]
    assert patience.waits == [7.0] * 30
    assert all("rate limit" in reason for reason in patience.reasons)


def test_a_rate_limit_that_names_no_time_is_waited_for_longer_and_longer(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.faults.next("query", Status(429), times=8)

    client.page(query(), patience=patience)

    assert all(
        least <= wait <= most + 2
        for wait, least, most in zip(
            patience.waits, [2, 4, 8, 16, 32, 60, 60, 60], [2, 4, 8, 16, 32, 60, 60, 60], strict=True
        )
    )


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("0", 0, 0), ("1.5", 1.5, 1.5), ("99999", 300, 300), ("soon", 2, 4), ("", 2, 4), ("²", 2, 4), ("-3", 2, 4)],
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


@pytest.mark.parametrize(("in_seconds", "least", "most"), [(40, 38, 41), (-40, 0, 0)])
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
    pytest.param(Status(200, "[" * 200_000), id="deep"),
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
    assert all(least <= wait <= least + 1 for wait, least in zip(patience.waits, [0.5, 1, 2, 4], strict=True))
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


@pytest.mark.parametrize("fault", [Hang(3), SlowBody(3, pieces=6), SlowBody(3, pieces=30)])
def test_a_reading_has_a_deadline_for_the_whole_answer(
    braintrust: BraintrustStandIn,
    client: BraintrustClient,
    patience: NoPatience,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
) -> None:
    """Also when the body trickles in: each piece is in time, all of them are not."""
    monkeypatch.setattr(adapter, "READ_TIMEOUT_SECONDS", 0.7)
    add_rows(braintrust, 10)
    braintrust.faults.next("query", fault)
    began = time.monotonic()

    page = client.page(query(), patience=patience)

    assert time.monotonic() - began < 1.5
    assert len(page.rows) == 10
    assert braintrust.requests.count("query") == 2


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
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 100_000)
    if where == "storage":
        braintrust.faults.always("query", RedirectToStorage())
    braintrust.faults.always(where, Oversized(400_000))

    with pytest.raises(BraintrustUnavailableError):
        client.page(query(), patience=patience)


def test_a_stored_answer_that_unpacks_without_end_is_cut_off(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size on the wire says nothing."""
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 20_000)
    add_rows(braintrust, 500)
    braintrust.faults.always("query", RedirectToStorage())

    with pytest.raises(BraintrustUnavailableError):
        client.page(query(limit=500), patience=patience)


REFUSALS = [
    (400, "does not exist, the key may not read it, or the query is not understood"),
    (401, "Check BRAINTRUST_API_KEY"),
    (403, "read and update access"),
    (404, "does not know the project"),
    (413, "Set a smaller PAGE_SIZE"),
    (421, "Set BRAINTRUST_API_URL to https://api-eu.braintrust.dev."),
    (418, "refused the request (418)"),
]
OWNER_TOLD = "[user_email=owner@example.com] [user_org=Acme] [timestamp=1]"
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
    client = client_of(f"http://127.0.0.1:{closed_port()}")

    with pytest.raises(BraintrustUnavailableError, match="Check BRAINTRUST_API_URL and the network"):
        client.page(query(), patience=patience)

    assert len(patience.waits) == 4


# ---- users and projects ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, USERS_PER_PAGE, USERS_PER_PAGE + 1, 250])
def test_users_are_listed_to_the_end(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, count: int
) -> None:
    braintrust.users = [user(number) for number in range(count)]

    found = client.users(patience=patience)

    assert {one.email for one in found} == {f"u{number}@example.com" for number in range(count)}
    assert len(found) == count


def test_a_user_may_lack_a_name_and_an_address(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.users = [
        user(1, given_name="Ana", family_name="Okafor"),
        user(2, given_name="Bo", family_name=None),
        user(3, given_name=None, family_name=None, email=None),
    ]

    found = sorted(client.users(patience=patience), key=lambda one: one.id)

    assert found == [
        User(user_id(1), "Ana Okafor", "u1@example.com"),
        User(user_id(2), "Bo", "u2@example.com"),
        User(user_id(3), f"reviewer {user_id(3)[:8]}", None),
    ]


def test_the_sample_users_are_understood(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.users = seed_users()

    found = client.users(patience=patience)

    assert len(found) == len(seed_users())
    assert [one.name for one in found if one.email is None] == ["CI service account"]


def test_a_list_of_users_meets_the_same_faults(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.users = [user(number) for number in range(150)]
    braintrust.faults.next("user", Status(429, headers={"Retry-After": "3"}))
    braintrust.faults.next("user", Garbage(), nth=2)
    braintrust.faults.next("user", Reset(), nth=3)

    assert len(client.users(patience=patience)) == 150
    assert patience.waits[0] == 3.0


def test_a_key_that_may_not_list_users_is_refused(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.faults.always("user", Status(403))

    with pytest.raises(BraintrustRejectedError):
        client.users(patience=patience)


@pytest.mark.parametrize("count", [0, 1, USERS_PER_PAGE, USERS_PER_PAGE + 1, 250])
def test_groups_are_listed_to_the_end(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, count: int
) -> None:
    braintrust.groups = [group(number) for number in range(count)]

    found = client.groups(patience=patience)

    assert [one.name for one in found] == [f"Group {number}" for number in range(count)]


def test_a_group_has_members_and_groups_within_it(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.groups = [
        group(1, member_users=[user_id(1), user_id(2)], member_groups=[user_id(2)]),
        group(2, member_users=None, member_groups=None),
        {"id": user_id(3), "name": "Bare"},
        group(4, member_users=[None, 5, "nobody", user_id(4)]),
    ]

    assert client.groups(patience=patience) == (
        Group(user_id(1), "Group 1", (user_id(1), user_id(2)), (user_id(2),)),
        Group(user_id(2), "Group 2"),
        Group(user_id(3), "Bare"),
        Group(user_id(4), "Group 4", (user_id(4),)),
    )


def test_deleted_groups_are_passed_over_and_do_not_end_the_list(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    deleted = [group(number, deleted_at="2026-01-01T00:00:00.000Z") for number in range(150)]
    braintrust.groups = [*deleted, group(999)]

    assert [one.id for one in client.groups(patience=patience)] == [user_id(999)]


def test_a_reviewer_in_a_group_within_a_group_on_the_next_page_is_found(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """The groups contain each other, and the e-mail is written otherwise in Slack."""
    braintrust.users = [user(1, email="U1@Example.com"), user(2)]
    outer = group(0, name="Support", member_users=[user_id(2)], member_groups=[user_id(900)])
    inner = group(900, member_users=[user_id(1), user_id(2)], member_groups=[user_id(0)])
    braintrust.groups = [outer, *(group(number) for number in range(1, 150)), inner]
    known = Known(
        users=client.users(patience=patience),
        groups=client.groups(patience=patience),
        people=[Person("U0ONE", "one", "u1@EXAMPLE.com")],
    )

    found = resolved([parsed_name("group:SUPPORT:2")], known).found

    assert [(one.reviewer_id, one.weight, one.slack_id) for one in found] == [
        (user_id(2), 2, None),
        (user_id(1), 2, "U0ONE"),
    ]


def test_a_key_that_may_not_list_groups_is_refused(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.faults.always("group", Status(403))

    with pytest.raises(BraintrustRejectedError):
        client.groups(patience=patience)


def test_a_project_has_a_name(client: BraintrustClient, patience: NoPatience) -> None:
    assert client.project_name(PROJECT, patience=patience) == "support-bot"


def test_requests_carry_the_key_and_the_organisation(braintrust: BraintrustStandIn, patience: NoPatience) -> None:
    asked: list[Asked] = []
    braintrust.faults.on_request("query", asked.append)

    client_of(braintrust.url).page(query(), patience=patience)
    client_of(braintrust.url, org_name="Acme").page(query(), patience=patience)

    assert [one.headers.get("x-bt-org-name") for one in asked] == [None, "Acme"]
    assert {one.headers["Authorization"] for one in asked} == {"Bearer sk-sandbox"}
    assert json.loads(asked[0].body) == {"query": query()}


def test_the_cursor_stands_in_the_query(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    add_rows(braintrust, 15)

    first = client.page(query(), patience=patience)
    second = client.page(after(query(), first.cursor), patience=patience)
    third = client.page(after(query(), second.cursor), patience=patience)

    assert [len(page.rows) for page in (first, second, third)] == [10, 5, 0]
    assert third.cursor is None


# ---- writing ---------------------------------------------------------------------------------------------------------


def written(braintrust: BraintrustStandIn, row_id: str = "row-0000") -> tuple[str, ...]:
    row = braintrust.rows.get(PROJECT, row_id)
    assert row is not None
    return row.assignments


def assign(client: BraintrustClient, count: int = 3) -> WriteResult:
    return client.assign(PROJECT, [(f"row-{number:04}", ANA) for number in range(count)])


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

    result = client.assign(PROJECT, [("row-0002", ANA), ("row-0000", "someone")])

    assert result == Acknowledged()
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
        (Status(429, headers={"Retry-After": "7"}), RateLimited(7.0)),
        (Status(429), RateLimited(None)),
        (Status(413), TooLarge()),
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

        assert assign(client_of(braintrust.url), 100) == TooLarge()


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

    assert isinstance(result, Refused)
    assert sentence in result.reason
    assert written(braintrust) == ()
    assert_discreet(result.reason, caplog)


def test_a_write_to_a_closed_port_never_left(caplog: pytest.LogCaptureFixture) -> None:
    result = assign(client_of(f"http://127.0.0.1:{closed_port()}"))

    assert result == Unreachable("Braintrust cannot be reached. Check BRAINTRUST_API_URL and the network.")
    assert_discreet(result.reason, caplog)


def test_a_write_to_a_name_that_nobody_has_never_left() -> None:
    assert isinstance(assign(client_of("http://nobody.invalid")), Unreachable)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Reset(), id="reset"),
        pytest.param(AppliedThenReset(), id="applied, then reset"),
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
        *[pytest.param(AppliedThenStatus(status), id=f"applied, then {status}") for status in (500, 504)],
    ],
)
def test_whatever_else_is_answered_is_unknown(
    braintrust: BraintrustStandIn, client: BraintrustClient, fault: Fault
) -> None:
    """It may have been applied, so it is never taken for certain, and never sent a second time by the client."""
    add_rows(braintrust, 3)
    braintrust.faults.next("insert", fault)

    assert isinstance(assign(client), Unknown)
    assert braintrust.requests.count() == 1


@pytest.mark.parametrize("fault", [Hang(3), Hang(3, applied=True), SlowBody(3, pieces=6), SlowBody(3, pieces=30)])
def test_a_write_that_takes_too_long_is_unknown(
    braintrust: BraintrustStandIn, client: BraintrustClient, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """Its deadline is for all of it: no write may be under way for longer than the lease that covers it."""
    monkeypatch.setattr(adapter, "WRITE_TIMEOUT_SECONDS", 0.5)
    add_rows(braintrust, 10)
    braintrust.faults.next("insert", fault)
    began = time.monotonic()

    result = assign(client, 10)

    assert time.monotonic() - began < 1.2
    assert isinstance(result, Unknown)
    assert braintrust.requests.count("insert") == 1


def test_an_answer_to_a_write_without_end_is_unknown(
    braintrust: BraintrustStandIn, client: BraintrustClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_BODY_BYTES", 100_000)
    add_rows(braintrust, 3)
    braintrust.faults.next("insert", Oversized(400_000))

    assert isinstance(assign(client), Unknown)


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(
    braintrust: BraintrustStandIn, client: BraintrustClient
) -> None:
    """A write on it would be unknown for no reason."""
    add_rows(braintrust, 3)
    assign(client, 1)
    braintrust.stop()
    braintrust.start()

    assert assign(client) == Acknowledged()


def test_a_client_may_be_used_by_many_threads(braintrust: BraintrustStandIn, client: BraintrustClient) -> None:
    ids = add_rows(braintrust, 40)
    results: list[WriteResult] = []
    threads = [
        threading.Thread(target=lambda part=part: results.append(client.assign(PROJECT, [(row, ANA) for row in part])))
        for part in (ids[start : start + 5] for start in range(0, 40, 5))
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [Acknowledged()] * 8
    assert sorted(braintrust.requests.row_ids()) == ids


# ---- small things ----------------------------------------------------------------------------------------------------


def user_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def user(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": user_id(number),
        "given_name": f"Given {number}",
        "family_name": f"Family {number}",
        "email": f"u{number}@example.com",
        "created": f"2026-01-01T00:00:{number % 60:02}.000Z",
    } | changes


def group(number: int, **changes: Any) -> dict[str, Any]:
    members: dict[str, Any] = {"member_users": [], "member_groups": [], "deleted_at": None}
    return {"id": user_id(number), "name": f"Group {number}", **members} | changes


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def assert_discreet(sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the sentence nor anything in the log records tells whose key it is, or the key."""
    formatter = logging.Formatter()
    said = [sentence, *(formatter.format(record) + repr(record.__dict__) for record in caplog.records)]
    assert [secret for secret in SECRETS for text in said if secret in text] == []
