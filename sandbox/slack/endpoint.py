"""One HTTP endpoint's common part: ordered faults, latency, the call log."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.slack.backend import Backend
from sandbox.slack.calls import Call
from sandbox.slack.faults import AppliedThenReset, Delay, Error, Fault, RateLimited, Reset, Status
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
) -> web.Response:
    """Answer a call with what `apply` says, unless a fault was ordered for `method`."""
    fault = backend.faults.take(method)
    if seconds := backend.faults.seconds(method) + (fault.seconds if isinstance(fault, Delay) else 0):
        await asyncio.sleep(seconds)
    answer = _outcome(fault, apply)
    backend.calls.add(_record(method, arguments, answer, backend.clock.now()))
    backend.workspace.touch()
    if answer is None:
        _cut(request)
        return web.Response(status=500)
    if answer.text is not None:
        return web.Response(text=answer.text, status=answer.status, headers=answer.headers)
    return web.json_response(answer.body, status=answer.status, headers=answer.headers)


def _record(method: str, arguments: Json, answer: Answer | None, at: float) -> Call:
    if answer is None:
        return Call(method, arguments, None, at, 0)
    return Call(method, arguments, answer.body, at, answer.status)


def _outcome(fault: Fault | None, apply: Callable[[], Answer]) -> Answer | None:
    match fault:
        case Error(code):
            return Answer({"ok": False, "error": code})
        case RateLimited(retry_after):
            return Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(retry_after)})
        case Status(code, body):
            return Answer({"ok": False, "error": f"status {code}"}, code, text=body)
        case Reset():
            return None
        case AppliedThenReset():
            apply()
            return None
    return apply()


def _cut(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
    transport.abort()
