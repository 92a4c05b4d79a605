"""One request under way, and its answer on the wire."""

import gzip
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from sandbox.http.request import Answer, Asked

_GZIP_FROM_BYTES = 1000


class DroppedError(Exception):
    """The connection is to be closed without an answer."""


@dataclass(slots=True)
class Exchange:
    """One request under way: `apply` does what was asked, `refusal` is what the server says with a status.

    `told` is what the client was answered.
    """

    request: web.Request
    asked: Asked
    apply: Callable[[Asked], Awaitable[Answer]]
    refusal: Callable[[int], Answer]
    told: Answer | None = None

    async def answer(self, **changes: Any) -> Answer:
        """Do what was asked, with changes to it."""
        return await self.apply(replace(self.asked, **changes))

    def response(self, answer: Answer) -> web.Response:
        """An answer, whole; compressed when the client wants it so and it is worth it."""
        self.told = answer
        headers, body = dict(answer.headers), body_of(answer)
        plain = "text/plain; charset=utf-8" if isinstance(answer.payload, str) else "application/json; charset=utf-8"
        headers.setdefault("Content-Type", answer.content_type or plain)
        is_wanted = "gzip" in self.asked.headers.get("Accept-Encoding", "")
        if is_wanted and len(body) >= _GZIP_FROM_BYTES and not isinstance(answer.payload, bytes):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=1)
        return web.Response(status=answer.status, body=body, headers=headers)

    async def begun(self) -> tuple[web.StreamResponse, bytes]:
        """What was asked, done; the answer without its body, and the body, which is still to be written."""
        whole = self.response(await self.answer())
        assert isinstance(whole.body, bytes)
        response = web.StreamResponse(status=whole.status, headers=whole.headers)
        self.told, response.content_length = None, len(whole.body)
        await response.prepare(self.request)
        return response, whole.body


def body_of(answer: Answer) -> bytes:
    """The answer's body, not compressed."""
    if isinstance(answer.payload, bytes):
        return answer.payload
    if isinstance(answer.payload, str):
        return answer.payload.encode(errors="replace")
    return json.dumps(answer.payload, separators=(",", ":")).encode()


def dropped(request: web.Request) -> web.StreamResponse:
    """Cut the connection; the answer that is returned goes nowhere."""
    if request.transport:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
        request.transport.abort()
    return web.Response(status=500)
