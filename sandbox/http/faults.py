"""Faults: the ways in which a request can go wrong.  Each is played by calling it with the exchange under way."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from aiohttp import web

from sandbox.http.exchange import DroppedError, Exchange, body_of
from sandbox.http.request import Answer


class Fault(Protocol):
    """What befalls a request: what the client receives, or DroppedError when that is nothing."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this status; without a body, the one that belongs to it.  Nothing is applied unless `applied`."""

    code: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    applied: bool = False

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        if self.applied:
            await exchange.answer()
        answer = Answer(self.body, self.code) if self.body else exchange.refusal(self.code)
        return exchange.response(replace(answer, headers={**answer.headers, **self.headers}))


@dataclass(frozen=True, slots=True)
class Error:
    """Let Slack answer 200 with this error code; nothing is applied."""

    code: str

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.response(Answer({"ok": False, "error": self.code}))


@dataclass(frozen=True, slots=True)
class Delay:
    """Apply and answer as always, but only after so many seconds."""

    seconds: float

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(self.seconds)
        return exchange.response(await exchange.answer())


@dataclass(frozen=True, slots=True)
class Garbage:
    """Answer 200 with an HTML page, nothing applied."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        page = "<!doctype html><html><body><h1>We are down for maintenance</h1></body></html>"
        return exchange.response(Answer(page, content_type="text/html"))


@dataclass(frozen=True, slots=True)
class Reset:
    """Close the connection without an answer, after so many seconds; nothing is applied unless `applied`."""

    applied: bool = False
    after_seconds: float = 0.0

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        if self.applied:
            await exchange.answer()
        await asyncio.sleep(self.after_seconds)
        raise DroppedError


@dataclass(frozen=True, slots=True)
class AppliedLate:
    """Answer 504 now and apply the request `after_seconds` later."""

    after_seconds: float

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        loop.call_later(self.after_seconds, lambda: asyncio.ensure_future(exchange.answer(), loop=loop))
        return exchange.response(exchange.refusal(504))


@dataclass(frozen=True, slots=True)
class SlowBody:
    """Answer, but let the body take so long, in pieces."""

    seconds: float
    pieces: int = 10

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        response, body = await exchange.begun()
        size = len(body) // self.pieces + 1
        starts = range(0, len(body), size)
        for start in starts:
            await asyncio.sleep(self.seconds / len(starts))
            await response.write(body[start : start + size])
        return response


@dataclass(frozen=True, slots=True)
class CutBody:
    """Apply and answer, but close the connection in the middle of the body."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        response, body = await exchange.begun()
        await response.write(body[: len(body) // 2])
        if exchange.request.transport:
            exchange.request.transport.close()
        return response


@dataclass(frozen=True, slots=True)
class ShortPage:
    """Answer a query with fewer rows than asked for, and a cursor."""

    rows: int

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.response(await exchange.answer(max_rows=self.rows))


@dataclass(frozen=True, slots=True)
class RepeatedCursor:
    """Answer a query that has a cursor with the same cursor once more."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer, (_, _, clause) = await exchange.answer(), exchange.asked.text.partition("cursor: '")
        cursor = clause.partition("'")[0]
        payload = json.loads(body_of(answer)) | {"cursor": cursor}
        return exchange.response(replace(answer, payload=payload, headers={**answer.headers, "x-bt-cursor": cursor}))


@dataclass(frozen=True, slots=True)
class WrongCount:
    """Apply an insert, and answer one row id too few."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer()
        if not answer.row_ids:
            return exchange.response(answer)
        return exchange.response(replace(answer, payload={"row_ids": list(answer.row_ids[:-1])}))


@dataclass(frozen=True, slots=True)
class Oversized:
    """Answer as usual, in a body of at least so many bytes, none of them compressed."""

    size_bytes: int

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer()
        return exchange.response(replace(answer, payload=body_of(answer).ljust(self.size_bytes)))
