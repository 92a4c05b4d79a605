"""What a reading says about batches that were sent: written, taken by somebody else, or not visible yet."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from bot.domain.changes import Change, read_back, without_others
from bot.domain.model import Batch, BatchState
from bot.domain.writing import MAX_TRIES
from bot.errors import BraintrustError, BraintrustRejectedError
from bot.services.reading import Sight
from bot.services.writing.context import Context
from bot.services.writing.ledger import Ledger

log = logging.getLogger(__name__)

LONGEST_SECONDS = 60.0  # between two looks
CONFIRM_AGAIN_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 10.0  # after a reading that failed


class ReadBack:
    """Settles sent batches in the ledger."""

    def __init__(self, context: Context, ledger: Ledger, change: Change, *, others: frozenset[str]) -> None:
        self._ledger = ledger
        self._change = change
        self._others = others
        self._confirm_seconds = context.confirm_seconds
        self._monotonic = context.monotonic
        self._failures = 0

    def unknown(self, batches: Iterable[Batch], sight: Sight, *, resend: bool) -> None:
        """Batches whose request ended without a usable answer: what is not there may be on its way until it settles.

        After that it is planned again with `resend`, and stays unknown without.
        """
        self._failures = 0
        for batch in batches:
            settled, waiting = read_back(without_others(batch, self._others), sight.rows, self._change)
            unsettled_seconds = self._ledger.settles_in(batch) + self._monotonic() - sight.began
            if waiting is not None and unsettled_seconds > 0:
                self._ledger.put(batch, due_in_seconds=min(unsettled_seconds, LONGEST_SECONDS))
            else:
                self.divide(settled, waiting, resend=resend)

    def acknowledged(self, batches: Iterable[Batch], sight: Sight) -> None:
        """Acknowledged batches: what is not visible yet is waited for, and never sent again."""
        for batch in batches:
            seen, waiting = read_back(batch, sight.rows, self._change)
            if waiting is None:
                self._ledger.put(seen)
            elif self._ledger.age(batch) < self._confirm_seconds:
                self._ledger.put(batch, due_in_seconds=CONFIRM_AGAIN_SECONDS)
            elif seen.rows:
                self._ledger.leave(self._ledger.split(seen, waiting)[1])
            else:
                self._ledger.leave(batch)

    def divide(self, settled: Batch, waiting: Batch | None, *, resend: bool) -> None:
        """Part what is known to be written from what has to be sent again, or stays unknown when it is not to be."""
        if waiting is None:
            self._ledger.put(settled)
            return
        sent_again = resend and waiting.attempts < MAX_TRIES
        waiting = replace(waiting, state=BatchState.PLANNED if sent_again else BatchState.UNKNOWN)
        if settled.rows:
            _, waiting = self._ledger.split(settled, waiting)
        if sent_again:
            self._ledger.put(waiting)
        else:
            self._ledger.leave(waiting)

    def unreadable(self, batches: Iterable[Batch], error: BraintrustError) -> bool:
        """Look again later; a refusal, or the last of several tries, leaves the batches as they are and is final."""
        log.warning("rows could not be read back", extra={"cause": type(error).__name__})
        self._failures += 1
        final = isinstance(error, BraintrustRejectedError) or self._failures >= MAX_TRIES
        for batch in batches:
            if final:
                self._ledger.leave(batch)
            else:
                self._ledger.put(batch, due_in_seconds=LOOK_AGAIN_SECONDS)
        return final
