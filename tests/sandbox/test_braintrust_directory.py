"""Users, groups, projects and the organisation over HTTP."""

from collections.abc import Iterator

import pytest
import requests

from sandbox.braintrust import DEFAULT_PROJECT_ID, BraintrustStandIn, seed_users
from tests.sandbox.braintrust_client import CREATED, Client


@pytest.fixture
def client() -> Iterator[Client]:
    with BraintrustStandIn() as server, Client(server) as client:
        server.users = seed_users()
        yield client


def listed(client: Client, **parameters: object) -> list[str]:
    return [user["id"] for user in client.get("/v1/user", **parameters).json()["objects"]]


def test_users_are_listed_the_newest_first_and_one_has_no_email(client: Client) -> None:
    users = client.get("/v1/user").json()["objects"]

    assert [user["created"] for user in users] == sorted((user["created"] for user in users), reverse=True)
    assert [user["email"] for user in users].count(None) == 1


def test_users_come_in_pages_in_both_directions(client: Client) -> None:
    everybody = listed(client)

    assert listed(client, limit=4) == everybody[:4]
    assert listed(client, limit=4, starting_after=everybody[3]) == everybody[4:8]
    assert listed(client, limit=4, starting_after=everybody[-1]) == []
    assert listed(client, limit=4, ending_before=everybody[6]) == everybody[2:6]


def test_users_are_filtered_by_id_and_by_the_exact_email(client: Client) -> None:
    everybody = listed(client)
    hiro = client.get("/v1/user", email="HIRO.TANAKA@example.com").json()["objects"]

    assert [user["given_name"] for user in hiro] == ["Hiro"]
    assert listed(client, email="hiro.tanaka@example.com") == []
    assert listed(client, ids=everybody[1:3]) == everybody[1:3]
    assert listed(client, org_name="Other") == []


def test_one_user_is_found_by_id(client: Client) -> None:
    user = client.server.users[0]

    assert client.get(f"/v1/user/{user['id']}").json() == user


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/v1/user", {"limit": "many"}),
        ("/v1/user", {"starting_after": "x"}),
        ("/v1/user", {"starting_after": DEFAULT_PROJECT_ID}),
        ("/v1/user", {"starting_after": "a", "ending_before": "b"}),
        (f"/v1/user/{DEFAULT_PROJECT_ID}", {}),
        ("/v1/project/00000000-0000-0000-0000-000000000000", {}),
        ("/v1/project/support-bot", {}),
    ],
)
def test_what_is_unknown_or_malformed_is_a_400(client: Client, path: str, parameters: dict[str, str]) -> None:
    assert client.get(path, **parameters).status_code == 400


def test_projects_are_found_by_id_and_by_name(client: Client) -> None:
    project = client.get(f"/v1/project/{DEFAULT_PROJECT_ID}").json()

    assert (project["id"], project["name"]) == (DEFAULT_PROJECT_ID, "support-bot")
    assert client.get("/v1/project", project_name="support-bot").json() == {"objects": [project]}
    assert client.get("/v1/project", project_name="other").json() == {"objects": []}


def test_a_project_with_rows_is_known(client: Client) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    client.server.rows.add(other, id="a", created=CREATED, tags=None)

    assert client.get(f"/v1/project/{other}").json()["name"] == "project-11111111"


def test_groups_are_served(client: Client) -> None:
    group = {"id": DEFAULT_PROJECT_ID, "name": "Reviewers", "member_users": [], "member_groups": []}
    client.server.groups = [group]

    assert client.get("/v1/group", group_name="Reviewers").json() == {"objects": [group]}
    assert client.get("/v1/group", group_name="Owners").json() == {"objects": []}


def test_the_organisation_names_its_data_plane(client: Client) -> None:
    login = client.session.post(f"{client.server.url}/api/apikey/login", timeout=5).json()
    [organization] = client.get("/v1/organization").json()["objects"]

    assert login == {"org_info": [organization]}
    assert (organization["name"], organization["api_url"]) == ("Acme", client.server.url)


def test_the_version_needs_no_key(client: Client) -> None:
    assert requests.get(f"{client.server.url}/version", timeout=5).ok
    assert requests.get(f"{client.server.url}/v1/user", timeout=5).status_code == 401
