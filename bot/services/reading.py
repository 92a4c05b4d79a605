"""The reading of log rows: page by page to the true end, or by id."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.btql import MAX_IDS_PER_QUERY, after, matching_rows, open_load, open_rows, rows_by_id
from bot.domain.plan import Batch, Plan, PlanRequest, Window
from bot.domain.reading import FoundRows, LogRow, RowSorter
from bot.errors import BraintrustRejectedError, BraintrustUnavailableError, QueryRefusedError
from bot.messages.text import counted
from bot.services.ports.braintrust import READ_TRIES, Braintrust, Page, Patience
from bot.services.threads import for_each, in_background
from bot.settings import WorkSettings

log = logging.getLogger(__name__)

MAX_ASSIGNEES = 1_000
FEWEST_IDS_PER_QUERY = 125  # a query with so few that is still refused is refused for another reason
QUICK_SECONDS = 5.0
"""A page that came as quickly may grow fivefold: Braintrust ends a query after 30 s."""
MAX_ROWS = 500_000  # of one plan: what is kept of them stays under 100 MB
MAX_IDLE_PAGES = 3  # in a row that bring nothing new
REPEATED = "Braintrust repeated a page, so the rows cannot be read to their end. Nothing was assigned."
MAX_SHRINKS = 2
"""After as many faults of grown pages, a reading stays with the size of its first one."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Rows as Braintrust showed them, and when the first request for them began (infinity: nothing was asked)."""

    rows: dict[str, LogRow]
    began: float


class RowReader:
    """Asks Braintrust for rows in as few queries as it takes, and keeps the sizes that worked."""

    def __init__(self, braintrust: Braintrust, settings: WorkSettings) -> None:
        self._braintrust = braintrust
        self._settings = settings
        self._max_page_size = max(settings.max_page_size, settings.page_size)
        self._ids_per_query = MAX_IDS_PER_QUERY

    def matching(
        self, request: PlanRequest, window: Window, *, patience: Patience, on_page: Callable[[int, int], None]
    ) -> FoundRows:
        """Every row that matches, once; `on_page` hears the number of pages and rows so far."""

        def query(limit: int) -> str:
            group_by, meeting = request.choices.group_by, request.choices.filter
            rows = partial(matching_rows, request.project_id, tag=request.tag, group_by=group_by, meeting=meeting)
            return rows(window=window, limit=limit)

        gathering = RowSorter(self._settings.open_statuses)
        idle_pages = 0
        for number, page in enumerate(self._pages(query, patience), 1):
            before = gathering.rows
            gathering.add(page.rows)
            idle_pages = 0 if gathering.rows > before else idle_pages + 1
            if idle_pages > MAX_IDLE_PAGES:
                raise BraintrustRejectedError(REPEATED)
            if gathering.rows > MAX_ROWS:
                raise BraintrustRejectedError(f"More than {MAX_ROWS:,} rows match. Ask for fewer days.")
            if page.rows:
                on_page(number, gathering.rows)
        return gathering.result()

    def open_load(self, project_id: str, window: Window, *, patience: Patience) -> Mapping[str, int]:
        """How many rows of a window each person has assigned and not finished, in one query."""
        statuses = self._settings.open_statuses
        query = open_load(project_id, window=window, open_statuses=statuses, limit=MAX_ASSIGNEES)
        return self._braintrust.tally(query, key="assignee", count="n", patience=patience)

    def open_load_by_rows(self, project_id: str, window: Window, *, patience: Patience) -> Mapping[str, int]:
        """The same where Braintrust does not take that query: the rows are read, and counted here."""
        statuses = self._settings.open_statuses

        def query(limit: int) -> str:
            return open_rows(project_id, window=window, open_statuses=statuses, limit=limit)

        pages = self._pages(query, patience)
        rows = (row for page in pages for row in page.rows if not row.is_finished(statuses))
        return Counter(assignee for row in rows for assignee in row.assignees)

    def by_id(self, project_id: str, ids: Iterable[str], *, patience: Patience, meeting: str | None = None) -> Sight:
        """The present condition of single rows, several queries at a time.

        Those are missing that do not exist, or that do not meet the expression `meeting`.
        """
        wanted = list(ids)
        starts = range(0, len(wanted), self._ids_per_query)
        parts = [wanted[start : start + self._ids_per_query] for start in starts]
        at_once = self._settings.parallel_requests
        query = partial(rows_by_id, project_id, meeting=meeting)
        return _joined(for_each(parts, lambda part: self._part(query, part, patience), at_once=at_once, name="ids"))

    def of_batches(
        self, plan: Plan, batches: Iterable[Batch], *, patience: Patience, meeting: str | None = None
    ) -> Sight:
        """The same for the rows of some batches that were not dropped."""
        ids = [row_id for batch in batches for row_id, _ in batch.kept]
        return self.by_id(plan.request.project_id, ids, patience=patience, meeting=meeting)

    def _part(self, query: Callable[..., str], ids: Sequence[str], patience: Patience) -> Sight:
        """The rows of one query; in halves where it is refused, because nobody has documented how long it may be."""
        try:
            return self._sight(query(ids=ids), ids, patience)
        except QueryRefusedError:
            if len(ids) <= FEWEST_IDS_PER_QUERY:
                raise
        half = math.ceil(len(ids) / 2)
        sight = _joined([self._part(query, part, patience) for part in (ids[:half], ids[half:])])
        self._ids_per_query = min(self._ids_per_query, half)
        return sight

    def _sight(self, query: str, ids: Sequence[str], patience: Patience) -> Sight:
        found: dict[str, LogRow] = {}
        began = math.inf

        def page_at(cursor: str | None) -> Page:
            return self._braintrust.page(after(query, cursor), patience=patience, rows=MAX_IDS_PER_QUERY)

        for page in _followed(page_at):
            found |= {row.id: row for row in page.rows}
            began = min(began, page.asked_at)
            if all(row_id in found for row_id in ids):
                break  # an id names one row, so nothing more can come
        return Sight(found, began)

    def _pages(self, query: Callable[[int], str], patience: Patience) -> Iterator[Page]:
        """Pages of growing size; the next one is asked for while the last one is worked on."""
        for number, page in enumerate(_followed(self._growing(query, patience), ahead=True), 1):
            if number > self._settings.max_pages:
                most = counted(self._settings.max_pages, "page")
                raise BraintrustRejectedError(f"More than {most} match. Ask for fewer days, or raise MAX_PAGES.")
            yield page

    def _growing(self, query: Callable[[int], str], patience: Patience) -> Callable[[str | None], Page]:
        """What asks for one page: of the most rows once pages come full and quickly, else of as many as at first."""
        first = size = self._settings.page_size
        most = self._max_page_size
        faults = 0

        def page_at(cursor: str | None) -> Page:
            nonlocal size, most, faults
            text, tries = after(query(size), cursor), READ_TRIES if size == first else 1
            try:
                page = self._braintrust.page(text, patience=patience, rows=size, tries=tries)
            except (BraintrustUnavailableError, QueryRefusedError) as error:
                if size == first:
                    raise
                log.info("a large page did not come", extra={"rows": size, "cause": type(error).__name__})
                size, faults = first, faults + 1
                if isinstance(error, QueryRefusedError):
                    self._max_page_size = most = first
                elif faults >= MAX_SHRINKS:
                    most = first
                return page_at(cursor)
            if page.size >= size and page.seconds <= QUICK_SECONDS:
                size = most
            return page

        return page_at


def _followed(page_at: Callable[[str | None], Page], *, ahead: bool = False) -> Iterator[Page]:
    """Pages up to and with an empty one, or one without a cursor.  A short page does not end the walk."""
    seen: set[str] = set()
    page = page_at(None)
    while page.size and (cursor := page.cursor) is not None:
        if cursor in seen:
            raise BraintrustRejectedError(REPEATED)
        seen.add(cursor)
        following = in_background(partial(page_at, cursor), name="page") if ahead else None
        yield page
        page = following.result() if following is not None else page_at(cursor)
    yield page


def _joined(sights: Iterable[Sight]) -> Sight:
    rows: dict[str, LogRow] = {}
    began = math.inf
    for sight in sights:
        rows |= sight.rows
        began = min(began, sight.began)
    return Sight(rows, began)
