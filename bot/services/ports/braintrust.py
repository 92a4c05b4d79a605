"""The port to Braintrust's API."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.people import Group, User
from bot.domain.reading import LogRow
from bot.domain.row_changes import Change
from bot.domain.writing import WriteResult

READ_TRIES = 5
MAX_PAGE_ROWS = 10_000


class Patience(Protocol):
    """How a reading waits for Braintrust: by the worker, so that it can be interrupted and people see why."""

    def wait(self, seconds: float, reason: str) -> None:
        """Wait; raises like `Work.proceed`."""

    def proceed(self) -> None:
        """Go on waiting for an answer; raises like `Work.proceed`, or when nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query's answer; `cursor` is None on the last one."""

    rows: tuple[LogRow, ...]
    cursor: str | None
    asked_at: float
    """When the request that was answered began (monotonic seconds), whatever waiting came before it."""
    seconds: float = 0.0
    """How long that request took."""

    @property
    def size(self) -> int:
        """How many rows came."""
        return len(self.rows)


class Projects(Protocol):
    """Braintrust's projects, and how much there is in them."""

    def projects(self, *, patience: Patience) -> Mapping[str, str]:
        """The names of the projects that the key reaches, by id; raises like `page`."""

    def page(self, query: str, *, patience: Patience, rows: int = MAX_PAGE_ROWS, tries: int = READ_TRIES) -> Page:
        """As of `Braintrust`."""

    def total(self, query: str, *, count: str, patience: Patience) -> int:
        """The one count of an aggregate; raises like `page`."""


class Braintrust(Protocol):
    """Braintrust's API, as plans need it."""

    def page(self, query: str, *, patience: Patience, rows: int = MAX_PAGE_ROWS, tries: int = READ_TRIES) -> Page:
        """At most `rows`; raises `BraintrustRejectedError`, or `BraintrustUnavailableError` after the last try."""

    def tally(self, query: str, *, key: str, count: str, patience: Patience) -> Mapping[str, int]:
        """An aggregate's counts by one of its columns; raises like `page`."""

    def users(self, *, patience: Patience, at_least: Collection[str] = ()) -> tuple[User, ...]:
        """Every user of the organisation, or with `at_least` some among whom these ids are; raises like `page`."""

    def groups(self, *, patience: Patience) -> tuple[Group, ...]:
        """Every group of the organisation; raises like `page`."""

    def write(self, project_id: str, pairs: Sequence[tuple[str, str]], change: Change) -> WriteResult:
        """Make a change to rows, as (row id, reviewer id), in one request, which is never repeated; raises nothing."""
