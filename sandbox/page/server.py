"""The page's server on loopback: its files, what people do there, and the state of everything as it changes."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from sandbox.demo_world import World
from sandbox.http.server_thread import ServerThread
from sandbox.page.acts import Acts
from sandbox.page.state import page_state, requests_state

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PAUSE_SECONDS = 0.1  # so ten states a second at most
_QUIET_PAUSES = 100  # after which a comment shows that the stream lives
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer(ServerThread):
    """The demo's page."""

    def __init__(self, world: World, port: int) -> None:
        super().__init__(port)
        self._world = world
        self._acts = Acts(world)
        self._changes = itertools.count(1)
        self._change = 0
        world.slack.workspace.subscribe(lambda _: self._note_change())
        world.braintrust.rows.subscribe(self._note_change)

    def application(self) -> web.Application:
        """The page's files, its stream of states, and where its acts and links lead."""
        application = web.Application(middlewares=[_own_page_only])
        application.router.add_get("/events", self._events)
        application.router.add_get("/files/{file}", self._file)
        application.router.add_get("/app/{rest:.*}", _braintrust)
        application.router.add_post("/act/{act}", self._act)
        application.router.add_get("/{name:[a-z_]*(?:[.][a-z]+)?}", _asset)
        return application

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await self._stream(response)
        return response

    async def _stream(self, response: web.StreamResponse) -> None:
        shown: object = None
        for pause in itertools.count(1):
            if (now := self._stamp()) != shown:
                shown = now
                state = await asyncio.to_thread(page_state, self._world, self._acts.state())
                await response.write(f"data: {json.dumps(state)}\n\n".encode())
            elif pause % _QUIET_PAUSES == 0:
                await response.write(b": still here\n\n")
            await asyncio.sleep(_PAUSE_SECONDS)

    def _stamp(self) -> object:
        """Something that differs whenever the page would show something else."""
        return self._change, requests_state(self._world), self._acts.state()

    def _note_change(self) -> None:
        self._change = next(self._changes)

    async def _act(self, request: web.Request) -> web.Response:
        act = self._acts.by_name.get(request.match_info["act"])
        if act is None:
            raise web.HTTPNotFound
        try:
            said = await asyncio.to_thread(act, await request.json())
        except (ValueError, KeyError) as error:
            return web.json_response({"problem": str(error)}, status=409)
        return web.json_response(said or {})

    async def _file(self, request: web.Request) -> web.Response:
        files = {file.id: file for file in self._world.slack.workspace.files()}
        file = files.get(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound
        place = "attachment" if "download" in request.query else "inline"
        headers = {"Content-Disposition": f'{place}; filename="{Path(file.name).name}"'}
        return web.Response(body=file.content, content_type="text/plain", charset="utf-8", headers=headers)


async def _braintrust(_request: web.Request) -> web.StreamResponse:
    """Where links to Braintrust lead: the page, which then points at its panel."""
    raise web.HTTPFound("/#braintrust")


async def _asset(request: web.Request) -> web.Response:
    path = Path(__file__).with_name(request.match_info["name"] or "index.html")
    if path.suffix not in _TYPES or not path.is_file():
        raise web.HTTPNotFound
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8", headers=headers)


@web.middleware
async def _own_page_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what other web pages in the same browser might send, also under another name for this machine."""
    own = {f"{name}:{request.url.port}" for name in ("127.0.0.1", "localhost")}
    origin = request.headers.get("Origin")
    if request.host not in own or (origin is not None and origin.removeprefix("http://") not in own):
        raise web.HTTPForbidden
    response = await handler(request)
    if not response.prepared:
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response
