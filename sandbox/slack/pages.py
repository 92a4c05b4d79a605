"""Everything that is served beside the Web API: uploads, downloads, and where permalinks lead."""

from aiohttp import BodyPartReader, web

from sandbox.http.request import Answer, Asked
from sandbox.slack.backend import Backend
from sandbox.slack.rendering import render_text


class Pages:
    """Serves `/upload/v1/{ticket}`, `/files/{file}` and `/archives/{channel}/{message}`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take the bytes of an announced file, raw or as a form."""
        content = await _content(request)
        ticket = request.match_info["ticket"]
        asked = Asked("upload", request.method, request.path, arguments={"length": len(content)})
        return await self._backend.service.serve(request, asked, lambda _: self._keep(ticket, content))

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Give a file's bytes to whoever has the bot's token."""
        if request.headers.get("Authorization") != f"Bearer {self._backend.bot_token}":
            raise web.HTTPForbidden
        file = self._backend.workspace.file(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """A message and its thread as plain text."""
        digits = request.match_info["message"].removeprefix("p")
        channel_id, ts = request.match_info["channel"], f"{digits[:-6]}.{digits[-6:]}"
        message = self._backend.workspace.message(channel_id, ts)
        if message is None:
            raise web.HTTPNotFound
        said = [message, *self._backend.workspace.thread(channel_id, ts)]
        return web.Response(text="\n\n".join(map(render_text, said)))

    def _keep(self, ticket: str, content: bytes) -> Answer:
        upload = self._backend.uploads.get(ticket)
        if upload is None or upload.content is not None:
            return Answer("no such upload", 404)
        if len(content) != upload.length:
            return Answer(f"announced {upload.length} bytes, got {len(content)}", 400)
        upload.content = content
        return Answer(f"OK - {len(content)}")


async def _content(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    part = await (await request.multipart()).next()
    return bytes(await part.read(decode=True)) if isinstance(part, BodyPartReader) else b""
