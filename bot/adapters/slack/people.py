"""The people and user groups of a Slack workspace."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from slack_sdk import WebClient

from bot.adapters.slack.directory import NOBODY
from bot.adapters.slack.errors import answered, called, missing_scope, unusable
from bot.domain.people import Person
from bot.errors import SlackRejectedError

PAGE_SIZE = 1000
MAX_PAGES = 200
MAX_LENGTH = 255
EMAIL_SCOPE = "users:read.email"

_NO_SUCH_EMAIL = "users_not_found"
_SLACKBOT = "USLACKBOT"  # Slack does not call it a bot
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{1,30}")


class SlackPeople:
    """The `People` port on the Web API."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def people(self) -> tuple[Person, ...]:
        found: dict[str, Person] = {}
        cursor, seen = "", set[str]()
        for _ in range(MAX_PAGES):
            entries, cursor = self._page(cursor)
            found |= {person.id: person for person in _people(entries)}
            if not cursor:
                return tuple(found.values())
            if cursor in seen:
                raise unusable("a list of people that repeats a page")
            seen.add(cursor)
        raise unusable("a list of people that does not end")

    def person(self, user: str) -> Person | None:
        return _one(lambda: self._client.users_info(user=user))

    def by_email(self, email: str) -> Person | None:
        return _one(lambda: self._client.users_lookupByEmail(email=email))

    def members_of(self, group: str) -> tuple[str, ...]:
        users = answered(lambda: self._client.usergroups_users_list(usergroup=group), "users", list)
        return tuple(dict.fromkeys(user for user in users if _is_person_id(user)))

    def _page(self, cursor: str) -> tuple[list[Any], str]:
        answer = called(lambda: self._client.users_list(limit=PAGE_SIZE, cursor=cursor or None))
        if not _may_see_emails(answer.headers):
            raise missing_scope(EMAIL_SCOPE)
        found = _object(answer)
        entries, metadata = found.get("members"), found.get("response_metadata")
        if not isinstance(entries, list):
            raise unusable("a list of people without people")
        following = metadata.get("next_cursor") if isinstance(metadata, Mapping) else None
        return entries, following if isinstance(following, str) else ""


def _one(call: Callable[[], Any]) -> Person | None:
    try:
        found = answered(call, "user", dict)
    except SlackRejectedError as error:
        if error.code in NOBODY or error.code == _NO_SUCH_EMAIL:
            return None
        raise
    return next(iter(_people([found])), None)


def _may_see_emails(headers: Mapping[str, Any]) -> bool:
    """Whether the app was granted that scope; Slack leaves the e-mails out without a word where it was not."""
    granted = {name.lower(): str(value) for name, value in headers.items()}.get("x-oauth-scopes")
    return granted is None or EMAIL_SCOPE in {scope.strip() for scope in granted.split(",")}


def _object(answer: Any) -> Mapping[str, Any]:
    return answer.data if isinstance(answer.data, Mapping) else {}


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
