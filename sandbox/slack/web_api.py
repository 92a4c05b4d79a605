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


async def serve(backend: Backend, request: web.Request) -> web.StreamResponse:
    """Answer one call of `/api/{method}`."""
    name = request.match_info["method"]
    method = METHODS.get(name)
    values = await _values(request, takes_json=method is None or method.takes_json)
    token = _token(request, values)
    logged = {key: value for key, value in values.items() if key != "token"}
    asked = Asked(name, request.method, request.path, arguments=logged)
    return await backend.service.serve(request, asked, lambda _: _answer(backend, method, Arguments(values), token))


def _answer(backend: Backend, method: Method | None, arguments: Arguments, token: str) -> Answer:
    headers = {"x-oauth-scopes": ",".join(sorted(backend.scopes))}
    try:
        with backend.workspace.changed:
            return Answer({"ok": True, **_said(backend, method, arguments, token)}, headers=headers)
    except SlackError as refusal:
        return Answer(refusal.answer(), headers=headers)


def _said(backend: Backend, method: Method | None, arguments: Arguments, token: str) -> Json:
    if method is None:
        raise SlackError("unknown_method")
    tokens = [backend.bot_token, backend.app_token]
    right, other = tokens if method.token == "bot" else reversed(tokens)
    if token != right:
        raise SlackError("not_allowed_token_type" if token == other else "invalid_auth" if token else "not_authed")
    if method.scope:
        backend.need_scope(method.scope)
    arguments.check(method.required, method.optional)
    return method.run(backend, arguments)


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
