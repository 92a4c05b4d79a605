"""files.*: the three steps of an upload, of which the middle one is the upload address itself."""

import dataclasses
from typing import Any

from aiohttp import web

from sandbox.http.request import Answer, Asked
from sandbox.slack.answers import SlackError, file_json, invalid_arguments
from sandbox.slack.arguments import Arguments, Method
from sandbox.slack.backend import Backend, Upload
from sandbox.slack.methods.chat import existing_thread, postable_channel
from sandbox.slack.records import Json, StoredFile


def get_upload_url(backend: Backend, arguments: Arguments) -> Json:
    """Announce a file; the answer says where to send its bytes."""
    length = arguments.number("length", 0)
    if length < 1:
        raise invalid_arguments("[ERROR] must be greater than 0 [json-pointer:/length]")
    file_id = backend.workspace.next_id("F")
    backend.uploads[file_id] = Upload(arguments.text("filename"), length)
    return {"upload_url": f"{backend.url}/upload/v1/{file_id}", "file_id": file_id}


async def upload(backend: Backend, request: web.Request) -> web.StreamResponse:
    """Take the bytes of an announced file."""
    content, file_id = await request.read(), request.match_info["file_id"]
    asked = Asked("upload", request.method, request.path, arguments={"length": len(content)})
    return await backend.service.serve(request, asked, lambda _: _kept(backend, file_id, content))


def complete_upload(backend: Backend, arguments: Arguments) -> Json:
    """Finish uploads, and share them in a channel or thread if one is named."""
    announced = _announced(backend, arguments)
    channel_id = arguments.text("channel_id") or arguments.text("channels")
    files = _share(backend, arguments, channel_id, announced) if channel_id else announced
    for file in files:
        backend.workspace.put(file)
    return {"files": [file_json(backend.url, file) for file in files]}


def _kept(backend: Backend, file_id: str, content: bytes) -> Answer:
    upload = backend.uploads.get(file_id)
    if upload is None or upload.content is not None:
        return Answer("no such upload", 404)
    if len(content) != upload.length:
        return Answer(f"announced {upload.length} bytes, got {len(content)}", 400)
    upload.content = content
    return Answer(f"OK - {len(content)}")


def _announced(backend: Backend, arguments: Arguments) -> list[StoredFile]:
    wanted: Any = arguments.parsed("files", error="invalid_arguments")
    if not isinstance(wanted, list) or not all(isinstance(one, dict) and "id" in one for one in wanted):
        raise invalid_arguments("[ERROR] must provide an array of objects with an id [json-pointer:/files]")
    return [_arrived(backend, one) for one in wanted]


def _arrived(backend: Backend, wanted: Json) -> StoredFile:
    file_id = wanted["id"]
    upload = backend.uploads.pop(file_id, None)
    if upload is None or upload.content is None:
        raise SlackError("file_not_found")
    title = wanted.get("title") or upload.name
    return StoredFile(file_id, upload.name, title, upload.content, user=backend.workspace.bot.id)


def _share(backend: Backend, arguments: Arguments, channel_id: str, files: list[StoredFile]) -> list[StoredFile]:
    channel = postable_channel(backend, channel_id)
    thread_ts = existing_thread(backend, channel, arguments.text("thread_ts"))
    shared = [dataclasses.replace(file, channel=channel.id, thread_ts=thread_ts) for file in files]
    backend.workspace.post(
        channel.id,
        backend.workspace.bot.id,
        arguments.text("initial_comment"),
        thread_ts=thread_ts,
        files=tuple(shared),
    )
    return shared


_SHARING = ("channel_id", "channels", "thread_ts", "initial_comment")

METHODS = (
    Method(
        "files.getUploadURLExternal",
        get_upload_url,
        ("length", "filename"),
        ("snippet_type", "alt_txt"),
        "files:write",
        takes_json=False,
    ),
    Method("files.completeUploadExternal", complete_upload, ("files",), _SHARING, "files:write"),
)
