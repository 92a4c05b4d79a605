"""One request under way, and its answer as bytes on the wire."""

import gzip
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.http.request import Answer, Asked

_GZIP_FROM_BYTES = 1000


class DroppedError(Exception):
    """The connection is to be closed without an answer."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A body with its status and headers, ready to be sent whole or in pieces."""

    status: int
    body: bytes
    headers: dict[str, str]

    def response(self) -> web.Response:
        """The whole answer."""
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    async def begun(self, request: web.Request) -> web.StreamResponse:
        """The answer without its body, which is still to be written."""
        response = web.StreamResponse(status=self.status, headers=self.headers)
        response.content_length = len(self.body)
        await response.prepare(request)
        return response


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request under way: `apply` does what was asked; `told` is what the client was answered.

    `refusal` is what the server says with a status, and `put_aside` keeps a body and headers under a path.
    """

    request: web.Request
    asked: Asked
    apply: Callable[[Asked], Awaitable[Answer]]
    refusal: Callable[[int], Answer]
    put_aside: Callable[[bytes, dict[str, str], bool], str]
    told: list[Answer] = field(default_factory=list, init=False)

    async def answer(self) -> Answer:
        """Do what was asked."""
        return await self.apply(self.asked)

    def response(self, answer: Answer) -> web.Response:
        """An answer, whole."""
        self.told.append(answer)
        return wire_of(answer, self.asked).response()


def body_of(answer: Answer) -> bytes:
    """The answer's body, not compressed."""
    if isinstance(answer.payload, bytes):
        return answer.payload
    if isinstance(answer.payload, str):
        return answer.payload.encode(errors="replace")
    return json.dumps(answer.payload, separators=(",", ":")).encode()


def wire_of(answer: Answer, asked: Asked) -> Wire:
    """The answer, compressed when the client asked for it and it is worth it."""
    headers, body = dict(answer.headers), body_of(answer)
    if "Location" not in headers:
        plain = "text/plain; charset=utf-8" if isinstance(answer.payload, str) else "application/json; charset=utf-8"
        headers.setdefault("Content-Type", answer.content_type or plain)
    wanted = "gzip" in asked.headers.get("Accept-Encoding", "")
    if wanted and len(body) >= _GZIP_FROM_BYTES and not isinstance(answer.payload, bytes):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=1)
    return Wire(answer.status, body, headers)


def dropped(request: web.Request) -> web.StreamResponse:
    """Cut the connection; the answer that is returned goes nowhere."""
    if request.transport:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
        request.transport.abort()
    return web.Response(status=500)
