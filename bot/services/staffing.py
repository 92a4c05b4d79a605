"""Who takes part in a plan just now: the people of its roster, how much they have open, and their room for more."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.allocation import Strategy
from bot.domain.deal import Member, Staff
from bot.domain.model import PlanRequest, Reviewer, Window
from bot.domain.reviewers import Found
from bot.errors import BraintrustError, BraintrustRejectedError
from bot.services.ports.braintrust import Braintrust, Patience
from bot.services.ports.work import Clock
from bot.services.reading import RowReader
from bot.services.roster import RosterReader
from bot.services.threads import in_background
from bot.settings import Settings

log = logging.getLogger(__name__)

LOAD_DAYS = timedelta(days=30)
"""Over how many days open rows are counted."""


class Staffing:
    """Puts together who can be given rows, and how many."""

    def __init__(self, *, roster: RosterReader, braintrust: Braintrust, settings: Settings, clock: Clock) -> None:
        self._roster = roster
        self._reader = RowReader(braintrust, settings.work)
        self._queue = settings.queue
        self._clock = clock

    def of(self, request: PlanRequest, *, patience: Patience) -> Staff:
        """Everybody who takes part; raises `CommandError` when nobody does, and `BraintrustError`."""
        load = in_background(lambda: self._load(request, patience), name="load")
        roster = self._roster.present(request.reviewers, patience=patience)
        open_rows = load.result()

        members = tuple(self._member(person, open_rows) for person in roster.found)
        return Staff(members, roster.left_out, roster.notes)

    def _member(self, person: Found, load: Mapping[str, int] | None) -> Member:
        open_rows = None if load is None else load.get(person.reviewer_id, 0)
        reviewer = Reviewer(person.reviewer_id, person.name, person.slack_id)
        return Member(reviewer, person.weight, open_rows, self._room(open_rows or 0))

    def _room(self, open_rows: int) -> int | None:
        caps = [cap for cap in (self._most_open(open_rows), self._queue.max_new_rows) if cap is not None]
        return min(caps, default=None)

    def _most_open(self, open_rows: int) -> int | None:
        return None if self._queue.max_open_rows is None else max(self._queue.max_open_rows - open_rows, 0)

    def _load(self, request: PlanRequest, patience: Patience) -> Mapping[str, int] | None:
        """Open rows by reviewer; None where nobody can say and nothing depends on it."""
        needed = request.choices.strategy is Strategy.BALANCED or self._queue.max_open_rows is not None
        now = self._clock()
        window = Window(now - LOAD_DAYS, now)
        try:
            return self._reader.open_load(request.project_id, window, patience=patience)
        except BraintrustError as error:
            if not needed:
                log.info("open rows are not known", extra={"cause": type(error).__name__})
                return None
            if not isinstance(error, BraintrustRejectedError):
                raise
        return self._reader.open_load_by_rows(request.project_id, window, patience=patience)
