"""A request as the stand-ins see it, and an answer.  No HTTP library here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Kind: TypeAlias = str  # Braintrust's endpoints, Slack's methods


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read whole.  `text` is the query for /btql, else the body; `arguments` are those of Slack's API."""

    kind: Kind
    method: str
    path: str
    body: bytes = b""
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    max_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a payload: JSON, or a text or bytes as they are; `row_ids` are those that were written."""

    payload: dict[str, Any] | list[Any] | str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    row_ids: tuple[str, ...] = ()


Work: TypeAlias = Callable[[Asked], Answer]


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer
