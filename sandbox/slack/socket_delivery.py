"""Delivery of payloads to a bot that connected by WebSocket (Socket Mode)."""

import asyncio
import contextlib
import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.slack.backend import Backend
from sandbox.slack.payloads import Payload, PayloadKind
from sandbox.slack.records import Delivery, Json

PING_SECONDS = 10.0


@dataclass(eq=False, slots=True)
class Connection:
    """One WebSocket and the envelopes it has not acknowledged yet."""

    socket: web.WebSocketResponse
    request: web.Request
    waiting: dict[str, asyncio.Future[Json | None]] = field(default_factory=dict)
    is_leaving: bool = False


class SocketDelivery:
    """Serves `/link/` and spreads payloads over the connections, each to one of them.  Lives on the server's loop."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._turn = itertools.count()
        self.connections: list[Connection] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until either side ends it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._backend.socket_tickets:
            raise web.HTTPForbidden
        self._backend.socket_tickets.remove(ticket)
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS)
        await socket.prepare(request)
        connection = Connection(socket, request)
        await socket.send_json({"type": "hello", "num_connections": len(self.connections) + 1})
        self.connections.append(connection)
        self._backend.workspace.touch()
        try:
            await _listen(connection)
        finally:
            self._dismiss(connection)
        return socket

    async def deliver(self, payload: Payload) -> Delivery:
        """Send one payload over one connection and wait up to 3 seconds for its acknowledgement."""
        began, answer, timed_out = time.monotonic(), None, False
        ready = [one for one in self.connections if not one.is_leaving and not one.socket.closed]
        try:
            answer = await self._asked(ready[next(self._turn) % len(ready)], payload) if ready else None
        except TimeoutError:
            timed_out = True
        body = json.dumps(answer["payload"]) if answer and answer.get("payload") else ""
        return Delivery(200 if answer else None, body, time.monotonic() - began, timed_out=timed_out)

    async def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self.connections):
            if connection.request.transport is not None:
                connection.request.transport.abort()
            self._dismiss(connection)

    async def refresh(self) -> None:
        """Ask every connection to be replaced, as Slack does every few hours; it gets no new payloads."""
        for connection in list(self.connections):
            connection.is_leaving = True
            with contextlib.suppress(ConnectionError):
                await connection.socket.send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def close(self, _application: web.Application) -> None:
        """End every connection politely."""
        for connection in list(self.connections):
            await connection.socket.close()

    async def _asked(self, connection: Connection, payload: Payload) -> Json | None:
        envelope_id = str(uuid.uuid4())
        future: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = future
        try:
            await connection.socket.send_json(_envelope(envelope_id, payload))
            return await asyncio.wait_for(future, self._backend.acknowledge_seconds)
        except ConnectionError:
            return None
        finally:
            del connection.waiting[envelope_id]

    def _dismiss(self, connection: Connection) -> None:
        """Give up on what it has not acknowledged."""
        if connection in self.connections:
            self.connections.remove(connection)
        for future in connection.waiting.values():
            if not future.done():
                future.set_result(None)
        self._backend.workspace.touch()


async def _listen(connection: Connection) -> None:
    async for frame in connection.socket:
        if frame.type is not WSMsgType.TEXT:
            continue
        message: Any = json.loads(frame.data)
        future = connection.waiting.get(message.get("envelope_id", ""))
        if future is not None and not future.done():
            future.set_result(message)


def _envelope(envelope_id: str, payload: Payload) -> Json:
    further: Json = {"retry_attempt": 0, "retry_reason": ""} if payload.kind is PayloadKind.EVENT else {}
    return {
        "envelope_id": envelope_id,
        "type": payload.kind.value,
        "payload": payload.content,
        "accepts_response_payload": payload.kind is not PayloadKind.EVENT,
        **further,
    }
