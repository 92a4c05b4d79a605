"""Walks over the pages of a query's answer, from both ends at once."""

import logging
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import BraintrustError
from bot.services.background import in_background
from bot.services.ports import Page

log = logging.getLogger(__name__)


class End(StrEnum):
    """Where a walk begins."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Step:
    """A page, and the end of the rows from which it was reached."""

    end: End
    page: Page


def from_both_ends(newest: Iterator[Page], oldest: Iterator[Page] | None, *, full: int) -> Iterator[Step]:
    """Every page of a query's answer, asked for from the newest row on, and from the oldest until both walks meet.

    The second walk begins once the first page has `full` rows.  It is given up, and the first goes on alone, when it
    fails, ends early, or when pages are not in the order of their keys: then nobody can say where the walks would
    meet.  When they meet, what the other one has just asked for is left to itself; nobody waits for it.  Some rows
    may come twice.  Raises what `newest` raises.
    """
    down = _Walk(End.NEWEST, newest)
    up: _Walk | None = None
    while True:
        walk = _soonest(down, up)
        page = walk.take()
        if walk is not down and (page is None or not walk.is_ordered or len(walk.edge) != len(down.edge)):
            log.info("rows are read from one end only")
            up = None
            continue
        if page is None:
            return
        if not down.is_ordered:
            up = oldest = None

        have_met = up is not None and down.edge < up.edge
        if not have_met:
            walk.ask()
            if oldest is not None and walk is down and down.is_at_first_page and len(page.rows) >= full:
                up = _Walk(End.OLDEST, oldest)
        yield Step(walk.end, page)
        if have_met:
            return


class _Walk:
    """Pages from one end, each asked for while the one before is worked on."""

    def __init__(self, end: End, pages: Iterator[Page]) -> None:
        self.end = end
        self.edge = ""
        """The key of the last row so far."""
        self.is_ordered = True
        self.is_at_first_page = False
        self._pages = pages
        self.ask()

    def ask(self) -> None:
        """Begin to ask for the next page."""
        self.ahead = in_background(lambda: next(self._pages, None), name="page")

    def take(self) -> Page | None:
        """The page that was asked for; None behind the last one, and where the second walk fails."""
        try:
            page = self.ahead.result()
        except BraintrustError:
            if self.end is End.NEWEST:
                raise
            return None
        if page is not None and page.rows:
            keys = [row.key for row in page.rows]
            self.is_at_first_page = not self.edge
            self.is_ordered = self.is_ordered and self._follow(keys)
            self.edge = keys[-1]
        return page

    def _follow(self, keys: list[str]) -> bool:
        """Whether all rows have keys of one length, in the walk's direction and beyond its edge."""
        if not all(keys) or keys != sorted(keys, reverse=self.end is End.NEWEST):
            return False
        if len({len(key) for key in (*keys, self.edge or keys[0])}) > 1:
            return False  # text and numbers are sorted alike only where all have the same number of digits
        return not self.edge or (keys[0] > self.edge if self.end is End.OLDEST else keys[0] < self.edge)


def _soonest(down: _Walk, up: _Walk | None) -> _Walk:
    """The walk whose next page is there first."""
    if up is None:
        return down
    done = wait((down.ahead, up.ahead), return_when=FIRST_COMPLETED).done
    return down if down.ahead in done else up
