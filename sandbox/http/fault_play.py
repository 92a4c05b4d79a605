"""Plays of the faults: one short coroutine for each."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from aiohttp import web

from sandbox.http import fault_kinds as kinds
from sandbox.http.fault_kinds import Fault
from sandbox.http.request import Answer, Asked
from sandbox.http.responses import Wire, body_of, wire_of


class DroppedError(Exception):
    """The connection is to be closed without an answer."""


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

    async def answer(self, asked: Asked | None = None) -> Answer:
        """Do what was asked."""
        return await self.apply(asked or self.asked)

    def response(self, answer: Answer) -> web.StreamResponse:
        """An answer, whole."""
        self.told.append(answer)
        return wire_of(answer, self.asked).response()


async def play(fault: Fault | None, exchange: Exchange) -> web.StreamResponse:
    """What the client receives; DroppedError when nothing."""
    if fault is not None:
        return await _PLAYS[type(fault)](fault, exchange)
    answer = await exchange.answer()
    exchange.told.append(answer)
    wire = (
        await asyncio.to_thread(wire_of, answer, exchange.asked) if answer.is_large else wire_of(answer, exchange.asked)
    )
    return wire.response()


def dropped(request: web.Request) -> web.StreamResponse:
    """Cut the connection; the answer that is returned goes nowhere."""
    if request.transport:
        connection: socket.socket = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
        request.transport.abort()
    return web.Response(status=500)


async def _status(fault: kinds.Status, exchange: Exchange) -> web.StreamResponse:
    answer = exchange.refusal(fault.code)
    if fault.body:
        answer = Answer(fault.body, fault.code)
    return exchange.response(replace(answer, headers={**answer.headers, **fault.headers}))


async def _error(fault: kinds.Error, exchange: Exchange) -> web.StreamResponse:
    return exchange.response(Answer({"ok": False, "error": fault.code}))


async def _rate_limited(fault: kinds.RateLimited, exchange: Exchange) -> web.StreamResponse:
    headers = {"Retry-After": str(fault.retry_after)}
    return exchange.response(Answer({"ok": False, "error": "ratelimited"}, 429, headers))


async def _delay(fault: kinds.Delay, exchange: Exchange) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    return exchange.response(await exchange.answer())


async def _garbage(_fault: kinds.Garbage, exchange: Exchange) -> web.StreamResponse:
    page = "<!doctype html><html><body><h1>We are down for maintenance</h1></body></html>"
    return exchange.response(Answer(page, content_type="text/html"))


async def _reset(_fault: kinds.Reset, _exchange: Exchange) -> web.StreamResponse:
    raise DroppedError


async def _applied_then_reset(_fault: kinds.AppliedThenReset, exchange: Exchange) -> web.StreamResponse:
    await exchange.answer()
    raise DroppedError


async def _applied_late(fault: kinds.AppliedLate, exchange: Exchange) -> web.StreamResponse:
    loop = asyncio.get_running_loop()
    loop.call_later(fault.after_seconds, lambda: loop.create_task(_applied(exchange)))
    return exchange.response(exchange.refusal(fault.status))


async def _applied(exchange: Exchange) -> None:
    await exchange.answer()


async def _applied_then_status(fault: kinds.AppliedThenStatus, exchange: Exchange) -> web.StreamResponse:
    await exchange.answer()
    return exchange.response(exchange.refusal(fault.code))


async def _hang(fault: kinds.Hang, exchange: Exchange) -> web.StreamResponse:
    if fault.applied:
        await exchange.answer()
    await asyncio.sleep(fault.seconds)
    raise DroppedError


async def _slow_body(fault: kinds.SlowBody, exchange: Exchange) -> web.StreamResponse:
    wire = wire_of(await exchange.answer(), exchange.asked)
    response = await _begun(wire, exchange)
    size = len(wire.body) // fault.pieces + 1
    starts = range(0, len(wire.body), size)
    for start in starts:
        await asyncio.sleep(fault.seconds / len(starts))
        await response.write(wire.body[start : start + size])
    return response


async def _cut_body(_fault: kinds.CutBody, exchange: Exchange) -> web.StreamResponse:
    wire = wire_of(await exchange.answer(), exchange.asked)
    response = await _begun(wire, exchange)
    await response.write(wire.body[: len(wire.body) // 2])
    if exchange.request.transport:
        exchange.request.transport.close()
    return response


async def _begun(wire: Wire, exchange: Exchange) -> web.StreamResponse:
    response = web.StreamResponse(status=wire.status, headers=wire.headers)
    response.content_length = len(wire.body)
    await response.prepare(exchange.request)
    return response


async def _redirect(fault: kinds.RedirectToStorage, exchange: Exchange) -> web.StreamResponse:
    answer = await exchange.answer()
    if answer.status != 200:
        return exchange.response(answer)
    cursor = answer.headers.get("x-bt-cursor")
    headers = {"x-amz-meta-bt_cursor": cursor} if cursor else {}
    path = exchange.put_aside(body_of(answer), headers, fault.gzip_unmarked)
    location = str(exchange.request.url.origin()) + path
    return exchange.response(Answer("", 303, {"Location": location}))


async def _short_page(fault: kinds.ShortPage, exchange: Exchange) -> web.StreamResponse:
    return exchange.response(await exchange.answer(replace(exchange.asked, max_rows=fault.rows)))


async def _repeated_cursor(_fault: kinds.RepeatedCursor, exchange: Exchange) -> web.StreamResponse:
    answer = await exchange.answer()
    cursor = _cursor_in(exchange.asked.text)
    if not isinstance(answer.payload, str) or answer.status != 200:
        return exchange.response(answer)
    headers = {**answer.headers, "x-bt-cursor": cursor}
    return exchange.response(replace(answer, payload=json.loads(answer.payload) | {"cursor": cursor}, headers=headers))


def _cursor_in(query: str) -> str:
    """The value of a query's cursor clause, which is known to be there."""
    value = query[query.rindex("cursor:") :].split("'")
    return value[1] if len(value) > 2 else "AAAAAAAAAAA"


async def _wrong_count(_fault: kinds.WrongCount, exchange: Exchange) -> web.StreamResponse:
    answer = await exchange.answer()
    if not isinstance(answer.payload, dict) or "row_ids" not in answer.payload:
        return exchange.response(answer)
    return exchange.response(replace(answer, payload={"row_ids": answer.payload["row_ids"][:-1]}))


async def _oversized(fault: kinds.Oversized, exchange: Exchange) -> web.StreamResponse:
    wire = wire_of(await exchange.answer(), replace(exchange.asked, headers={}))
    return Wire(wire.status, wire.body.ljust(fault.size_bytes), wire.headers).response()


_Play: TypeAlias = Callable[[Any, Exchange], Awaitable[web.StreamResponse]]
_PLAYS: dict[type[Fault], _Play] = {
    kinds.Status: _status,
    kinds.Error: _error,
    kinds.RateLimited: _rate_limited,
    kinds.Delay: _delay,
    kinds.Garbage: _garbage,
    kinds.Reset: _reset,
    kinds.AppliedThenReset: _applied_then_reset,
    kinds.AppliedLate: _applied_late,
    kinds.AppliedThenStatus: _applied_then_status,
    kinds.Hang: _hang,
    kinds.SlowBody: _slow_body,
    kinds.CutBody: _cut_body,
    kinds.RedirectToStorage: _redirect,
    kinds.ShortPage: _short_page,
    kinds.RepeatedCursor: _repeated_cursor,
    kinds.WrongCount: _wrong_count,
    kinds.Oversized: _oversized,
}
