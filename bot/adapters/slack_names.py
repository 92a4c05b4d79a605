"""The ids behind names in Slack: for those who write a name where an id is needed."""

from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient

from bot.adapters.slack_errors import answered, called

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
