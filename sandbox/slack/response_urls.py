"""response_url: an address that lets the bot answer one command or click, 5 times within 30 minutes."""

import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.http.request import Answer, Asked
from sandbox.slack import limits
from sandbox.slack.answers import SlackError
from sandbox.slack.arguments import Arguments
from sandbox.slack.backend import Backend
from sandbox.slack.content import NAMES, Content, content_of
from sandbox.slack.methods.chat import existing_thread
from sandbox.slack.records import Json, Message

_OPTIONAL = (*NAMES, "response_type", "replace_original", "delete_original", "thread_ts", "metadata")
_UNFURL = ("unfurl_links", "unfurl_media")


@dataclass(slots=True)
class ResponseUrl:
    """What one address belongs to; `original` is what `replace_original` replaces.

    For a click that is the message clicked, for a command its latest private answer.
    """

    channel_id: str
    user_id: str
    issued_at: float
    original: Message | None
    is_click: bool
    uses: int = field(default=0, init=False)
    is_overtaken: bool = field(default=False, init=False)  # what replaces or deletes the acknowledgement came before it


class ResponseUrls:
    """Gives addresses out and serves them.  Works where the bot is not a member, as with Slack."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._issued: dict[str, ResponseUrl] = {}

    def issue(self, channel_id: str, user_id: str, original: Message | None = None) -> str:
        """A new address for what this person just did in this channel."""
        ticket = secrets.token_urlsafe(16)
        now, is_click = self._backend.clock.now(), original is not None
        self._issued[ticket] = ResponseUrl(channel_id, user_id, now, original, is_click)
        return f"{self._backend.url}/respond/{ticket}"

    def check(self, body: Json) -> None:
        """Raise SlackError when `body` is nothing that can be said."""
        arguments = Arguments(body)
        arguments.check((), (*_OPTIONAL, *_UNFURL))
        if not arguments.flag("delete_original"):
            content_of(arguments)

    def acknowledge(self, response_url: str, body: Json) -> None:
        """Say the body of a command's acknowledgement; it does not count as a use."""
        place = self._issued[response_url.rpartition("/")[2]]
        with self._backend.workspace.changed:
            if not place.is_overtaken:
                self._apply(place, body)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one POST."""
        body = await _body(request)
        ticket = request.match_info["ticket"]
        asked = Asked("response_url", request.method, request.path, arguments=body)
        return await self._backend.service.serve(request, asked, lambda _: self._answer(ticket, body))

    def _answer(self, ticket: str, body: Json) -> Answer:
        place = self._issued.get(ticket)
        try:
            with self._backend.workspace.changed:
                self._use(place, body)
        except SlackError as refusal:
            return Answer(refusal.answer(), 404 if refusal.code.endswith("_url") else 400)
        return Answer("ok")

    def _use(self, place: ResponseUrl | None, body: Json) -> None:
        if place is None:
            raise SlackError("invalid_url")
        if self._backend.clock.now() - place.issued_at > limits.RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if place.uses >= limits.RESPONSE_URL_USES:
            raise SlackError("used_url")
        self._apply(place, body)
        place.uses += 1

    def _apply(self, place: ResponseUrl, body: Json) -> None:
        self.check(body)
        arguments = Arguments(body)
        if arguments.flag("delete_original"):
            self._delete(place)
            return
        content = content_of(arguments)
        if arguments.flag("replace_original") and place.original is not None:
            try:
                place.original = self._backend.workspace.edit(place.original, **content.said)
            except KeyError as error:
                raise SlackError("message_not_found") from error
        else:
            self._say(place, arguments, content)

    def _delete(self, place: ResponseUrl) -> None:
        place.is_overtaken = True
        with contextlib.suppress(KeyError):  # it is gone already
            if place.original is not None:
                self._backend.workspace.drop(place.original)
        place.original = None

    def _say(self, place: ResponseUrl, arguments: Arguments, content: Content) -> None:
        workspace = self._backend.workspace
        channel = workspace.channel(place.channel_id)
        said = {**content.said, "thread_ts": existing_thread(self._backend, channel, arguments.text("thread_ts"))}
        if arguments.values.get("response_type") == "in_channel":
            workspace.post(channel.id, workspace.bot.id, **said)
            return
        private = workspace.post(channel.id, workspace.bot.id, **said, seen_by=place.user_id)
        if not place.is_click:
            place.original = private
            place.is_overtaken = place.is_overtaken or arguments.flag("replace_original")


async def _body(request: web.Request) -> Json:
    if request.content_type == "application/json":
        raw = await request.text()
    else:
        raw = str((await request.post()).get("payload", ""))
    try:
        body: Any = json.loads(raw or "{}")
    except json.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
