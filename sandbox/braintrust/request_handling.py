"""The way of every request: it is read, noted, delayed or held, made to fail or worked off, and answered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from sandbox.braintrust.queries import query_text
from sandbox.braintrust.refusals import bad_request, refusal
from sandbox.braintrust.request_log import RequestLog
from sandbox.braintrust.storage import Storage
from sandbox.http.fault_play import DroppedError, Exchange, dropped, play
from sandbox.http.faults import Faults
from sandbox.http.request import Answer, Asked, Kind, RefusedError, Work

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class RequestHandling:
    """What all endpoints share."""

    api_key: str
    max_body_bytes: int
    faults: Faults
    log: RequestLog
    storage: Storage

    def handler(self, kind: Kind, work: Work) -> Handler:
        """A handler that lets `work` answer requests of this kind."""

        async def handle(request: web.Request) -> web.StreamResponse:
            asked = await _asked(request, kind)
            serial = self.log.begin(asked)
            status = 0
            try:
                response = await self._response(request, asked, work, serial)
                status = response.status
            except DroppedError:
                response = None
            finally:
                self.log.end(serial, status)
            return dropped(request) if response is None else response

        return handle

    async def _response(self, request: web.Request, asked: Asked, work: Work, serial: int) -> web.StreamResponse:
        if delay_seconds := self.faults.delay_seconds(asked.kind):
            await asyncio.sleep(delay_seconds)
        for gate in self.faults.gates(asked, "arrival"):
            await gate.passage()
        for hook in self.faults.hooks(asked.kind):
            await asyncio.to_thread(hook, asked)
        return await play(self.faults.take(asked), self._exchange(request, asked, work, serial))

    def _exchange(self, request: web.Request, asked: Asked, work: Work, serial: int) -> Exchange:
        def applied(changed: Asked) -> Answer:
            answer = self._worked(changed, work)
            self.log.wrote(serial, answer.row_ids)
            return answer

        async def apply(changed: Asked) -> Answer:
            answer = await asyncio.to_thread(applied, changed)  # so that others arrive, and wait, meanwhile
            for gate in self.faults.gates(asked, "answer"):
                await gate.passage()
            return answer

        return Exchange(request, asked, apply, refusal, self.storage.put)

    def _worked(self, asked: Asked, work: Work) -> Answer:
        """What `work` answers, behind the checks that every request passes."""
        try:
            self._check(asked)
            return work(asked)
        except RefusedError as error:
            return error.answer

    def _check(self, asked: Asked) -> None:
        if asked.kind != "storage" and asked.headers.get("Authorization") != f"Bearer {self.api_key}":
            raise RefusedError(refusal(401))
        if len(asked.body) > self.max_body_bytes:
            raise RefusedError(refusal(413))
        if asked.kind in ("query", "insert") and not _says_json(asked):
            raise RefusedError(bad_request("Content-Type: application/json is missing"))
        if asked.kind == "query":
            self._check_rate()

    def _check_rate(self) -> None:
        seconds = self.faults.retry_after_seconds()
        if seconds is not None:
            refused = refusal(429)
            raise RefusedError(Answer(refused.payload, 429, {"Retry-After": str(seconds)}))


def _says_json(asked: Asked) -> bool:
    return asked.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"


async def _asked(request: web.Request, kind: Kind) -> Asked:
    body = await request.read()
    return Asked(
        kind,
        request.method,
        request.path,
        body,
        query_text(body) if kind == "query" else body.decode(errors="replace"),
        request.headers,
        {name: tuple(request.query.getall(name)) for name in request.query},
        dict(request.match_info),
    )
