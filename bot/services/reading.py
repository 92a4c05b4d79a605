"""The reading of log rows: page by page to the true end, or by id."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.domain.btql import MAX_IDS_PER_QUERY, after, matching_rows, open_load, open_rows, rows_by_id
from bot.domain.plan import Batch, Plan, PlanRequest, Window
from bot.domain.reading import FoundRows, LogRow
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
MAX_IDLE_PAGES = 3  # in a row that bring nothing new
MAX_ROWS = 500_000  # of one plan: what is kept of them stays under 100 MB
REPEATED = "Braintrust repeated a page, so the rows cannot be read to their end. Nothing was assigned."


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
        self._ids_per_query = MAX_IDS_PER_QUERY

    def matching(
        self, request: PlanRequest, window: Window, *, patience: Patience, on_page: Callable[[int, int], None]
    ) -> FoundRows:
        """Every row that matches, once; `on_page` hears the number of pages and rows so far."""
        choices = request.choices
        rows = partial(matching_rows, request.project_id, tag=request.tag, window=window)
        query = partial(rows, group_by=choices.group_by, meeting=choices.filter)
        found = FoundRows(self._settings.open_statuses)
        idle_pages = 0
        for number, page in enumerate(self._pages(query, patience), 1):
            before = found.rows
            found.add(page.rows)
            idle_pages = 0 if found.rows > before else idle_pages + 1
            if idle_pages > MAX_IDLE_PAGES:
                raise BraintrustRejectedError(REPEATED)
            if found.rows > MAX_ROWS:
                raise BraintrustRejectedError(f"More than {MAX_ROWS:,} rows match. Ask for fewer days.")
            if page.rows:
                on_page(number, found.rows)
        return found

    def open_load(self, project_id: str, window: Window, *, patience: Patience) -> Mapping[str, int]:
        """How many rows of a window each person has assigned and not finished, in one query."""
        statuses = self._settings.open_statuses
        query = open_load(project_id, window=window, open_statuses=statuses, limit=MAX_ASSIGNEES)
        return self._braintrust.tally(query, key="assignee", count="n", patience=patience)

    def open_load_by_rows(self, project_id: str, window: Window, *, patience: Patience) -> Mapping[str, int]:
        """The same where Braintrust does not take that query: the rows are read, and counted here."""
        statuses = self._settings.open_statuses
        pages = self._pages(partial(open_rows, project_id, window=window, open_statuses=statuses), patience)
        rows = (row for page in pages for row in page.rows if not row.is_finished(statuses))
        return Counter(assignee for row in rows for assignee in row.assignees)

    def of_batches(
        self, plan: Plan, batches: Iterable[Batch], *, patience: Patience, meeting: str | None = None
    ) -> Sight:
        """The present condition of the rows of some batches that were not dropped, several queries at a time.

        Those are missing that do not exist, or that do not meet the expression `meeting`.
        """
        ids = [row_id for batch in batches for row_id, _ in batch.kept]
        size = self._ids_per_query
        parts = [ids[start : start + size] for start in range(0, len(ids), size)]
        read = partial(self._pages_with, partial(rows_by_id, plan.request.project_id, meeting=meeting), patience)
        answers = for_each(parts, read, at_once=self._settings.parallel_requests, name="ids")
        pages = [page for answer in answers for page in answer]
        rows = {row.id: row for page in pages for row in page.rows}
        return Sight(rows, min((page.asked_at for page in pages), default=math.inf))

    def _pages_with(self, query: Callable[..., str], patience: Patience, ids: Sequence[str]) -> list[Page]:
        """The answer to one query by id, and to more for what is not on its first page; or to two for half of them each
        where it is refused: nobody has documented how long such a query may be.
        """
        pages: list[Page] = []
        missing = list(ids)
        try:
            while missing:
                page = self._braintrust.page(query(ids=missing), patience=patience, rows=MAX_IDS_PER_QUERY)
                pages.append(page)
                found = {row.id for row in page.rows}
                before, missing = missing, [row_id for row_id in missing if row_id not in found]
                if page.cursor is None or len(missing) == len(before):
                    break
        except QueryRefusedError:
            if len(ids) <= FEWEST_IDS_PER_QUERY:
                raise
            half = math.ceil(len(ids) / 2)
            pages = [page for part in (ids[:half], ids[half:]) for page in self._pages_with(query, patience, part)]
            self._ids_per_query = min(self._ids_per_query, half)
        return pages

    def _pages(self, query: Callable[..., str], patience: Patience) -> Iterator[Page]:
        """Pages up to and with an empty one, or one without a cursor; a short page does not end the walk.

        The next one is asked for while the last one is worked on.  Pages grow once they come full and quickly; one that
        does not come is asked for in the first size, and further ones grow half as far.
        """
        first = size = self._settings.page_size
        most = max(self._settings.max_page_size, first)

        def page_at(cursor: str | None) -> Page:
            nonlocal size, most
            text, tries = after(query(limit=size), cursor), READ_TRIES if size == first else 1
            try:
                page = self._braintrust.page(text, patience=patience, rows=size, tries=tries)
            except (BraintrustUnavailableError, QueryRefusedError) as error:
                if size == first:
                    raise
                log.info("a large page did not come", extra={"rows": size, "cause": type(error).__name__})
                most, size = max(size // 2, first), first
                return page_at(cursor)
            if page.size >= size and page.seconds <= QUICK_SECONDS:
                size = most
            return page

        seen: set[str] = set()
        page = page_at(None)
        while page.size and page.cursor is not None:
            if page.cursor in seen:
                raise BraintrustRejectedError(REPEATED)
            seen.add(page.cursor)
            if len(seen) > self._settings.max_pages:
                pages = counted(self._settings.max_pages, "page")
                raise BraintrustRejectedError(f"More than {pages} match. Ask for fewer days, or raise MAX_PAGES.")
            following = in_background(partial(page_at, page.cursor), name="page")
            yield page
            page = following.result()
        yield page
