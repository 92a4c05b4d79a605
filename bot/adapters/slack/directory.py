"""Slack's directory, as far as permissions and names go: colleagues, user groups, channels."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from slack_sdk import WebClient

from bot.adapters.slack.errors import answered, called, unusable
from bot.errors import SlackRejectedError, SlackUnavailableError

log = logging.getLogger(__name__)

MEMBERS_PER_PAGE, MAX_MEMBER_PAGES = 1000, 100
CACHE_SECONDS = 300.0
NOBODY = frozenset({"user_not_found", "user_not_visible"})
"""The refusals that say there is no such person; every other one says that the bot cannot know."""
LIMITED = "Slack asks the bot to wait."
_NO_GROUP = "no_such_subteam"
_OUTSIDE = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")


class SlackDirectory:
    """The `Directory` port on the Web API."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._cache: dict[str, tuple[float, Any]] = {}
        self._limited: dict[str, float] = {}  # until when Slack wants not to be asked, by the kind of question
        self._lock = threading.Lock()

    def is_outsider(self, user: str) -> bool:
        person = self._person(user)
        return person is None or any(person.get(mark) for mark in _OUTSIDE) or not self._is_colleague(person)

    def group_members(self, group: str) -> frozenset[str]:
        users: frozenset[str] = self._cached(f"group {group}", lambda: self._members(group))
        return users

    def time_zone(self, user: str) -> str | None:
        name = (self._person(user) or {}).get("tz")
        return str(name) if name else None

    def is_member(self, user: str, channel: str) -> bool:
        return bool(self._cached(f"member {user} {channel}", lambda: self._is_listed(user, channel)))

    def _is_listed(self, user: str, channel: str) -> bool:
        cursor = ""
        for _ in range(MAX_MEMBER_PAGES):
            page = partial(self._client.conversations_members, channel=channel, limit=MEMBERS_PER_PAGE, cursor=cursor)
            answer = called(page)
            members = answer.get("members")
            if not isinstance(members, list):
                raise unusable("no members")
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if user in members or not cursor:
                return user in members
        raise unusable("a list of members that does not end")

    def _members(self, group: str) -> frozenset[str]:
        try:
            users = answered(lambda: self._client.usergroups_users_list(usergroup=group), "users", list)
        except SlackRejectedError as error:
            if error.code != _NO_GROUP:
                raise
            log.warning("Slack has no such user group, or it is disabled", extra={"group": group})
            return frozenset()
        return frozenset(map(str, users))

    def _person(self, user: str) -> Mapping[str, Any] | None:
        def read() -> Any:
            try:
                return answered(lambda: self._client.users_info(user=user), "user", dict)
            except SlackRejectedError as error:
                if error.code in NOBODY:
                    return None
                raise

        found: Mapping[str, Any] | None = self._cached(f"user {user}", read)
        return found

    def _is_colleague(self, person: Mapping[str, Any]) -> bool:
        """Whether a person belongs to the bot's workspace or, on Enterprise Grid, to its organisation."""
        home = self._cached("home", lambda: called(self._client.auth_test).data)
        if home.get("enterprise_id"):
            return bool((person.get("enterprise_user") or {}).get("enterprise_id") == home["enterprise_id"])
        return bool(person.get("team_id", home.get("team_id")) == home.get("team_id"))

    def _cached(self, key: str, read: Callable[[], Any]) -> Any:
        with self._lock:
            known = self._cache.get(key)
        if known is None or known[0] < time.monotonic():
            known = (time.monotonic() + CACHE_SECONDS, self._read(key.partition(" ")[0], read))
            with self._lock:
                self._cache[key] = known
        return known[1]

    def _read(self, kind: str, read: Callable[[], Any]) -> Any:
        """What `read` returns; while Slack wants not to be asked, it is not."""
        rest = self._limited.get(kind, 0.0) - time.monotonic()
        if rest > 0:
            raise SlackUnavailableError(LIMITED, retry_after_seconds=rest)
        try:
            return read()
        except SlackUnavailableError as error:
            self._limited[kind] = time.monotonic() + (error.retry_after_seconds or 0.0)
            raise


PAGE_SIZE = 1000
MAX_PAGES = 20


class SlackNames:
    """Names of one workspace, in small letters, with the ids behind them."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def channels(self) -> Mapping[str, str]:
        """Channels that the bot sees and that are not archived; raises `SlackError`."""
        found: dict[str, str] = {}
        cursor = ""
        for _ in range(MAX_PAGES):
            page = self._page(cursor)
            found |= _ids(page.get("channels"), "name")
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        return found

    def groups(self) -> Mapping[str, str]:
        """User groups by their handle; raises `SlackError`."""
        return _ids(answered(self._client.usergroups_list, "usergroups", list), "handle")

    def _page(self, cursor: str) -> Mapping[str, Any]:
        kinds = "public_channel,private_channel"
        answer = called(
            lambda: self._client.conversations_list(
                types=kinds, exclude_archived=True, limit=PAGE_SIZE, cursor=cursor or None
            )
        )
        return answer.data if isinstance(answer.data, dict) else {}


def _ids(entries: object, key: str) -> dict[str, str]:
    listed = entries if isinstance(entries, list) else []
    return {
        str(one[key]).lower(): str(one["id"]) for one in listed if isinstance(one, dict) and {key, "id"} <= one.keys()
    }
