"""Calls of Slack's Web API; its refusals, as errors whose sentences say what to do."""

import logging
import re
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.proxy_env_variable_loader import load_http_proxy_from_env

from bot.adapters.obstacles import Culprit, obstacle
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.metrics import SLACK_REQUESTS

log = logging.getLogger(__name__)

MOST_RETRY_AFTER = 3600.0
MAX_PAGES = 200
_T = TypeVar("_T")

_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_SCOPES = re.compile(r"[a-z][a-z_.:,]{1,100}")
_CODE = re.compile(r"[a-z][a-z_]{1,60}")
_WAY = "SLACK_API_URL, if it is set, and the network"
INVITE = (
    "The bot is not in this channel, and cannot join it by itself. "
    "Type `/invite @assign-reviews` there, then try again."
)
_SENTENCES = {
    "message_not_found": "Somebody deleted its message.",
    "not_in_channel": INVITE,
    "channel_not_found": INVITE,
    "method_not_supported_for_channel_type": INVITE,
    "is_archived": "The channel is archived. Unarchive it, or use another one.",
    "restricted_action": "The workspace does not let the bot post in the channel. Ask an admin, or use another one.",
    "invalid_auth": "Slack does not accept the bot's token. Check SLACK_BOT_TOKEN.",
    "not_authed": "Slack does not accept the bot's token. Check SLACK_BOT_TOKEN.",
    "account_inactive": "The bot was removed from the workspace. Install it again, and set the new SLACK_BOT_TOKEN.",
    "token_revoked": "The bot's token was revoked. Install it again, and set the new SLACK_BOT_TOKEN.",
}


def called(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer of one API call; raises `SlackRejectedError` or `SlackUnavailableError`.

    What the SDK raises repeats what answered, which need not be Slack: it reaches no log as their cause.
    """
    outcome = "unanswered"
    try:
        answer = call(**arguments)
        outcome = "ok"
    except SlackApiError as error:
        outcome = "refused"
        raise _refusal(error) from None
    except SlackRequestError as error:
        raise SlackUnavailableError(_unreached(error)) from None
    except (SlackClientError, URLError, HTTPException, OSError, ValueError, AttributeError, RecursionError) as error:
        # The last two: the SDK takes for granted that an answer is an object, and not too deep.
        raise SlackUnavailableError(_unreached(error)) from error
    finally:
        SLACK_REQUESTS.labels(method=call.__name__.replace("_", "."), outcome=outcome).inc()
    return answer


def answered(call: Callable[..., Any], part: str, kind: type[_T], **arguments: Any) -> _T:
    """One part of the answer of an API call; raises like `called`, also where the answer lacks it."""
    return _part(called(call, **arguments), part, kind)


def pages(call: Callable[..., Any], part: str, **arguments: Any) -> Iterator[tuple[list[Any], Any]]:
    """The answers of a listing, each with its list; raises like `called`, also where it does not end."""
    cursor, seen = "", set[str]()
    while len(seen) < MAX_PAGES:
        answer = called(call, cursor=cursor or None, **arguments)
        yield _part(answer, part, list), answer
        metadata = answer.get("response_metadata")
        cursor = str(metadata.get("next_cursor") or "") if isinstance(metadata, dict) else ""
        if not cursor:
            return
        if cursor in seen:
            raise unusable(f"a list of {part} that repeats a page")
        seen.add(cursor)
    raise unusable(f"a list of {part} that does not end")


def granted_scopes(answer: Any) -> frozenset[str] | None:
    """The scopes that the token has; None where Slack does not say."""
    listed = _header(answer, "x-oauth-scopes")
    return None if listed is None else frozenset(filter(None, map(str.strip, listed.split(","))))


def missing_scope(scope: str) -> SlackRejectedError:
    """The refusal of what needs a scope that the app was not granted; what is no scope is not repeated."""
    lacks = f"the scope `{scope}`" if _SCOPES.fullmatch(scope) else "a scope"
    return SlackRejectedError(
        f"The Slack app lacks {lacks}. Add it under OAuth & Permissions, and install the app again.",
        code="missing_scope",
    )


def unusable(what: str) -> SlackUnavailableError:
    """Slack answered something that nobody can use."""
    return SlackUnavailableError(f"Slack sent an answer that cannot be used ({what}). Try again later.")


def _unreached(error: Exception) -> str:
    found = obstacle(error)
    if found is None:
        return "Slack does not answer. Try again later."
    if load_http_proxy_from_env() and found.culprit in (Culprit.ADDRESS, Culprit.PROXY):
        return f"Slack cannot be reached through the proxy: {found.what}. Check HTTPS_PROXY."
    where = {Culprit.ADDRESS: _WAY, Culprit.AUTHORITIES: "SSL_CERT_FILE", Culprit.PROXY: "HTTPS_PROXY"}
    return f"Slack cannot be reached: {found.what}. Check {where.get(found.culprit, 'the network')}."


def _refusal(error: SlackApiError) -> SlackError:
    answer = error.response
    code = str(answer.get("error")) if isinstance(answer.data, dict) else ""
    status = getattr(answer, "status_code", 200)
    is_slack = bool(_CODE.fullmatch(code))  # or a proxy's page, or whatever else lives at the address
    if code in _PASSING or status >= 429:
        what = code if is_slack else f"status {status}"
        return SlackUnavailableError(
            f"Slack has a problem ({what}). Try again later.", retry_after_seconds=_retry_after(answer)
        )
    if not is_slack:
        return SlackUnavailableError(
            f"Slack cannot be reached: something else answers in its place (status {status}). Check {_WAY}."
        )
    if code == "missing_scope":
        return missing_scope(str(answer.get("needed")))
    log.warning(
        "Slack refused a call", extra={"code": code, "detail": str(answer.get("response_metadata") or "")[:500]}
    )
    return SlackRejectedError(
        _SENTENCES.get(code, f"Slack refused a call ({code}). The bot's log says more."), code=code
    )


def _retry_after(answer: Any) -> float | None:
    """How long Slack asks to wait, in seconds; None where it does not say."""
    said = _header(answer, "retry-after") or ""
    return min(float(said[:9]), MOST_RETRY_AFTER) if said.isascii() and said.isdigit() else None


def _header(answer: Any, wanted: str) -> str | None:
    headers = getattr(answer, "headers", None) or {}
    return next((str(value) for name, value in headers.items() if name.lower() == wanted), None)


def _part(answer: Any, part: str, kind: type[_T]) -> _T:
    found = answer.data.get(part) if isinstance(answer.data, dict) else None
    if not isinstance(found, kind):
        raise unusable(f"no {part}")
    return found
