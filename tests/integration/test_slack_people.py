"""Slack's people and user groups, read from a local, strict stand-in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.slack import calls
from bot.adapters.slack import directory as adapter
from bot.adapters.slack.client import web_client
from bot.adapters.slack.directory import SlackPeople
from bot.adapters.slack.identity import SCOPES
from bot.domain.people import Person
from bot.errors import SlackRejectedError, SlackUnavailableError
from bot.settings import SlackSettings
from sandbox.http.faults import Error, Reset, Status
from sandbox.slack.records import Person as Account
from sandbox.slack.records import UserGroup
from sandbox.slack.stand_in import SlackStandIn


@pytest.fixture
def people(slack: SlackStandIn) -> SlackPeople:
    return SlackPeople(web_client(SlackSettings(bot_token="xoxb-sandbox", api_url=slack.api_url)))


def by_id(people: SlackPeople) -> dict[str, Person]:
    return {person.id: person for person in people.people()}


def test_everybody_is_read_with_what_counts_for_a_reviewer(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.workspace.change_person("U0ADA", email="Ada@Example.COM", tz="Asia/Kolkata")
    slack.workspace.change_person(
        "U0ADA", status_emoji=":palm_tree:", status_text="vacation", status_expiration=1_800_000_000
    )

    found = by_id(people)

    assert found["U0ADA"] == Person(
        "U0ADA",
        "ada",
        "Ada@Example.COM",
        status_emoji=":palm_tree:",
        status_text="vacation",
        status_until=datetime.fromtimestamp(1_800_000_000, UTC),
        time_zone="Asia/Kolkata",
    )
    assert found["U0BEN"].status_until is None
    assert {person.id for person in found.values() if person.deactivated} == {"U0DORA"}
    assert {person.id for person in found.values() if person.is_bot} == {"U0BOT"}
    assert found["U0XENIA"].email is None


def test_one_person_is_read_as_everybody_is(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.workspace.change_person("U0ADA", status_emoji=":palm_tree:")

    assert people.person("U0ADA") == by_id(people)["U0ADA"]
    assert people.person("U0NOBODY") is None


def test_a_person_who_cannot_be_asked_for_is_not_taken_to_be_nobody(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.faults.next("users.info", Error("invalid_auth"))

    with pytest.raises(SlackRejectedError):
        people.person("U0ADA")


def test_people_are_read_page_by_page(
    slack: SlackStandIn, people: SlackPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PAGE_SIZE", 10)
    for number in range(95):
        slack.workspace.put(Account(f"U1{number:04}", f"p{number}", f"Person {number}", f"p{number}@example.com"))

    found = by_id(people)

    assert len(found) == len(slack.workspace.people()) > 95
    assert len(slack.calls.of("users.list")) == -(-len(found) // 10)


def test_a_thousand_people_are_one_page(slack: SlackStandIn, people: SlackPeople) -> None:
    for number in range(900):
        slack.workspace.put(Account(f"U1{number:04}", f"p{number}", f"Person {number}"))

    assert len(people.people()) > 900
    assert len(slack.calls.of("users.list")) == 1


def test_a_list_without_end_is_given_up(
    slack: SlackStandIn, people: SlackPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PAGE_SIZE", 1)
    monkeypatch.setattr(calls, "MAX_PAGES", 3)

    with pytest.raises(SlackUnavailableError, match="does not end"):
        people.people()

    assert len(slack.calls.of("users.list")) == 3


def test_somebody_is_found_by_their_email_in_whatever_case(slack: SlackStandIn, people: SlackPeople) -> None:
    found = people.by_email("Ada@Example.com")

    assert found is not None
    assert (found.id, found.email) == ("U0ADA", "ada@example.com")
    assert people.by_email("nobody@example.com") is None
    assert [call.kind for call in slack.calls] == ["users.lookupByEmail"] * 2


def test_somebody_who_cannot_be_looked_up_is_not_taken_to_be_nobody(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.faults.next("users.lookupByEmail", Error("internal_error"))
    with pytest.raises(SlackUnavailableError):
        people.by_email("ada@example.com")

    slack.scopes.discard("users:read.email")
    with pytest.raises(SlackRejectedError, match=r"lacks the scope `users:read\.email`"):
        people.by_email("ada@example.com")


def test_the_members_of_a_user_group_are_read(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.workspace.put(UserGroup("S0NONE", "none", "Nobody", ()))

    assert people.members_of("S0REVIEWERS") == ("U0BEN", "U0CHLOE")
    assert people.members_of("S0NONE") == ()


def test_a_user_group_that_is_not_there_is_refused(people: SlackPeople) -> None:
    with pytest.raises(SlackRejectedError) as raised:
        people.members_of("S0NOWHERE")

    assert raised.value.code == "no_such_subteam"


def test_a_rate_limit_is_waited_for(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.faults.next("users.list", Status(429, headers={"Retry-After": "0"}))
    slack.faults.next("usergroups.users.list", Status(429, headers={"Retry-After": "0"}))

    assert people.people()
    assert people.members_of("S0REVIEWERS")
    assert [call.status for call in slack.calls] == [429, 200, 429, 200]


@pytest.mark.parametrize(
    "fault", [Reset(), Status(500), Status(503), Error("internal_error"), Status(429, headers={"Retry-After": "0"})]
)
def test_a_fault_that_may_pass_is_not_a_refusal(slack: SlackStandIn, people: SlackPeople, fault: Any) -> None:
    slack.faults.next("users.list", fault, times=5)
    slack.faults.next("usergroups.users.list", fault, times=5)

    with pytest.raises(SlackUnavailableError):
        people.people()
    with pytest.raises(SlackUnavailableError):
        people.members_of("S0REVIEWERS")


@pytest.mark.parametrize("scope", ["users:read", "users:read.email"])
def test_a_missing_scope_is_named(slack: SlackStandIn, people: SlackPeople, scope: str) -> None:
    """Slack itself says nothing where it withholds e-mails."""
    slack.scopes.discard(scope)

    with pytest.raises(SlackRejectedError, match=f"lacks the scope `{scope}`") as raised:
        people.people()

    assert raised.value.code == "missing_scope"


def test_user_groups_need_their_scope(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.scopes.discard("usergroups:read")

    with pytest.raises(SlackRejectedError, match="lacks the scope `usergroups:read`"):
        people.members_of("S0REVIEWERS")


def test_the_scopes_of_the_manifest_are_enough(slack: SlackStandIn, people: SlackPeople) -> None:
    slack.scopes.clear()
    slack.scopes.update(SCOPES)

    assert by_id(people)["U0ADA"].email == "ada@example.com"
    assert people.members_of("S0REVIEWERS")
