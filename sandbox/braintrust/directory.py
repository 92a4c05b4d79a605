"""Users, groups, projects and the organisation: the small lists around the rows."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sandbox.braintrust.refusals import ORGANIZATION_NAME, bad_request, bad_uuid, no_project
from sandbox.braintrust.row_store import RowStore
from sandbox.http.request import Answer, Asked, RefusedError

ORGANIZATION_ID = "00000000-0000-4000-8000-000000000001"
DEFAULT_USERS = 100  # a page of users when no limit is asked for; Braintrust's own value is not documented


@dataclass(slots=True)
class Directory:
    """Lists that a test may change at any time."""

    rows: RowStore
    users: list[dict[str, Any]] = field(default_factory=list)
    groups: list[dict[str, Any]] = field(default_factory=list)
    organization_id: str = ORGANIZATION_ID
    organization_name: str = ORGANIZATION_NAME

    def page(self, asked: Asked) -> Answer:
        """`GET /v1/{kind}`, a page at a time: users the newest first, the one organisation that the key belongs to."""
        urls = dict.fromkeys(("api_url", "proxy_url", "realtime_url"), f"http://{asked.headers['Host']}")
        objects = {
            "user": sorted(self.users, key=lambda user: str(user.get("created") or ""), reverse=True),
            "group": self.groups,
            "project": self._projects(),
            "organization": [{"id": self.organization_id, "name": self.organization_name, **urls}],
        }
        return _page(objects[asked.kind], asked)

    def get_project(self, asked: Asked) -> Answer:
        """`GET /v1/project/{id}`; unknown ones are a 400, as recorded."""
        project_id = _uuid(asked.places["project_id"])
        for project in self._projects():
            if project["id"] == project_id:
                return Answer(project)
        raise RefusedError(no_project(project_id))

    def _projects(self) -> list[dict[str, Any]]:
        common = {"org_id": self.organization_id, "created": "2026-01-01T00:00:00.000Z"}
        return [{**common, "id": project_id, "name": name} for project_id, name in self.rows.projects.items()]


def _page(found: list[dict[str, Any]], asked: Asked) -> Answer:
    """The page of `limit` objects after the one named by `starting_after`."""
    if unknown := set(asked.parameters) - {"limit", "starting_after"}:
        raise RefusedError(bad_request(f"the sandbox does not know {', '.join(sorted(unknown))}"))
    limit, after = asked.parameters.get("limit", str(DEFAULT_USERS)), asked.parameters.get("starting_after")
    if not (limit.isascii() and limit.isdigit()):
        raise RefusedError(bad_request("limit is a whole number"))
    ids = [one["id"] for one in found]
    if after and _uuid(after) not in ids:
        raise RefusedError(bad_request(f"no object {after} to go on from"))
    start = ids.index(_uuid(after)) + 1 if after else 0
    return Answer({"objects": found[start : start + int(limit)]})


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise RefusedError(bad_uuid()) from error
