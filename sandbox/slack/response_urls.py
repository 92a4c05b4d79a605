"""response_url: an address that lets the bot answer one command or click in private, 5 times within 30 minutes."""

import secrets
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.http.request import Answer, Asked
from sandbox.slack import limits
from sandbox.slack.answers import SlackError
from sandbox.slack.arguments import Arguments
from sandbox.slack.backend import Backend
from sandbox.slack.content import NAMES, Content, content_of
from sandbox.slack.records import Json, Message
from sandbox.slack.web_api import parsed_body

_OPTIONAL = (*NAMES, "response_type", "replace_original", "unfurl_links", "unfurl_media")


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
    is_overtaken: bool = field(default=False, init=False)  # what replaces the acknowledgement came before it


class ResponseUrls:
    """Gives addresses out and serves them.  Works where the bot is not a member, as with Slack."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._issued: dict[str, ResponseUrl] = {}

    def issue(self, channel_id: str, user_id: str, original: Message | None = None) -> str:
        """A new address for what this person just did in this channel."""
        ticket = secrets.token_urlsafe(16)
        now, is_click = self._backend.workspace.clock.now(), original is not None
        self._issued[ticket] = ResponseUrl(channel_id, user_id, now, original, is_click)
        return f"{self._backend.url}/respond/{ticket}"

    def acknowledge(self, response_url: str, body: Json) -> None:
        """Say the body of a command's acknowledgement, which is no use; SlackError when it cannot be said."""
        place, content = self._issued[response_url.rpartition("/")[2]], _content(body)
        with self._backend.workspace.changed:
            if not place.is_overtaken:
                self._say(place, body, content)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one POST."""
        body = await parsed_body(request)
        ticket = request.match_info["ticket"]
        asked = Asked("response_url", request.method, request.path, arguments=body)
        return await self._backend.service.serve(request, asked, lambda _: self._answer(ticket, body))

    def _answer(self, ticket: str, body: Json) -> Answer:
        try:
            with self._backend.workspace.changed:
                place = self._usable(ticket)
                self._say(place, body, _content(body))
                place.uses += 1
        except SlackError as refusal:
            return Answer(refusal.answer(), 404 if refusal.code.endswith("_url") else 400)
        return Answer("ok")

    def _usable(self, ticket: str) -> ResponseUrl:
        place = self._issued.get(ticket)
        if place is None:
            raise SlackError("invalid_url")
        if self._backend.workspace.clock.now() - place.issued_at > limits.RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if place.uses >= limits.RESPONSE_URL_USES:
            raise SlackError("used_url")
        return place

    def _say(self, place: ResponseUrl, body: Json, content: Content) -> None:
        workspace, replaces = self._backend.workspace, bool(body.get("replace_original"))
        if replaces and place.original is not None:
            try:
                place.original = workspace.edit(place.original, **content.said)
            except KeyError as error:
                raise SlackError("message_not_found") from error
            return
        private = workspace.post(place.channel_id, workspace.bot.id, **content.said, seen_by=place.user_id)
        if not place.is_click:
            place.original, place.is_overtaken = private, place.is_overtaken or replaces


def _content(body: Json) -> Content:
    """What is to be said; SlackError for what cannot be, and for answers that others would see: nobody sends them."""
    arguments = Arguments(body)
    arguments.check((), _OPTIONAL)
    if arguments.text("response_type") not in ("", "ephemeral"):
        raise SlackError("invalid_arguments")
    return content_of(arguments)
