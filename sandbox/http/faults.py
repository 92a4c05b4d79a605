"""Faults: the ways in which a request can go wrong.  Each is played by calling it with the exchange under way."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from aiohttp import web

from sandbox.http.exchange import DroppedError, Exchange, Wire, body_of, wire_of
from sandbox.http.request import Answer, Asked


class Fault(Protocol):
    """What befalls a request: what the client receives, or DroppedError when that is nothing."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this status, nothing applied; without a body, the one that belongs to it."""

    code: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer = Answer(self.body, self.code) if self.body else exchange.refusal(self.code)
        return exchange.response(replace(answer, headers={**answer.headers, **self.headers}))


@dataclass(frozen=True, slots=True)
class Error:
    """Let Slack answer 200 with this error code; nothing is applied."""

    code: str

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.response(Answer({"ok": False, "error": self.code}))


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Let Slack answer 429 with `Retry-After`; nothing is applied."""

    retry_after: int = 1

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        headers = {"Retry-After": str(self.retry_after)}
        return exchange.response(Answer({"ok": False, "error": "ratelimited"}, 429, headers))


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
    """Close the connection without an answer, nothing applied."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        raise DroppedError


@dataclass(frozen=True, slots=True)
class AppliedThenReset:
    """Apply the request, then close the connection without an answer."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        await exchange.answer()
        raise DroppedError


@dataclass(frozen=True, slots=True)
class AppliedLate:
    """Answer `status` now and apply the request `after_seconds` later."""

    after_seconds: float
    status: int = 504

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        loop = asyncio.get_running_loop()
        loop.call_later(self.after_seconds, lambda: asyncio.ensure_future(exchange.answer(), loop=loop))
        return exchange.response(exchange.refusal(self.status))


@dataclass(frozen=True, slots=True)
class AppliedThenStatus:
    """Apply the request, then answer with this status."""

    code: int

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        await exchange.answer()
        return exchange.response(exchange.refusal(self.code))


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing for so long, then close the connection; nothing is applied unless `applied`."""

    seconds: float
    applied: bool = False

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        if self.applied:
            await exchange.answer()
        await asyncio.sleep(self.seconds)
        raise DroppedError


@dataclass(frozen=True, slots=True)
class SlowBody:
    """Answer, but let the body take so long, in pieces."""

    seconds: float
    pieces: int = 10

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        wire = wire_of(await exchange.answer(), exchange.asked)
        response = await wire.begun(exchange.request)
        size = len(wire.body) // self.pieces + 1
        starts = range(0, len(wire.body), size)
        for start in starts:
            await asyncio.sleep(self.seconds / len(starts))
            await response.write(wire.body[start : start + size])
        return response


@dataclass(frozen=True, slots=True)
class CutBody:
    """Apply and answer, but close the connection in the middle of the body."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        wire = wire_of(await exchange.answer(), exchange.asked)
        response = await wire.begun(exchange.request)
        await response.write(wire.body[: len(wire.body) // 2])
        if exchange.request.transport:
            exchange.request.transport.close()
        return response


@dataclass(frozen=True, slots=True)
class RedirectToStorage:
    """Answer 303 to a signed address that refuses an Authorization header; the body there is gzip without saying so."""

    gzip_unmarked: bool = True

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer()
        if answer.status != 200:
            return exchange.response(answer)
        cursor = answer.headers.get("x-bt-cursor")
        headers = {"x-amz-meta-bt_cursor": cursor} if cursor else {}
        path = exchange.put_aside(body_of(answer), headers, self.gzip_unmarked)
        return exchange.response(Answer("", 303, {"Location": str(exchange.request.url.origin()) + path}))


@dataclass(frozen=True, slots=True)
class ShortPage:
    """Answer a query with fewer rows than asked for, and a cursor."""

    rows: int

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.response(await exchange.apply(replace(exchange.asked, max_rows=self.rows)))


@dataclass(frozen=True, slots=True)
class RepeatedCursor:
    """Answer a query that has a cursor with the same cursor; other queries are not concerned."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer()
        if not isinstance(answer.payload, str) or answer.status != 200:
            return exchange.response(answer)
        query = exchange.asked.text
        value = query[query.rindex("cursor:") :].split("'")
        cursor = value[1] if len(value) > 2 else "AAAAAAAAAAA"
        payload = json.loads(answer.payload) | {"cursor": cursor}
        return exchange.response(replace(answer, payload=payload, headers={**answer.headers, "x-bt-cursor": cursor}))


@dataclass(frozen=True, slots=True)
class WrongCount:
    """Apply an insert, and answer one row id too few."""

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        answer = await exchange.answer()
        if not isinstance(answer.payload, dict) or "row_ids" not in answer.payload:
            return exchange.response(answer)
        return exchange.response(replace(answer, payload={"row_ids": answer.payload["row_ids"][:-1]}))


@dataclass(frozen=True, slots=True)
class Oversized:
    """Answer as usual, in a body of at least so many bytes."""

    size_bytes: int

    async def __call__(self, exchange: Exchange) -> web.StreamResponse:
        wire = wire_of(await exchange.answer(), Asked(exchange.asked.kind, "", ""))
        return Wire(wire.status, wire.body.ljust(self.size_bytes), wire.headers).response()
