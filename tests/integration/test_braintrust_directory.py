"""Users, groups and projects, read from a local, strict stand-in."""

import json

import pytest

from bot.adapters.braintrust.client import USERS_PER_PAGE, BraintrustClient
from bot.domain.btql import after
from bot.domain.people import Group, Person, User
from bot.domain.reviewers import Known, parsed_name, resolved
from bot.errors import BraintrustRejectedError
from sandbox.braintrust.seed import seed_users
from sandbox.braintrust.stand_in import BraintrustStandIn
from sandbox.http.faults import Garbage, Reset, Status
from sandbox.http.request import Asked
from tests.integration.braintrust_client import (
    PROJECT,
    NoPatience,
    add_rows,
    client_of,
    group,
    query,
    user,
    user_id,
)


@pytest.mark.parametrize("count", [0, 1, USERS_PER_PAGE, USERS_PER_PAGE + 1, 250])
def test_users_are_listed_to_the_end(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience, count: int
) -> None:
    braintrust.directory.users = [user(number) for number in range(count)]

    found = client.users(patience=patience)

    assert {one.email for one in found} == {f"u{number}@example.com" for number in range(count)}
    assert len(found) == count


def test_a_user_may_lack_a_name_and_an_address(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.directory.users = [
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
    braintrust.directory.users = seed_users()

    found = client.users(patience=patience)

    assert len(found) == len(seed_users())
    assert [one.name for one in found if one.email is None] == ["CI service account"]


def test_a_list_of_users_meets_the_same_faults(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.directory.users = [user(number) for number in range(150)]
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
    braintrust.directory.groups = [group(number) for number in range(count)]

    found = client.groups(patience=patience)

    assert [one.name for one in found] == [f"Group {number}" for number in range(count)]


def test_a_group_has_members_and_groups_within_it(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    braintrust.directory.groups = [
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
    braintrust.directory.groups = [*deleted, group(999)]

    assert [one.id for one in client.groups(patience=patience)] == [user_id(999)]


def test_a_reviewer_in_a_group_within_a_group_on_the_next_page_is_found(
    braintrust: BraintrustStandIn, client: BraintrustClient, patience: NoPatience
) -> None:
    """The groups contain each other, and the e-mail is written otherwise in Slack."""
    braintrust.directory.users = [user(1, email="U1@Example.com"), user(2)]
    outer = group(0, name="Support", member_users=[user_id(2)], member_groups=[user_id(900)])
    inner = group(900, member_users=[user_id(1), user_id(2)], member_groups=[user_id(0)])
    braintrust.directory.groups = [outer, *(group(number) for number in range(1, 150)), inner]
    known = Known(
        users=client.users(patience=patience),
        groups=client.groups(patience=patience),
        people=[Person("U0ONE", "one", "u1@EXAMPLE.com")],
    )

    found = resolved([parsed_name("group:SUPPORT:2")], known).members

    assert [(one.reviewer.id, one.weight, one.reviewer.slack_id) for one in found] == [
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
    assert client.project(PROJECT, patience=patience)[0] == "support-bot"


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
