"""The way of every request to a stand-in: noted, delayed or held, made to fail or worked off, and answered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from sandbox.http.exchange import DroppedError, Exchange, dropped
from sandbox.http.fault_orders import Faults
from sandbox.http.request import Answer, Asked, RefusedError, Work
from sandbox.http.request_log import RequestLog


@dataclass(frozen=True, slots=True)
class Service:
    """What all endpoints of a stand-in share: `refusal` is what the server says with a status."""

    faults: Faults
    log: RequestLog
    refusal: Callable[[int], Answer]

    async def serve(self, request: web.Request, asked: Asked, work: Work) -> web.StreamResponse:
        """Answer a request with what `work` says, unless a fault was ordered for it."""
        serial, status = self.log.begin(asked), 0
        apply = partial(self._applied, serial=serial, work=work)
        exchange = Exchange(request, asked, apply, self.refusal)
        try:
            response = await self._response(exchange)
            status = response.status
        except DroppedError:
            response = None
        finally:
            self.log.end(serial, status, exchange.told)
        return dropped(request) if response is None else response

    async def _response(self, exchange: Exchange) -> web.StreamResponse:
        await asyncio.sleep(self.faults.delay_seconds(exchange.asked.kind))
        await self.faults.stop(exchange.asked, "arrival")
        fault = self.faults.take(exchange.asked)
        return await fault(exchange) if fault else exchange.response(await exchange.answer())

    async def _applied(self, asked: Asked, *, serial: int, work: Work) -> Answer:
        answer = await asyncio.to_thread(self._worked, asked, serial, work)  # so that others arrive meanwhile
        await self.faults.stop(asked, "answer")
        return answer

    def _worked(self, asked: Asked, serial: int, work: Work) -> Answer:
        try:
            answer = work(asked)
        except RefusedError as error:
            return error.answer
        self.log.note(serial, row_ids=answer.row_ids)
        return answer
