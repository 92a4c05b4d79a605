"""Reads log rows: page by page to the true end, or by id."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.btql import (
    MAX_IDS_PER_QUERY,
    Order,
    after,
    changed_rows,
    high_water_mark,
    matching_rows,
    open_load,
    open_rows,
    rows_by_id,
)
from bot.domain.model import Horizon, PlanRequest, Window
from bot.domain.reading import Gathered, Gathering, LogRow
from bot.errors import BraintrustRejectedError
from bot.services.ports import Braintrust, Page, Patience
from bot.services.walking import End, Step, from_both_ends
from bot.settings import WorkSettings

MAX_ASSIGNEES = 1_000


@dataclass(frozen=True, slots=True)
class Sight:
    """Rows as Braintrust showed them, and when the first request for them began (infinity: nothing was asked)."""

    rows: dict[str, LogRow]
    began: float


class RowReader:
    """Walks over the pages of Braintrust's answers."""

    def __init__(self, braintrust: Braintrust, settings: WorkSettings) -> None:
        self._braintrust = braintrust
        self._settings = settings

    def matching(
        self, request: PlanRequest, window: Window, *, patience: Patience, on_page: Callable[[int, int], None]
    ) -> Gathered:
        """Every row that matches, once; `on_page` hears the number of pages and rows so far."""
        gathering = Gathering()
        for number, step in enumerate(self._steps(request, window, patience), 1):
            if number > self._settings.max_pages:
                raise self._too_many_pages()
            gathering.add(step.page.rows, newest_first=step.end is End.NEWEST)
            if step.page.rows:
                on_page(number, gathering.rows)
        return gathering.result()

    def _steps(self, request: PlanRequest, window: Window, patience: Patience) -> Iterator[Step]:
        size, group_by = self._settings.page_size, request.choices.group_by

        def walk(order: Order) -> Iterator[Page]:
            query = matching_rows(
                request.project_id, tag=request.tag, window=window, limit=size, order=order, group_by=group_by
            )
            return self._walk(query, patience)

        together = self._settings.parallel_requests > 1
        return from_both_ends(walk("desc"), walk("asc") if together else None, full=size)

    def high_water_mark(self, project_id: str, window: Window, *, before: datetime, patience: Patience) -> str | None:
        """The greatest transaction of a window's rows that existed at `before`; None without any."""
        query = high_water_mark(project_id, window=window, before=before)
        return self._braintrust.value(query, "mark", patience=patience)

    def changed(
        self, request: PlanRequest, window: Window, horizon: Horizon, *, ids: Collection[str], patience: Patience
    ) -> Mapping[str, LogRow | None]:
        """The rows among `ids` that changed behind `horizon`, None for one that is gone.

        Where more changed than there are rows to ask for, they are read by id.  Rows that are gone are only noticed
        then; each is checked once more right before it would be written.
        """
        query = changed_rows(request.project_id, window=window, horizon=horizon, limit=self._settings.page_size)
        wanted = set(ids)
        pages_by_id = len(wanted) // MAX_IDS_PER_QUERY + 1
        found: dict[str, LogRow | None] = {}
        for number, page in enumerate(self._walk(query, patience), 1):
            if number > pages_by_id:
                present = self.by_id(request.project_id, wanted, patience=patience).rows
                return {row_id: present.get(row_id) for row_id in wanted}
            found |= {row.id: row for row in page.rows if row.id in wanted}
        return found

    def open_load(self, project_id: str, window: Window, *, patience: Patience) -> Mapping[str, int]:
        """How many rows of a window each person has assigned and not finished, in one query."""
        query = open_load(project_id, window=window, limit=MAX_ASSIGNEES)
        return self._braintrust.tally(query, key="assignee", count="n", patience=patience)

    def open_load_by_rows(self, project_id: str, window: Window, *, patience: Patience) -> Mapping[str, int]:
        """The same where Braintrust does not take that query: the rows are read, and counted here."""
        query = open_rows(project_id, window=window, limit=self._settings.page_size)
        rows = (row for page in self._walk(query, patience) for row in page.rows if not row.finished)
        return Counter(assignee for row in rows for assignee in row.assignees)

    def by_id(self, project_id: str, ids: Iterable[str], *, patience: Patience) -> Sight:
        """The present condition of single rows; those that do not exist are missing."""
        wanted = list(ids)
        found: dict[str, LogRow] = {}
        began = math.inf
        for start in range(0, len(wanted), MAX_IDS_PER_QUERY):
            part = wanted[start : start + MAX_IDS_PER_QUERY]
            for page in self._walk(rows_by_id(project_id, ids=part), patience):
                found |= {row.id: row for row in page.rows}
                began = min(began, page.asked_at)
                if all(row_id in found for row_id in part):
                    break  # an id names one row, so nothing more can come
        return Sight(found, began)

    def _walk(self, query: str, patience: Patience) -> Iterator[Page]:
        """Pages up to and with an empty one, or one without a cursor.  A short page does not end the walk."""
        cursor: str | None = None
        seen: set[str] = set()
        for _ in range(self._settings.max_pages):
            page = self._braintrust.page(after(query, cursor), patience=patience)
            yield page
            cursor = page.cursor
            if not page.rows or cursor is None:
                return
            if cursor in seen:
                raise BraintrustRejectedError(
                    "Braintrust repeated a page, so the rows cannot be read to their end. Nothing was assigned."
                )
            seen.add(cursor)
        raise self._too_many_pages()

    def _too_many_pages(self) -> BraintrustRejectedError:
        most = f"{self._settings.max_pages:,}"
        return BraintrustRejectedError(f"More than {most} pages match. Ask for fewer days, or raise MAX_PAGES.")
