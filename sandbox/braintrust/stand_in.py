"""The stand-in for Braintrust's API, put together."""

from dataclasses import replace
from functools import partial

from aiohttp import web

from sandbox.braintrust import inserts, queries, storage
from sandbox.braintrust.directory import Directory
from sandbox.braintrust.refusals import bad_request, refusal
from sandbox.braintrust.row_store import RowStore
from sandbox.http.fault_orders import Faults
from sandbox.http.request import Answer, Asked, Kind, RefusedError, Work
from sandbox.http.request_log import RequestLog
from sandbox.http.server_thread import ServerThread
from sandbox.http.service import Service

DEFAULT_PROJECT_ID = "5f0c7a52-8f6e-4e0b-9a53-2f4c1d9b7e10"
MAX_LIMIT = 10_000
MAX_BODY_BYTES = 6 * 1024 * 1024  # the SDKs' default for one request


class BraintrustStandIn(ServerThread):
    """Braintrust's API on loopback, as far as the bot uses it: strict, in memory, and able to misbehave.

    Stopped and started again it keeps its rows and its address.
    """

    def __init__(
        self,
        *,
        api_key: str = "sk-sandbox",
        port: int = 0,
        max_limit: int = MAX_LIMIT,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        super().__init__(port)
        self.api_key = api_key
        self.rows = RowStore()
        self.faults = Faults()
        self.requests = RequestLog()
        self.directory = Directory(self.rows)
        self._stored: dict[str, Answer] = {}
        self._max_limit = max_limit
        self._max_body_bytes = max_body_bytes
        self._service = Service(self.faults, self.requests, refusal)
        self.rows.projects[DEFAULT_PROJECT_ID] = "support-bot"

    def application(self) -> web.Application:
        """The API."""
        application = web.Application(client_max_size=1 << 30)
        application[storage.STORED] = self._stored
        for method, path, kind, work in self._routes():
            application.router.add_route(method, path, partial(self._serve, kind=kind, work=work))
        return application

    async def _serve(self, request: web.Request, *, kind: Kind, work: Work) -> web.StreamResponse:
        body = await request.read()
        text = queries.query_text(body) if kind == "query" else body.decode(errors="replace")
        asked = Asked(
            kind, request.method, request.path, body, text, request.headers, request.query, request.match_info
        )
        return await self._service.serve(request, asked, partial(self._checked, work))

    def _checked(self, work: Work, asked: Asked) -> Answer:
        """What `work` answers, behind the checks that every request passes."""
        if asked.kind != "storage" and asked.headers.get("Authorization") != f"Bearer {self.api_key}":
            raise RefusedError(refusal(401))
        if len(asked.body) > self._max_body_bytes:
            raise RefusedError(refusal(413))
        says_json = asked.headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"
        if asked.kind in ("query", "insert") and not says_json:
            raise RefusedError(bad_request("Content-Type: application/json is missing"))
        seconds = self.faults.retry_after_seconds() if asked.kind == "query" else None
        if seconds is not None:
            raise RefusedError(replace(refusal(429), headers={"Retry-After": str(seconds)}))
        return work(asked)

    def _routes(self) -> list[tuple[str, str, Kind, Work]]:
        directory = self.directory
        return [
            ("POST", "/btql", "query", partial(queries.answer, self.rows, self._max_limit)),
            ("POST", "/v1/project_logs/{project_id}/insert", "insert", partial(inserts.answer, self.rows, self.faults)),
            ("GET", "/v1/user", "user", directory.page),
            ("GET", "/v1/group", "group", directory.page),
            ("GET", "/v1/project", "project", directory.page),
            ("GET", "/v1/project/{project_id}", "project", directory.get_project),
            ("GET", "/v1/organization", "organization", directory.page),
            ("GET", storage.PATH, "storage", partial(storage.read, self._stored)),
        ]
