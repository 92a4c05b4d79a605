"""Answers as bytes on the wire."""

import gzip
import json
from dataclasses import dataclass

from aiohttp import web

from sandbox.http.request import Answer, Asked

_GZIP_FROM_BYTES = 1000


@dataclass(frozen=True, slots=True)
class Wire:
    """A body with its status and headers, ready to be sent whole or in pieces."""

    status: int
    body: bytes
    headers: dict[str, str]

    def response(self) -> web.Response:
        """The whole answer."""
        return web.Response(status=self.status, body=self.body, headers=self.headers)


def body_of(answer: Answer) -> bytes:
    """The answer's body, not compressed."""
    if isinstance(answer.payload, bytes):
        return answer.payload
    if isinstance(answer.payload, str):
        return answer.payload.encode(errors="replace")
    return json.dumps(answer.payload, separators=(",", ":")).encode()


def wire_of(answer: Answer, asked: Asked) -> Wire:
    """The answer, compressed when the client asked for it and it is worth it."""
    headers = dict(answer.headers)
    if "Location" not in headers:
        headers.setdefault("Content-Type", answer.content_type or _content_type(answer))
    body = body_of(answer)
    wanted = "gzip" in asked.headers.get("Accept-Encoding", "")
    if wanted and len(body) >= _GZIP_FROM_BYTES and not isinstance(answer.payload, bytes):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=1)
    return Wire(answer.status, body, headers)


def _content_type(answer: Answer) -> str:
    return "text/plain; charset=utf-8" if isinstance(answer.payload, str) else "application/json; charset=utf-8"
