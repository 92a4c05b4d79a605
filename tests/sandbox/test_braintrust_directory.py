"""Users, groups, projects and the organisation over HTTP."""

from collections.abc import Iterator

import pytest
import requests

from sandbox.braintrust.seed import seed_users
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from tests.sandbox.braintrust_client import CREATED, Client


@pytest.fixture
def client() -> Iterator[Client]:
    with BraintrustStandIn() as server, Client(server) as client:
        server.directory.users = seed_users()
        yield client


def listed(client: Client, **parameters: object) -> list[str]:
    return [user["id"] for user in client.get("/v1/user", **parameters).json()["objects"]]


def test_users_are_listed_the_newest_first_and_one_has_no_email(client: Client) -> None:
    users = client.get("/v1/user").json()["objects"]

    assert [user["created"] for user in users] == sorted((user["created"] for user in users), reverse=True)
    assert [user["email"] for user in users].count(None) == 1


def test_users_come_in_pages(client: Client) -> None:
    everybody = listed(client)

    assert listed(client, limit=4) == everybody[:4]
    assert listed(client, limit=4, starting_after=everybody[3]) == everybody[4:8]
    assert listed(client, limit=4, starting_after=everybody[-1]) == []


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/user", {"limit": "many"}),
        ("/v1/user", {"starting_after": "x"}),
        ("/v1/user", {"starting_after": DEFAULT_PROJECT_ID}),
        ("/v1/user", {"email": "hiro.tanaka@example.com"}),
        ("/v1/group", {"group_name": "Reviewers"}),
        ("/v1/project/00000000-0000-0000-0000-000000000000", {}),
        ("/v1/project/support-bot", {}),
    ],
)
def test_what_is_unknown_or_malformed_is_a_400(client: Client, path: str, parameters: dict[str, str]) -> None:
    assert client.get(path, **parameters).status_code == 400


def test_projects_are_listed_and_found_by_id(client: Client) -> None:
    project = client.get(f"/v1/project/{DEFAULT_PROJECT_ID}").json()

    assert (project["id"], project["name"]) == (DEFAULT_PROJECT_ID, "support-bot")
    assert client.get("/v1/project").json() == {"objects": [project]}


def test_a_project_with_rows_is_known(client: Client) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    client.server.rows.add(other, id="a", created=CREATED, tags=None)

    assert client.get(f"/v1/project/{other}").json()["name"] == "project-11111111"


def test_groups_are_served(client: Client) -> None:
    group = {"id": DEFAULT_PROJECT_ID, "name": "Reviewers", "member_users": [], "member_groups": []}
    client.server.directory.groups = [group]

    assert client.get("/v1/group").json() == {"objects": [group]}


def test_the_organisation_names_its_data_plane(client: Client) -> None:
    [organization] = client.get("/v1/organization").json()["objects"]

    assert (organization["name"], organization["api_url"]) == ("Acme", client.server.url)


def test_without_the_key_nothing_is_listed(client: Client) -> None:
    assert requests.get(f"{client.server.url}/v1/user", timeout=30).status_code == 401
