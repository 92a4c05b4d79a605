"""The Web API's door: read arguments, check token and scope, run the method."""

import json
from typing import Any

from aiohttp import web

from sandbox.http.request import Answer, Asked
from sandbox.slack.answers import SlackError
from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.backend import Backend
from sandbox.slack.methods import chat, conversations, files, surfaces, users
from sandbox.slack.records import Json

METHODS = {
    method.name: method
    for method in (*chat.METHODS, *conversations.METHODS, *files.METHODS, *users.METHODS, *surfaces.METHODS)
}


class WebApi:
    """Serves `/api/{method}`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        name = request.match_info["method"]
        method = METHODS.get(name)
        values = await _values(request, takes_json=method is None or method.takes_json)
        token = _token(request, values)
        logged = {key: value for key, value in values.items() if key != "token"}
        asked = Asked(name, request.method, request.path, arguments=logged)
        return await self._backend.service.serve(
            request, asked, lambda _: self._answer(method, Arguments(values), token)
        )

    def _answer(self, method: Method | None, arguments: Arguments, token: str) -> Answer:
        headers = {"x-oauth-scopes": ",".join(sorted(self._backend.scopes))}
        try:
            with self._backend.workspace.changed:
                return Answer({"ok": True, **self._run(method, arguments, token)}, headers=headers)
        except SlackError as refusal:
            return Answer(refusal.answer(), headers=headers)

    def _run(self, method: Method | None, arguments: Arguments, token: str) -> Json:
        if method is None:
            raise SlackError("unknown_method")
        self._check_token(method, token)
        if method.scope:
            self._backend.need_scope(method.scope)
        arguments.check(method.required, method.optional)
        return method.run(self._backend, arguments)

    def _check_token(self, method: Method, token: str) -> None:
        if not token:
            raise SlackError("not_authed")
        tokens = [self._backend.bot_token, self._backend.app_token]
        right, other = tokens if method.token == "bot" else reversed(tokens)
        if token == other:
            raise SlackError("not_allowed_token_type")
        if token != right:
            raise SlackError("invalid_auth")


async def _values(request: web.Request, *, takes_json: bool) -> Json:
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        parsed = await parsed_body(request) if takes_json else {}
        return {**values, **parsed}
    return {**values, **{key: value for key, value in (await request.post()).items() if isinstance(value, str)}}


async def parsed_body(request: web.Request) -> Json:
    """The object that a request's JSON is; an empty one when it is none."""
    try:
        body: Any = json.loads(await request.text() or "{}")
    except json.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _token(request: web.Request, values: Json) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() or str(values.get("token", ""))
