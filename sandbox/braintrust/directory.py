"""Users, groups, projects and the organisation: the small lists around the rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sandbox.braintrust.refusals import ORGANIZATION_NAME, bad_request, bad_uuid, no_project
from sandbox.braintrust.row_store import RowStore
from sandbox.http.asked import Answer, Asked, RefusedError

ORGANIZATION_ID = "00000000-0000-4000-8000-000000000001"
DEFAULT_USERS = 100  # a page of users when no limit is asked for; Braintrust's own value is not documented


@dataclass(slots=True)
class Directory:
    """Lists that a test may change at any time."""

    rows: RowStore
    users: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    api_url: str = ""
    organization_id: str = ORGANIZATION_ID
    organization_name: str = ORGANIZATION_NAME

    def add_project(self, project_id: str, name: str) -> None:
        """Make a project known, under a name."""
        self.names[project_id] = name
        self.rows.open_project(project_id)

    def list_users(self, asked: Asked) -> Answer:
        """`GET /v1/user`: the newest first, a page at a time."""
        found = sorted(self.users, key=lambda user: str(user.get("created") or ""), reverse=True)
        if asked.parameter("org_name") not in (None, self.organization_name):
            found = []
        for parameter, key in (("ids", "id"), ("email", "email"), ("given_name", "given_name")):
            wanted = asked.parameters.get(parameter)
            found = [user for user in found if wanted is None or user.get(key) in wanted]
        return Answer({"objects": _page(found, asked)})

    def get_user(self, asked: Asked) -> Answer:
        """`GET /v1/user/{id}`."""
        user_id = _uuid(asked.places["user_id"])
        for user in self.users:
            if user["id"] == user_id:
                return Answer(user)
        raise RefusedError(bad_request(f"no user {user_id}"))

    def list_groups(self, asked: Asked) -> Answer:
        """`GET /v1/group`, or those of one name."""
        return Answer({"objects": _page(_named(self.groups, asked.parameter("group_name")), asked)})

    def list_projects(self, asked: Asked) -> Answer:
        """`GET /v1/project`, or those of one name."""
        return Answer({"objects": _page(_named(self._projects(), asked.parameter("project_name")), asked)})

    def get_project(self, asked: Asked) -> Answer:
        """`GET /v1/project/{id}`; unknown ones are a 400, as recorded."""
        project_id = _uuid(asked.places["project_id"])
        for project in self._projects():
            if project["id"] == project_id:
                return Answer(project)
        raise RefusedError(no_project(project_id))

    def list_organizations(self, _asked: Asked) -> Answer:
        """`GET /v1/organization`: the one that the key belongs to."""
        return Answer({"objects": [self._organization()]})

    def login(self, _asked: Asked) -> Answer:
        """`POST /api/apikey/login`: which organisation, and where its data plane is."""
        return Answer({"org_info": [self._organization()]})

    def version(self, _asked: Asked) -> Answer:
        """`GET /version`."""
        return Answer({"version": "sandbox", "logs3_payload_max_bytes": 5 * 1024 * 1024})

    def _projects(self) -> list[dict[str, Any]]:
        return [
            {
                "id": project_id,
                "org_id": self.organization_id,
                "name": self.names.get(project_id, f"project-{project_id[:8]}"),
                "created": "2026-01-01T00:00:00.000Z",
            }
            for project_id in self.rows.project_ids()
        ]

    def _organization(self) -> dict[str, Any]:
        urls = dict.fromkeys(("api_url", "proxy_url", "realtime_url"), self.api_url)
        return {"id": self.organization_id, "name": self.organization_name, "is_universal_api": None, **urls}


def _named(objects: Iterable[dict[str, Any]], name: str | None) -> list[dict[str, Any]]:
    return [found for found in objects if name in (None, found["name"])]


def _page(found: list[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """The page of `limit` objects after `starting_after`, or just before `ending_before`; both are exclusive."""
    after, before = asked.parameter("starting_after"), asked.parameter("ending_before")
    if after and before:
        raise RefusedError(bad_request("starting_after and ending_before exclude each other"))
    limit = _limit(asked.parameter("limit"))
    if after:
        start = _index(found, after) + 1
        return found[start : start + limit]
    if before:
        end = _index(found, before)
        return found[max(0, end - limit) : end]
    return found[:limit]


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_USERS
    if not (text.isascii() and text.isdigit()):
        raise RefusedError(bad_request("limit is a whole number"))
    return int(text)


def _index(found: list[dict[str, Any]], object_id: str) -> int:
    for index, candidate in enumerate(found):
        if candidate["id"] == _uuid(object_id):
            return index
    raise RefusedError(bad_request(f"no object {object_id} to go on from"))


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise RefusedError(bad_uuid()) from error
