"""Slack's directory: the people and user groups of a workspace, its channels, and who is a colleague."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar, cast

from slack_sdk import WebClient

from bot.adapters.slack.calls import answered, called, granted_scopes, missing_scope, pages
from bot.domain.people import Person
from bot.errors import SlackRejectedError, SlackUnavailableError

log = logging.getLogger(__name__)

_T = TypeVar("_T")

PAGE_SIZE = 1000
MAX_CHANNEL_PAGES = 20
MAX_LENGTH = 255
CACHE_SECONDS = 300.0
LIMITED = "Slack asks the bot to wait."
EMAIL_SCOPE = "users:read.email"
NO_GROUP = "no_such_subteam"
_NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
"""The refusals that say there is no such person; every other one says that the bot cannot know."""
_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")
_IN_CHARGE = ("is_admin", "is_owner", "is_primary_owner")
_SLACKBOT = "USLACKBOT"  # Slack does not call it a bot
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{1,30}")


class SlackDirectory:
    """The `Directory` port on the Web API; what was answered counts for a while."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._cache: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._limited: dict[str, float] = {}  # until when Slack wants not to be asked, by the kind of question
        self._lock = threading.Lock()

    def is_outsider(self, user: str) -> bool:
        person = self._person(user)
        return person is None or any(person.get(mark) for mark in _OUTSIDE) or not self._is_colleague(person)

    def is_admin(self, user: str) -> bool:
        person = self._person(user) or {}
        return any(person.get(mark) for mark in _IN_CHARGE) and not self.is_outsider(user)

    def group_members(self, group: str) -> frozenset[str]:
        def read() -> frozenset[str]:
            try:
                users = answered(self._client.usergroups_users_list, "users", list, usergroup=group)
            except SlackRejectedError as error:
                if error.code != NO_GROUP:
                    raise
                log.warning("Slack has no such user group, or it is disabled", extra={"group": group})
                return frozenset()
            return frozenset(map(str, users))

        return self._cached(read, "group", group)

    def time_zone(self, user: str) -> str | None:
        name = (self._person(user) or {}).get("tz")
        return str(name) if name else None

    def is_member(self, user: str, channel: str) -> bool:
        def read() -> bool:
            listing = pages(self._client.conversations_members, "members", channel=channel, limit=PAGE_SIZE)
            return any(user in members for members, _ in listing)

        return self._cached(read, "member", user, channel)

    def _person(self, user: str) -> Mapping[str, Any] | None:
        return self._cached(lambda: _found(self._client.users_info, user=user), "user", user)

    def _is_colleague(self, person: Mapping[str, Any]) -> bool:
        """Whether a person belongs to the bot's workspace or, on Enterprise Grid, to its organisation."""
        home = self._cached(lambda: called(self._client.auth_test).data, "home")
        if home.get("enterprise_id"):
            return bool((person.get("enterprise_user") or {}).get("enterprise_id") == home["enterprise_id"])
        return bool(person.get("team_id", home.get("team_id")) == home.get("team_id"))

    def _cached(self, read: Callable[[], _T], *question: str) -> _T:
        """What `read` returns, or returned lately; while Slack wants not to be asked, it is not."""
        with self._lock:
            until, known = self._cache.get(question, (float("-inf"), None))
        if until >= time.monotonic():
            return cast("_T", known)
        kind = question[0]
        rest = self._limited.get(kind, 0.0) - time.monotonic()
        if rest > 0:
            raise SlackUnavailableError(LIMITED, retry_after_seconds=rest)
        try:
            answer = read()
        except SlackUnavailableError as error:
            self._limited[kind] = time.monotonic() + (error.retry_after_seconds or 0.0)
            raise
        with self._lock:
            self._cache[question] = (time.monotonic() + CACHE_SECONDS, answer)
        return answer


class SlackPeople:
    """The `People` port on the Web API."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def people(self) -> tuple[Person, ...]:
        found: dict[str, Person] = {}
        for entries, answer in pages(self._client.users_list, "members", limit=PAGE_SIZE):
            scopes = granted_scopes(answer)
            if scopes is not None and EMAIL_SCOPE not in scopes:  # Slack leaves the e-mails out without a word
                raise missing_scope(EMAIL_SCOPE)
            found |= {person.id: person for person in _people(entries)}
        return tuple(found.values())

    def person(self, user: str) -> Person | None:
        return next(iter(_people([_found(self._client.users_info, user=user)])), None)

    def by_email(self, email: str) -> Person | None:
        return next(iter(_people([_found(self._client.users_lookupByEmail, email=email)])), None)

    def members_of(self, group: str) -> tuple[str, ...]:
        users = answered(self._client.usergroups_users_list, "users", list, usergroup=group)
        return tuple(dict.fromkeys(user for user in users if _is_person_id(user)))


def channel_ids(client: WebClient) -> Mapping[str, str]:
    """The channels that the bot sees and that are not archived, by their names; raises `SlackError`."""
    kinds = "public_channel,private_channel"
    listing = pages(client.conversations_list, "channels", types=kinds, exclude_archived=True, limit=PAGE_SIZE)
    return {name: one for page, _ in islice(listing, MAX_CHANNEL_PAGES) for name, one in _ids(page, "name").items()}


def group_ids(client: WebClient) -> Mapping[str, str]:
    """User groups by their handles; raises `SlackError`."""
    return _ids(answered(client.usergroups_list, "usergroups", list), "handle")


def _ids(entries: list[Any], key: str) -> dict[str, str]:
    """Ids by names, in small letters."""
    named = [entry for entry in entries if isinstance(entry, dict) and {key, "id"} <= entry.keys()]
    return {str(entry[key]).lower(): str(entry["id"]) for entry in named}


def _found(call: Callable[..., Any], **arguments: str) -> dict[str, Any] | None:
    """A person as Slack has them; None where it has nobody of the kind."""
    try:
        return answered(call, "user", dict, **arguments)
    except SlackRejectedError as error:
        if error.code in _NOBODY:
            return None
        raise


def _people(entries: Iterable[Any]) -> list[Person]:
    return [_person(entry) for entry in entries if isinstance(entry, Mapping) and _is_person_id(entry.get("id"))]


def _person(entry: Mapping[str, Any]) -> Person:
    profile = entry.get("profile")
    profile = profile if isinstance(profile, Mapping) else {}
    person_id = str(entry["id"])
    names = (profile.get("display_name"), profile.get("real_name"), entry.get("real_name"), entry.get("name"))
    return Person(
        id=person_id,
        name=next(filter(None, map(_shown_name, names)), person_id),
        email=_text(profile.get("email")) or None,
        deactivated=bool(entry.get("deleted")),
        is_bot=bool(entry.get("is_bot")) or person_id == _SLACKBOT,
        status_emoji=_text(profile.get("status_emoji")),
        status_text=_text(profile.get("status_text")),
        status_until=_instant(profile.get("status_expiration")),
        time_zone=_text(entry.get("tz")) or "UTC",
    )


def _is_person_id(value: object) -> bool:
    return isinstance(value, str) and _PERSON_ID.fullmatch(value) is not None


def _shown_name(value: object) -> str:
    """A name that may be shown: none that is an e-mail."""
    name = " ".join(_text(value).split())
    return "" if "@" in name else name


def _text(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text[:MAX_LENGTH].encode(errors="replace").decode().strip()  # a lone surrogate could not be sent to anybody


def _instant(value: object) -> datetime | None:
    """The instant of a number of seconds; Slack writes 0 where there is none."""
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and value > 0 else None
    except (OverflowError, ValueError, OSError):
        return None
