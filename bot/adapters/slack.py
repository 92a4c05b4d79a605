"""Slack's Web API, and private answers, with Slack's errors turned into sentences."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import URLError

from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.webhook import WebhookClient

from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages.message import Message
from bot.services.ports import ReplyTo
from bot.settings import SlackSettings

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15
CACHE_SECONDS = 300.0
_T = TypeVar("_T")
_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_CODE = re.compile(r"[a-z][a-z_]{1,60}")
_INVITE = (
    "The bot is not in this channel, and cannot join it by itself. "
    "Type `/invite @assign-reviews` there, then try again."
)
_SENTENCES = {
    "not_in_channel": _INVITE,
    "channel_not_found": _INVITE,
    "method_not_supported_for_channel_type": _INVITE,
    "is_archived": "The channel is archived. Unarchive it, or use another one.",
    "restricted_action": "The workspace does not let the bot post in the channel. Ask an admin, or use another one.",
    "invalid_auth": "Slack does not accept the bot's token. Check SLACK_BOT_TOKEN.",
    "not_authed": "Slack does not accept the bot's token. Check SLACK_BOT_TOKEN.",
    "account_inactive": "The bot was removed from the workspace. Install it again, and set the new SLACK_BOT_TOKEN.",
    "token_revoked": "The bot's token was revoked. Install it again, and set the new SLACK_BOT_TOKEN.",
}


def web_client(settings: SlackSettings) -> WebClient:
    """A client that waits when Slack says 429, and repeats nothing else: after a lost answer a post may have worked."""
    return WebClient(
        token=settings.bot_token,
        base_url=settings.api_url,
        timeout=TIMEOUT_SECONDS,
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=3)],
    )


class SlackClient:
    """The `Slack` and `Directory` ports on the Web API."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._cache: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def join(self, channel: str) -> None:
        """Make sure the bot is a member; raises `SlackRejectedError` with a sentence that says what to do."""
        if channel.startswith("D"):
            return  # a direct message has no members to join; whether it takes a post shows at the post
        info = _called(lambda: self._client.conversations_info(channel=channel))["channel"]
        if info.get("is_member") or info.get("is_im") or info.get("is_mpim"):
            return
        if info.get("is_private"):
            raise SlackRejectedError(_INVITE, code="not_in_channel")
        _called(lambda: self._client.conversations_join(channel=channel))

    def post(self, channel: str, message: Message, *, thread_ts: str | None = None) -> str:
        """Post once, never repeated after an unclear answer; the message's `ts`."""
        arguments: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks)}
        answer = _called(
            lambda: self._client.chat_postMessage(
                channel=channel, thread_ts=thread_ts, unfurl_links=False, unfurl_media=False, **arguments
            )
        )
        return str(answer["ts"])

    def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message's content."""
        _called(
            lambda: self._client.chat_update(channel=channel, ts=ts, text=message.text, blocks=list(message.blocks))
        )

    def upload(self, channel: str, *, thread_ts: str, name: str, title: str, content: bytes) -> None:
        """Attach a file to a thread (getUploadURLExternal, POST, completeUploadExternal)."""
        _called(
            lambda: self._client.files_upload_v2(
                channel=channel, thread_ts=thread_ts, filename=name, title=title, content=content
            )
        )

    def permalink(self, channel: str, ts: str) -> str | None:
        """A link to a message; None when Slack does not give one."""
        answer = _called(lambda: self._client.chat_getPermalink(channel=channel, message_ts=ts))
        return str(answer["permalink"]) if answer.get("permalink") else None

    def send_directly(self, user: str, message: Message) -> None:
        """Send a direct message."""
        opened = _called(lambda: self._client.conversations_open(users=[user]))
        self.post(str(opened["channel"]["id"]), message)

    def send_ephemeral(self, channel: str, user: str, message: Message) -> None:
        """Show a message to one person in a channel."""
        arguments: dict[str, Any] = {"text": message.text, "blocks": list(message.blocks)}
        _called(lambda: self._client.chat_postEphemeral(channel=channel, user=user, **arguments))

    def is_outsider(self, user: str) -> bool:
        """Whether `user` is a guest, from another workspace, deactivated, a bot, or unknown (read anew every 5 min)."""
        try:
            found = self._cached(f"user {user}", lambda: _called(lambda: self._client.users_info(user=user))["user"])
        except SlackRejectedError:
            return True
        marks = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")
        return any(found.get(mark) for mark in marks) or not self._is_colleague(found)

    def _is_colleague(self, person: Mapping[str, Any]) -> bool:
        """Whether a person belongs to the bot's workspace or, on Enterprise Grid, to its organisation."""
        home = self._cached("home", lambda: _called(self._client.auth_test).data)
        if home.get("enterprise_id"):
            return bool((person.get("enterprise_user") or {}).get("enterprise_id") == home["enterprise_id"])
        return bool(person.get("team_id", home.get("team_id")) == home.get("team_id"))

    def group_members(self, group: str) -> frozenset[str]:
        """The users of a Slack user group; empty when it cannot be read (read anew every 5 min)."""
        try:
            users = self._cached(
                f"group {group}", lambda: _called(lambda: self._client.usergroups_users_list(usergroup=group))["users"]
            )
        except SlackError as error:
            log.warning("a user group cannot be read", extra={"group": group, "cause": type(error).__name__})
            return frozenset()
        return frozenset(str(user) for user in users)

    def _cached(self, key: str, read: Callable[[], Any]) -> Any:
        with self._lock:
            known = self._cache.get(key)
        if known is None or known[0] < time.monotonic():
            known = (time.monotonic() + CACHE_SECONDS, read())
            with self._lock:
                self._cache[key] = known
        return known[1]


class Identity:
    """Who the bot is, for Bolt; learned in the background, so that no listener waits for it."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._known: Mapping[str, Any] = {}
        self._scopes: frozenset[str] = frozenset()

    def learn(self) -> None:
        """Ask Slack; raises `SlackError`."""
        answer = _called(self._client.auth_test)
        self._known = answer.data
        listed = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", "")
        self._scopes = frozenset(scope.strip() for scope in str(listed).split(",") if scope.strip())

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the token, as Slack names them in the header `x-oauth-scopes`."""
        return self._scopes

    @property
    def description(self) -> str:
        """Who the bot is, in words."""
        return f"{self._known.get('user', 'the bot')} in {self._known.get('team', 'a workspace')}"

    def authorize(self) -> AuthorizeResult:
        """The installation that every request belongs to: the bot lives in one workspace."""
        return AuthorizeResult(
            enterprise_id=self._known.get("enterprise_id"),
            team_id=self._known.get("team_id"),
            bot_id=self._known.get("bot_id"),
            bot_user_id=self._known.get("user_id"),
            bot_token=self._client.token,
        )


class PrivateAnswerer:
    """The `PrivateAnswers` port: response URL, else ephemeral, else a direct message; sent in the background."""

    def __init__(self, slack: SlackClient) -> None:
        self._slack = slack
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="answers")

    def send(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        """Answer one person, soon; raises nothing.  A listener is not held up by it."""
        self.run(lambda: self.deliver(to, message, replace=replace))

    def deliver(self, to: ReplyTo, message: Message, *, replace: bool = False) -> None:
        """Answer one person, now; raises `SlackUnavailableError` when that may work later."""
        if to.response_url and _respond(to.response_url, message, replace=replace):
            return
        try:
            self._otherwise(to, message)
        except SlackRejectedError as error:
            log.warning("a person could not be answered", extra={"user": to.user, "code": error.code})

    def run(self, task: Callable[[], None]) -> None:
        """Carry out something else that talks to Slack in the background; its faults are logged."""
        try:
            self._pool.submit(_guarded, task)
        except RuntimeError:  # the process is ending
            log.warning("an answer came too late to be sent")

    def close(self) -> None:
        """Send what is waiting, then no more."""
        self._pool.shutdown(wait=True)

    def _otherwise(self, to: ReplyTo, message: Message) -> None:
        try:
            if to.channel is not None:
                self._slack.send_ephemeral(to.channel, to.user, message)
                return
        except SlackError as error:
            log.info("no ephemeral message", extra={"channel": to.channel, "cause": type(error).__name__})
        self._slack.send_directly(to.user, message)


def connection_opened(client: WebClient) -> str:
    """Ask for a Socket Mode connection with an app-level token, without using it; raises `SlackError`."""
    _called(lambda: client.apps_connections_open(app_token=client.token or ""))
    return "connections can be opened"


def _guarded(task: Callable[[], None]) -> None:
    try:
        task()
    except SlackError as error:
        log.warning("Slack did not do what was asked", extra={"error": str(error)})


def _respond(url: str, message: Message, *, replace: bool) -> bool:
    webhook = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=[])
    try:
        answer = webhook.send(
            text=message.text, blocks=list(message.blocks), response_type="ephemeral", replace_original=replace
        )
    except (SlackClientError, HTTPException, OSError, ValueError) as error:
        log.info("a response URL could not be used", extra={"cause": type(error).__name__})
        return False
    return answer.status_code == 200


def _called(call: Callable[[], Any]) -> Any:
    """The answer of one API call; raises `SlackRejectedError` or `SlackUnavailableError`."""
    try:
        return call()
    except SlackApiError as error:
        raise _refusal(error) from error
    except (SlackClientError, URLError, HTTPException, OSError, ValueError) as error:
        raise SlackUnavailableError("Slack does not answer. The bot tries again by itself.") from error


def _refusal(error: SlackApiError) -> SlackError:
    answer = error.response
    code = str(answer.get("error")) if isinstance(answer.data, dict) else ""
    code = code if _CODE.fullmatch(code) else "unknown"  # a proxy's page may stand there
    if code in _PASSING or getattr(answer, "status_code", 200) >= 429 or code == "unknown":
        return SlackUnavailableError(f"Slack has a problem ({code}). The bot tries again by itself.")
    if code == "missing_scope":
        needed = str(answer.get("needed") or "a scope")
        sentence = (
            f"The Slack app lacks the scope `{needed}`. Add it under OAuth & Permissions, and install the app again."
        )
        return SlackRejectedError(sentence, code=code)
    log.warning(
        "Slack refused a call", extra={"code": code, "detail": str(answer.get("response_metadata") or "")[:500]}
    )
    return SlackRejectedError(
        _SENTENCES.get(code, f"Slack refused a call ({code}). The bot's log says more."), code=code
    )
