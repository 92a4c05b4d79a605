"""Slack's Web API, and private answers, with Slack's errors turned into sentences."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.slack_response import SlackResponse
from slack_sdk.webhook import WebhookClient
from typing_extensions import override

from bot.adapters.slack.calls import INVITE, answered, called
from bot.adapters.slack.directory import SlackDirectory
from bot.domain.faults import pause_seconds
from bot.errors import TOKEN_REFUSALS, SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages.blocks import Message
from bot.secret_files import Secret
from bot.services.ports.slack import Channel, ReplyTo
from bot.services.threads import Errands
from bot.settings import SlackSettings

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15
ANSWER_THREADS = 4
MOST_ANSWERS = 1_000
MOST_TRIES = 3  # of an answer while Slack asks to wait: after minutes, nobody looks for it any more
CLOSING_SECONDS = 5.0


def web_client(settings: SlackSettings, *, waits: bool = True) -> WebClient:
    """A client that waits when Slack says 429, and repeats nothing else: after a lost answer a post may have worked.

    One that does not wait reports a 429 like any fault that passes.
    """
    return _RenewedClient(
        token=settings.bot_token,
        base_url=settings.api_url,
        timeout=TIMEOUT_SECONDS,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=3)] if waits else [],
    )


class _RenewedClient(WebClient):
    """Takes the token from its file anew where Slack refuses the one it has."""

    def __init__(self, token: str, **options: Any) -> None:
        super().__init__(token, **options)
        self._secret = Secret("SLACK_BOT_TOKEN", token)

    @override
    def api_call(self, api_method: str, **arguments: Any) -> SlackResponse:
        used = self.token or ""
        try:
            return super().api_call(api_method, **arguments)
        except SlackApiError as error:
            answer = getattr(error.response, "data", None)  # whatever answered, which need not be Slack
            refused = isinstance(answer, dict) and answer.get("error") in TOKEN_REFUSALS
            if not (refused and self._secret.is_other_than(used)):
                raise
            self.token = self._secret.value
            return super().api_call(api_method, **arguments)


class SlackClient:
    """The `Slack` and `Messenger` ports on the Web API."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._directory = SlackDirectory(client)

    def channel(self, channel: str) -> Channel:
        if channel.startswith("D"):  # it has no members to join; whether it takes a post shows at the post
            return Channel(channel, is_entered=True, is_private=True, is_shared=False)
        info = answered(self._client.conversations_info, "channel", dict, channel=channel)
        return Channel(
            channel,
            is_entered=bool(info.get("is_member") or info.get("is_im") or info.get("is_mpim")),
            is_private=bool(info.get("is_private")),
            # `is_org_shared` is between workspaces of one organisation: those are colleagues
            is_shared=bool(info.get("is_ext_shared") or info.get("is_pending_ext_shared")),
            name=str(info.get("name") or ""),
            is_archived=bool(info.get("is_archived")),
        )

    def join(self, channel: Channel) -> None:
        if channel.is_entered:
            return
        if channel.is_private:
            raise SlackRejectedError(INVITE, code="not_in_channel")
        called(self._client.conversations_join, channel=channel.id)

    def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        where = {"channel": channel, "thread_ts": thread_ts, "unfurl_links": False, "unfurl_media": False}
        return answered(self._client.chat_postMessage, "ts", str, **where, **_content(message))

    def update(self, channel: str, ts: str, message: Message) -> None:
        called(self._client.chat_update, channel=channel, ts=ts, **_content(message))

    def upload(self, channel: str, *, thread_ts: str, name: str, title: str, content: bytes) -> None:
        where = {"channel": channel, "thread_ts": thread_ts}
        called(self._client.files_upload_v2, **where, filename=name, title=title, content=content)

    def permalink(self, channel: str, ts: str) -> str | None:
        answer = called(self._client.chat_getPermalink, channel=channel, message_ts=ts)
        return str(answer["permalink"]) if answer.get("permalink") else None

    def send_directly(self, user: str, message: Message) -> None:
        self.post(self.open_directly(user), message)

    def open_directly(self, user: str) -> str:
        opened = answered(self._client.conversations_open, "channel", dict, users=[user])
        return str(opened["id"])

    def send_ephemeral(self, channel: str, user: str, message: Message, *, thread_ts: str | None = None) -> None:
        """Show a message to one person, in a channel or in a thread of it."""
        where = {"channel": channel, "user": user, "thread_ts": thread_ts}
        called(self._client.chat_postEphemeral, **where, **_content(message))

    def open_view(self, trigger_id: str, view: Mapping[str, Any]) -> str:
        opened = answered(self._client.views_open, "view", dict, trigger_id=trigger_id, view=view)
        return str(opened.get("id"))

    def update_view(self, view_id: str, view: Mapping[str, Any]) -> None:
        called(self._client.views_update, view_id=view_id, view=view)

    def time_zone(self, user: str) -> str | None:
        try:
            return self._directory.time_zone(user)
        except SlackRejectedError as error:
            log.warning("Slack does not tell a time zone; UTC is taken", extra={"user": user, "error": str(error)})
            return None


class PrivateAnswerer:
    """The `PrivateAnswers` port.

    For response URLs, Slack documents `thread_ts` only with answers that everybody sees, so in a thread they come
    second: https://docs.slack.dev/interactivity/handling-user-interaction
    """

    def __init__(self, slack: SlackClient) -> None:
        self._slack = slack
        self._errands = Errands("answers", threads=ANSWER_THREADS, most=MOST_ANSWERS)

    def send(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        """Answer one person, soon; raises nothing.  A listener is not held up by it."""
        self.run(lambda: self.deliver(to, message, replace=replace))

    def deliver(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        ways = [partial(self._shown, to, message), partial(_respond, to.response_url, message, replace=replace)]
        is_in_thread = to.thread_ts is not None and not replace
        if any(way() for way in (ways if is_in_thread else reversed(ways))):
            return
        try:
            self._slack.send_directly(to.user, message)
        except SlackRejectedError as error:
            log.warning("a person could not be answered", extra={"user": to.user, "code": error.code})

    def run(self, task: Callable[[], object]) -> None:
        """Carry out something else that talks to Slack in the background, again where Slack asks to wait.

        Its faults are logged.
        """
        self._run(task, tries=1)

    def close(self) -> None:
        """Send what is due, then no more."""
        self._errands.close(timeout_seconds=CLOSING_SECONDS)

    def _run(self, task: Callable[[], object], *, tries: int, in_seconds: float = 0.0) -> None:
        def attempt() -> None:
            try:
                task()
            except SlackError as error:
                asked = error.retry_after_seconds if isinstance(error, SlackUnavailableError) else None
                if asked is None or tries >= MOST_TRIES:
                    log.warning("Slack did not do what was asked", extra={"error": str(error)})
                else:  # nothing was done
                    self._run(task, tries=tries + 1, in_seconds=pause_seconds(tries, asked=asked))

        if not self._errands.take(attempt, in_seconds=in_seconds):
            log.warning("an answer is not sent: too many wait, or the process is ending")

    def _shown(self, to: ReplyTo, message: Message) -> bool:
        if to.channel is None:
            return False
        try:
            self._slack.send_ephemeral(to.channel, to.user, message, thread_ts=to.thread_ts)
        except SlackError as error:
            log.info("no ephemeral message", extra={"channel": to.channel, "cause": type(error).__name__})
            return False
        return True


def _respond(url: str | None, message: Message, *, replace: bool) -> bool:
    if not url:
        return False
    webhook = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[])
    try:
        answer = webhook.send(response_type="ephemeral", replace_original=replace, **_content(message))
    except (SlackClientError, HTTPException, OSError, ValueError) as error:
        log.info("a response URL could not be used", extra={"cause": type(error).__name__})
        return False
    return answer.status_code == 200


def _content(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": list(message.blocks)}
