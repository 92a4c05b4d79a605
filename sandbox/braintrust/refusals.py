"""Error answers as Braintrust gives them (recorded traffic; where there is none, a likely shape)."""

from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.http.request import Answer

ORGANIZATION_NAME = "Acme"
OWNER_EMAIL = "owner@example.com"  # real bodies carry the key owner's address: a client must not show it


def bad_query(message: str) -> Answer:
    """400 for a query that is not understood."""
    return _json_error(400, "BadRequestError", f"Brainstore btql/query request failed 400 (Bad Request): {message}")


def bad_request(message: str) -> Answer:
    """400 for a body or parameter that is not understood."""
    return Answer(f'[{{"code":"invalid_union","message":"{message}"}}] {_tags()}', 400)


def no_project(project_id: str) -> Answer:
    """400 for a project that is unknown, or not visible with this key."""
    message = f"Missing read access to project id {project_id}, or the project does not exist"
    return Answer(f"{message} {_tags()}", 400)


def bad_uuid() -> Answer:
    """400 for an id in a path that is no UUID."""
    body = '[{"validation":"uuid","code":"invalid_string","message":"Invalid uuid","path":["id",0]}]'
    return Answer(f"{body} {_tags()}", 400)


def refusal(status: int) -> Answer:
    """The answer that belongs to a status."""
    return _REFUSALS[status]() if status in _REFUSALS else Answer("", status)


def _tags() -> str:
    return f"[user_email={OWNER_EMAIL}] [user_org={ORGANIZATION_NAME}] [timestamp={datetime.now(UTC).timestamp()}]"


def _unauthorized() -> Answer:
    message = "Failed to validate Cognito JWT: Error: JWT string does not consist of exactly 3 parts"
    moment = datetime.now(UTC).timestamp()
    parts = "(header, payload, signature)"
    return Answer(f"{message} {parts} [timestamp={moment}] [request_id=iad1::sandbox]", 401)


def _json_error(status: int, code: str, message: str) -> Answer:
    common = {"InternalTraceId": "0" * 32, "Path": "/btql", "Service": "api"}
    return Answer({"Code": code, "Message": f"{message} {_tags()}", **common}, status)


def _wrong_region() -> Answer:
    where = "Please direct your requests to: https://api-eu.braintrust.dev"
    organization = f'Your organization "{ORGANIZATION_NAME}" is configured to use a different data plane.'
    return Answer({"Code": "DataPlaneRedirectError", "Message": f"{organization} {where}"}, 421)


_BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_REFUSALS: dict[int, Callable[[], Answer]] = {
    401: _unauthorized,
    403: lambda: _json_error(403, "ForbiddenError", "Missing read access to project_log, or it does not exist"),
    404: lambda: Answer("Not Found", 404),
    413: lambda: Answer({"message": "Request Too Long"}, 413),
    421: _wrong_region,
    429: lambda: Answer({"message": "Too Many Requests"}, 429),
    500: lambda: Answer("Internal Server Error", 500),
    502: lambda: Answer(_BAD_GATEWAY, 502, content_type="text/html"),
    503: lambda: Answer({"message": "Service Unavailable"}, 503),
    504: lambda: Answer({"message": "Endpoint request timed out"}, 504),
}
