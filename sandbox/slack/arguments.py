"""The description of a Web API method, and the arguments of one call, whichever way they were encoded."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.slack.answers import SlackError, invalid_arguments
from sandbox.slack.backend import Backend
from sandbox.slack.records import Json

T = TypeVar("T")

PAGE = ("cursor", "limit")

_TRUE = (True, "true", "True", "1", 1)


class Arguments:
    """Named values; a form has strings only, a JSON body has types."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values: Json = {key: value for key, value in values.items() if value is not None}

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def check(self, required: Collection[str], optional: Collection[str]) -> None:
        """Refuse missing arguments, and (stricter than Slack) unknown ones: they are misspellings."""
        missing = [
            f"[ERROR] missing required field: {name}" for name in required if self.values.get(name) in (None, "")
        ]
        known = {"token", "team_id", *required, *optional}
        unknown = [f"[ERROR] unknown argument: {name}" for name in self.values if name not in known]
        if missing or unknown:
            raise invalid_arguments(*missing, *unknown)

    def text(self, name: str) -> str:
        """A string; empty if it was not given."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise invalid_arguments(f"[ERROR] must provide a string [json-pointer:/{name}]")
        return value

    def flag(self, name: str) -> bool:
        """True or false, in any of Slack's spellings."""
        return self.values.get(name) in _TRUE

    def number(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self.values.get(name, default))
        except (TypeError, ValueError) as error:
            raise invalid_arguments(f"[ERROR] must provide a number [json-pointer:/{name}]") from error

    def parsed(self, name: str, *, error: str) -> Any:
        """A structure: itself in a JSON body, JSON text in a form; `error` is the code when it is neither."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except json.JSONDecodeError as cause:
            raise SlackError(error) from cause

    def page_of(self, items: Sequence[T], *, default: int) -> tuple[Sequence[T], Json]:
        """The page asked for, and the `response_metadata` with the next cursor (empty at the end)."""
        limit, cursor = self.number("limit", default), self.text("cursor")
        if not 0 <= limit <= 1000:
            raise SlackError("invalid_limit")
        try:
            start = int(cursor.removeprefix("next-")) if cursor else 0
        except ValueError as error:
            raise SlackError("invalid_cursor") from error
        end = start + (limit or default)
        return items[start:end], {"next_cursor": f"next-{end}" if end < len(items) else ""}


@dataclass(frozen=True, slots=True)
class Method:
    """One method: what it does, what it must and may be given, and who may call it.

    `token` is `bot` or `app`.  Methods that take no JSON see nothing in a JSON body, as with Slack.
    """

    name: str
    run: Callable[[Backend, Arguments], Json]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    scope: str | None = None
    takes_json: bool = True
    token: str = "bot"
