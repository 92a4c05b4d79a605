"""Thousands of answers that Slack would never give about people, against the real client."""

import json
import random
from typing import Any

import pytest

from bot.adapters.slack.client import web_client
from bot.adapters.slack.directory import SlackPeople
from bot.domain.absence import USUAL_SIGNS, absence
from bot.domain.people import Person
from bot.errors import SlackError
from bot.settings import SlackSettings
from tests.unit.builders import NOW
from tests.unit.test_fuzz_braintrust import RAW, Server, damaged, server

__all__ = ["server"]

PEOPLE: dict[str, Any] = {
    "ok": True,
    "members": [
        {
            "id": "U0ANA",
            "name": "ana",
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "tz": "Europe/Berlin",
            "profile": {
                "display_name": "Ana",
                "real_name": "Ana Ruiz",
                "email": "ana@example.com",
                "status_emoji": ":palm_tree:",
                "status_text": "vacation",
                "status_expiration": 1_800_000_000,
            },
        },
        {"id": "USLACKBOT", "name": "slackbot", "is_bot": False, "profile": {}},
    ],
    "response_metadata": {"next_cursor": ""},
}
MEMBERS: dict[str, Any] = {"ok": True, "users": ["U0ANA", "W0BEN", "U0ANA"]}


@pytest.fixture
def people(server: Server) -> SlackPeople:
    server.status, server.headers = 200, {"Content-Type": "application/json"}
    return SlackPeople(web_client(SlackSettings(bot_token="xoxb-test", api_url=f"{server.url}/")))


def answered(server: Server, content: Any) -> None:
    server.body = content if isinstance(content, bytes) else json.dumps(content).encode()


def read(people: SlackPeople) -> tuple[Person, ...]:
    """Everybody; nobody where the answer could not be used."""
    try:
        return people.people()
    except SlackError:
        return ()


def members(people: SlackPeople) -> tuple[str, ...]:
    try:
        return people.members_of("S0TEAM")
    except SlackError:
        return ()


def test_a_proper_answer_is_read(server: Server, people: SlackPeople) -> None:
    """Or the tests below would prove nothing.  Slackbot does not call itself a bot."""
    answered(server, PEOPLE)
    assert [(person.id, person.name, person.email, person.is_bot) for person in people.people()] == [
        ("U0ANA", "Ana", "ana@example.com", False),
        ("USLACKBOT", "slackbot", None, True),
    ]

    answered(server, MEMBERS)
    assert people.members_of("S0TEAM") == ("U0ANA", "W0BEN")


def test_whatever_is_said_of_people_is_people_or_an_error_of_ours(server: Server, people: SlackPeople) -> None:
    chance = random.Random(1)

    for body in [*(damaged(PEOPLE, chance) for _ in range(600)), *RAW]:
        answered(server, body)
        for person in read(people):
            texts = (person.name, person.email or "", person.status_emoji, person.status_text, person.time_zone)
            assert all(len(text.encode()) <= 1_020 for text in texts)
            assert person.id
            assert person.name
            assert "@" not in person.name
            absence(person, now=NOW, rules=USUAL_SIGNS, away_until=NOW.date())


def test_whatever_is_said_of_a_group_is_ids_or_an_error_of_ours(server: Server, people: SlackPeople) -> None:
    chance = random.Random(2)

    for body in [*(damaged(MEMBERS, chance) for _ in range(400)), *RAW]:
        answered(server, body)
        assert all(one[0] in "UW" and one.isalnum() for one in members(people))


@pytest.mark.parametrize("status", [204, 302, 400, 401, 403, 404, 500, 503])
def test_a_refusal_of_any_form_is_an_error_of_ours(server: Server, people: SlackPeople, status: int) -> None:
    server.status = status

    for body in RAW[:15]:
        answered(server, body)
        with pytest.raises(SlackError):
            people.people()
        with pytest.raises(SlackError):
            people.members_of("S0TEAM")


def test_a_page_that_comes_again_ends_the_reading(server: Server, people: SlackPeople) -> None:
    answered(server, PEOPLE | {"response_metadata": {"next_cursor": "again"}})

    with pytest.raises(SlackError, match="repeats a page"):
        people.people()


@pytest.mark.parametrize("names", [{}, {"display_name": "ana@example.com"}, {"real_name": " ", "display_name": 5}])
def test_an_email_is_nobody_s_name(server: Server, people: SlackPeople, names: dict[str, Any]) -> None:
    answered(server, PEOPLE | {"members": [{"id": "U0ANA", "name": "ana@example.com", "profile": names}]})

    assert [person.name for person in people.people()] == ["U0ANA"]
