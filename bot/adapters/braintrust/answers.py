"""Braintrust's answers, read strictly: users, groups, projects, the result of a write; refusals, as errors."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from bot.adapters.http import Answer, retry_after_seconds
from bot.adapters.obstacles import Culprit, obstacle
from bot.domain.people import Group, User, unlisted_name
from bot.domain.writing import Outcome, WriteResult
from bot.errors import (
    BraintrustError,
    BraintrustRejectedError,
    BraintrustUnavailableError,
    NoAccessError,
    QueryRefusedError,
    RateLimitedError,
    UnreachedError,
)

MIN_SIZE_BYTES, ENTRY_SIZE_BYTES = 1024 * 1024, 4096
MIN_VALUES, ENTRY_VALUES = 10_000, 200
TOO_MUCH = (
    "Braintrust's answer is larger than anything that was asked for, so it was not read. Set a smaller PAGE_SIZE; "
    "if that does not help, check BRAINTRUST_API_URL."
)
MAX_NAME_LENGTH = 255
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MAX_COUNT = 2**53  # beyond it, numbers in JSON are not exact
_REFUSALS = frozenset({400, 401, 403, 404, 421})  # nothing was done before these were answered

log = logging.getLogger(__name__)

ADDRESS = "BRAINTRUST_API_URL"
EXCERPT_LENGTH = 300
READ_LENGTH = 4_000  # what is searched for names; more would only cost time
_ABOUT_THE_QUERY = frozenset({400, 413})
_PASSING = frozenset({408, 425})  # with 5xx: trying again may help
_TAG = re.compile(r"\[(?!request_id=)\w+=[^\]]*\]")
_EMAIL = re.compile(r"[^\s@\"'<>\[\]=]+@[^\s@\"'<>\[\]]+")
_ORGANISATION = re.compile(r"(organi[sz]ation) \"[^\"]*\"", re.IGNORECASE)
_DATA_PLANE = re.compile(r"https://[a-z0-9.-]+\.braintrust\.dev\b")
_TLS_WANTED = re.compile(rb"HTTP request[^<]{0,40} HTTPS (?:port|server)")  # as nginx and Go say it
_ADDRESS = re.compile(r"https?://[\w.-]+(?::\d+)?(?:/[\w./-]*)?")
_MOVED = frozenset({301, 308})
_SETTINGS = {401: "BRAINTRUST_API_KEY", 407: "HTTP_PROXY", 421: "BRAINTRUST_API_URL"}
_SENTENCES = {
    400: "Braintrust refused the request (400): the project does not exist, the key may not read it, or the query is "
    "not understood. Check BRAINTRUST_PROJECT_ID and the key's permissions; the bot's log has the details.",
    401: "Braintrust does not accept the API key (401). Check BRAINTRUST_API_KEY: it may be wrong or expired.",
    403: "The API key may not do this in the project (403). Give its owner read and update access to the project's "
    "logs, or check BRAINTRUST_PROJECT_ID.",
    404: "Braintrust does not know the project (404). Check BRAINTRUST_PROJECT_ID and BRAINTRUST_API_URL.",
    407: "The proxy does not accept its user and password (407). Check HTTP_PROXY.",
    413: "The request is too large for Braintrust (413). Set a smaller PAGE_SIZE.",
    421: "The organisation lives on another data plane (421). Set BRAINTRUST_API_URL to {data_plane}.",
}


def read_error(answer: Answer) -> BraintrustError:
    """The error that a reading's answer stands for."""
    log.warning("Braintrust refused a reading", extra={"status": answer.status, "answer": stripped(answer.body)})
    if answer.status == 429:
        return RateLimitedError(retry_after_seconds(answer.headers))
    if answer.status >= 500 or answer.status in _PASSING:
        return BraintrustUnavailableError(f"Braintrust has a problem ({answer.status}). Try again later.")
    if answer.status == 400 and _TLS_WANTED.search(answer.body[:READ_LENGTH]):
        return NoAccessError("Braintrust is spoken to by https:// there. Check BRAINTRUST_API_URL.", setting=ADDRESS)
    if answer.status in _SETTINGS:
        return NoAccessError(refusal(answer), setting=_SETTINGS[answer.status], status=answer.status)
    rejected = QueryRefusedError if answer.status in _ABOUT_THE_QUERY else BraintrustRejectedError
    return rejected(refusal(answer), status=answer.status)


def moved(answer: Answer, *, path: str) -> NoAccessError | None:
    """The error of a redirect that says that the whole API is elsewhere; None for any other answer."""
    address = answer.headers.get("Location", "").partition("?")[0]
    base = address.removesuffix(path.partition("?")[0])
    if not 300 <= answer.status < 400 or (base == address and answer.status not in _MOVED):
        return None
    is_told = base != address and _ADDRESS.fullmatch(base)
    advice = f"Set BRAINTRUST_API_URL to {base}" if is_told else "Check BRAINTRUST_API_URL"
    sentence = f"Braintrust's API is not at this address any more ({answer.status}). {advice}."
    return NoAccessError(sentence, setting=ADDRESS)


def unreached(error: Exception, *, url: str) -> BraintrustUnavailableError:
    """The error of an exchange that brought no answer from `url`."""
    found = obstacle(error)
    if found is None:
        sentence = "Braintrust does not answer. Check BRAINTRUST_API_URL and the network, or try again later."
        return UnreachedError(sentence, setting=ADDRESS)
    proxy = f"{urlsplit(url).scheme.upper()}_PROXY"
    settings = {Culprit.ADDRESS: ADDRESS, Culprit.PROXY: proxy, Culprit.AUTHORITIES: "REQUESTS_CA_BUNDLE"}
    setting = settings.get(found.culprit)
    sentence = f"Braintrust cannot be reached at {url}: {found.what}. Check {setting or 'this machine'}."
    return UnreachedError(sentence, setting=setting)


def refusal(answer: Answer) -> str:
    """The sentence for a refusal that repeating does not change."""
    unforeseen = f"Braintrust refused the request ({answer.status}). The bot's log says why."
    sentence = _SENTENCES.get(answer.status, unforeseen)
    named = _DATA_PLANE.search(answer.body.decode(errors="replace"))
    return sentence.format(data_plane=named[0] if named else "your organisation's API address")


def stripped(body: bytes) -> str:
    """A short excerpt of an error's body, without e-mails and organisation, fit for a log."""
    text = body.decode(errors="replace")
    try:
        found = json.loads(text)
        text = str(found.get("Message") or found.get("message") or text) if isinstance(found, dict) else text
    except (ValueError, RecursionError):
        pass  # most errors are plain text
    text = text[:READ_LENGTH]
    text = _ORGANISATION.sub(r"\1 …", _EMAIL.sub("…", _TAG.sub("", text)))
    return " ".join(text.split())[:EXCERPT_LENGTH]


def size_of(entries: int) -> int:
    """How many bytes an answer of so many entries may have."""
    return MIN_SIZE_BYTES + entries * ENTRY_SIZE_BYTES


def object_in(answer: Answer, *, entries: int) -> Mapping[str, Any]:
    """The object in an answer that may have so many entries; small values in large numbers are refused unparsed."""
    if sum(answer.body.count(mark) for mark in (b"{", b"[", b",")) > MIN_VALUES + entries * ENTRY_VALUES:
        raise BraintrustRejectedError(TOO_MUCH)
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise unusable("no JSON") from error
    if not isinstance(found, Mapping):
        raise unusable("JSON of another form")
    return found


def count_of(value: object) -> int:
    """A count, which may come as text; raises `BraintrustUnavailableError` for anything else, or above 2^53."""
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,16}", text) or int(text) > MAX_COUNT:
        raise unusable("a count that is none")
    return int(text)


def unusable(what: str) -> BraintrustUnavailableError:
    """The error for an answer that is not what it should be."""
    return BraintrustUnavailableError(f"Braintrust sent an answer that cannot be used ({what}). Try again later.")


def write_result(answer: Answer, row_ids: Sequence[str]) -> WriteResult:
    """The result of a write of these rows."""
    if answer.status == 200:
        return _acknowledgement(answer, row_ids)
    log.warning("Braintrust refused a write", extra={"status": answer.status, "answer": stripped(answer.body)})
    if answer.status == 413:
        return WriteResult(Outcome.TOO_LARGE)
    if answer.status == 429:
        return WriteResult(Outcome.RATE_LIMITED, retry_after_seconds=retry_after_seconds(answer.headers))
    if answer.status in _REFUSALS:
        return WriteResult(Outcome.REFUSED, refusal(answer))
    return WriteResult(Outcome.UNKNOWN, f"Braintrust answered {answer.status}")


def _acknowledgement(answer: Answer, row_ids: Sequence[str]) -> WriteResult:
    """Only the ids that were sent, each once, acknowledge a write; their order is not relied on."""
    try:
        acknowledged = object_in(answer, entries=len(row_ids)).get("row_ids")
    except BraintrustError:
        return WriteResult(Outcome.UNKNOWN, "Braintrust's answer could not be read")
    if not isinstance(acknowledged, list) or len(acknowledged) != len(row_ids):
        return WriteResult(Outcome.UNKNOWN, "Braintrust acknowledged another number of rows")
    if not all(isinstance(row_id, str) for row_id in acknowledged) or set(acknowledged) != set(row_ids):
        return WriteResult(Outcome.UNKNOWN, "Braintrust acknowledged other rows than were sent")
    return WriteResult(Outcome.ACKNOWLEDGED)


def project(entry: Mapping[str, Any]) -> tuple[str, str | None]:
    """A project's name, and the id of its organisation where Braintrust says so; it may have no name for us."""
    organisation_id = entry.get("org_id")
    return _fit(str(entry.get("name") or entry.get("id"))), organisation_id if _is_id(organisation_id) else None


def identified(entries: list[Any]) -> list[Mapping[str, Any]]:
    """The entries that are something with an id."""
    return [entry for entry in entries if isinstance(entry, Mapping) and _is_id(entry.get("id"))]


def user(entry: Mapping[str, Any]) -> User:
    """A user; names and an e-mail may be missing."""
    name = " ".join(str(entry[key]).strip() for key in ("given_name", "family_name") if entry.get(key))
    email = entry.get("email")
    user_id = str(entry["id"])
    return User(user_id, _fit(name) or unlisted_name(user_id), _fit(email) if isinstance(email, str) else None)


def group(entry: Mapping[str, Any]) -> Group:
    """A group; one without a name can still be within another one."""
    name = entry.get("name")
    return Group(
        id=str(entry["id"]),
        name=_fit(name) if isinstance(name, str) else "",
        user_ids=_ids(entry.get("member_users")),
        group_ids=_ids(entry.get("member_groups")),
    )


def _fit(name: str) -> str:
    return name[:MAX_NAME_LENGTH].encode(errors="replace").decode()  # a lone surrogate could not be sent to anybody


def _ids(members: object) -> tuple[str, ...]:
    return tuple(member for member in members if _is_id(member)) if isinstance(members, list) else ()


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _ID.fullmatch(value) is not None
