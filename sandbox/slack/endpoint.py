"""The common part of Slack's HTTP endpoints: ordered faults, latency, the call log."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.http import request as http
from sandbox.http.fault_play import DroppedError, Exchange, dropped, play
from sandbox.slack.backend import Backend
from sandbox.slack.calls import Call
from sandbox.slack.records import Json


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON, or `text` where Slack answers in plain words."""

    body: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


async def served(
    backend: Backend, request: web.Request, *, method: str, arguments: Json, apply: Callable[[], Answer]
) -> web.StreamResponse:
    """Answer a call with what `apply` says, unless a fault was ordered for `method`."""

    async def applied(_asked: http.Asked) -> http.Answer:
        answer = apply()
        answers.append(answer)
        return http.Answer(answer.body if answer.text is None else answer.text, answer.status, answer.headers)

    answers: list[Answer] = []
    asked = http.Asked(method, request.method, request.path)
    exchange = Exchange(request, asked, applied, _refusal, _kept_nowhere)
    await asyncio.sleep(backend.faults.delay_seconds(method))
    try:
        response = await play(backend.faults.take(asked), exchange)
    except DroppedError:
        response = dropped(request)
    backend.calls.add(_record(asked, arguments, exchange.told, answers, backend.clock.now()))
    backend.workspace.touch()
    return response


def _record(asked: http.Asked, arguments: Json, told: list[http.Answer], answers: list[Answer], at: float) -> Call:
    if not told:
        return Call(asked.kind, arguments, None, at, 0)
    [answer] = told
    plain = answers[-1].body if answers else {"ok": False, "error": f"status {answer.status}"}
    body = answer.payload if isinstance(answer.payload, dict) else plain
    return Call(asked.kind, arguments, body, at, answer.status)


def _refusal(status: int) -> http.Answer:
    return http.Answer("upstream error", status)


def _kept_nowhere(_body: bytes, _headers: dict[str, str], _is_unmarked: bool) -> str:  # noqa: FBT001
    raise ValueError("Slack sends nobody elsewhere for an answer")
