"""Faults: the ways in which a request can go wrong.  Values only; `fault_play` plays them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with this status, nothing applied; without a body, the one that belongs to it."""

    code: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Error:
    """Let Slack answer 200 with this error code; nothing is applied."""

    code: str


@dataclass(frozen=True, slots=True)
class RateLimited:
    """Let Slack answer 429 with `Retry-After`; nothing is applied."""

    retry_after: int = 1


@dataclass(frozen=True, slots=True)
class Delay:
    """Apply and answer as always, but only after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Garbage:
    """Answer 200 with an HTML page, nothing applied."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Close the connection without an answer, nothing applied."""


@dataclass(frozen=True, slots=True)
class AppliedThenReset:
    """Apply the request, then close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class AppliedLate:
    """Answer `status` now and apply the request `after_seconds` later."""

    after_seconds: float
    status: int = 504


@dataclass(frozen=True, slots=True)
class AppliedThenStatus:
    """Apply the request, then answer with this status."""

    code: int


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing for so long, then close the connection; nothing is applied unless `applied`."""

    seconds: float
    applied: bool = False


@dataclass(frozen=True, slots=True)
class SlowBody:
    """Answer, but let the body take so long, in pieces."""

    seconds: float
    pieces: int = 10


@dataclass(frozen=True, slots=True)
class CutBody:
    """Apply and answer, but close the connection in the middle of the body."""


@dataclass(frozen=True, slots=True)
class RedirectToStorage:
    """Answer 303 to a signed address that refuses an Authorization header; the body there is gzip without saying so."""

    gzip_unmarked: bool = True


@dataclass(frozen=True, slots=True)
class ShortPage:
    """Answer a query with fewer rows than asked for, and a cursor."""

    rows: int


@dataclass(frozen=True, slots=True)
class RepeatedCursor:
    """Answer a query that has a cursor with the same cursor; other queries are not concerned."""


@dataclass(frozen=True, slots=True)
class WrongCount:
    """Apply an insert, and answer one row id too few."""


@dataclass(frozen=True, slots=True)
class Oversized:
    """Answer as usual, in a body of at least so many bytes."""

    size_bytes: int


Fault: TypeAlias = (
    Status
    | Error
    | RateLimited
    | Delay
    | Garbage
    | Reset
    | AppliedThenReset
    | AppliedLate
    | AppliedThenStatus
    | Hang
    | SlowBody
    | CutBody
    | RedirectToStorage
    | ShortPage
    | RepeatedCursor
    | WrongCount
    | Oversized
)
