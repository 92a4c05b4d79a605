"""The check at the start that a database is this bot's: two deployments would end each other's plans."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from itertools import chain, repeat

from bot.domain.homes import Home, refusal
from bot.errors import (
    BraintrustError,
    SlackError,
    StoreUnavailableError,
    StoreUnusableError,
)
from bot.services.ports.braintrust import Patience
from bot.services.ports.store import HomeBook
from bot.services.step import BoundedPatience
from bot.services.threads import in_background

log = logging.getLogger(__name__)

AWAITED_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
ENDING_SECONDS = 2.0
PAUSES_SECONDS = (5.0, 15.0, 60.0, 300.0)  # the last one again and again
Finder = Callable[[Patience], Home | None]
"""Asks Slack or Braintrust where the bot is at home; None where that is not said; raises `BotError`."""


class HomeCheck:
    """Compares the homes of the database with those of the bot: at the start, and until all have answered.

    Where one does not answer, the bot goes on meanwhile: a plan that was approved is not held up by Slack.
    """

    def __init__(
        self,
        homes: HomeBook,
        finders: Mapping[str, Finder],
        *,
        stop: Callable[[], None],
        awaited_seconds: float = AWAITED_SECONDS,
        pauses_seconds: Sequence[float] = PAUSES_SECONDS,
    ) -> None:
        self._homes = homes
        self._finders = finders
        self._stop = stop
        self._awaited_seconds = awaited_seconds
        self._pauses_seconds = pauses_seconds
        self._ended = threading.Event()
        self._refusal: BaseException | None = None
        self._comparisons: Sequence[Future[None]] = ()

    def begin(self) -> None:
        """Compare; raises `StoreUnusableError` where the database is another's.  Late answers come to `stop`."""
        self._comparisons = [
            in_background(partial(self._compare, whom, find), name="belonging") for whom, find in self._finders.items()
        ]
        done, late = wait(self._comparisons, timeout=self._awaited_seconds)
        for comparison in done:
            comparison.result()
        for comparison in late:
            comparison.add_done_callback(self._conclude)

    def end(self) -> None:
        """Wait for no answer any more."""
        self._ended.set()
        wait(self._comparisons, timeout=ENDING_SECONDS)

    def require(self) -> None:
        """Raise `StoreUnusableError` where a late answer said that the database is another's."""
        if self._refusal is not None:
            raise self._refusal

    def _compare(self, whom: str, find: Finder) -> None:
        for pause in chain(self._pauses_seconds, repeat(self._pauses_seconds[-1])):
            try:
                found = find(BoundedPatience(self._ended.wait, seconds=PATIENCE_SECONDS))
                kept = found and self._homes.keep(found)
            except (BraintrustError, SlackError, StoreUnavailableError) as error:
                if not self._ended.is_set():
                    log.warning("%s cannot be used", whom, extra={"error": str(error)})
            else:
                if found and kept and (sentence := refusal(kept, found)):
                    raise StoreUnusableError(sentence)
                log.info("%s answers", whom, extra={"home": str(found)})
                return
            if self._ended.wait(pause):
                return

    def _conclude(self, comparison: "Future[None]") -> None:
        self._refusal = comparison.exception()
        if self._refusal is not None and not self._ended.is_set():
            log.error("the bot stops", extra={"error": str(self._refusal)})
            self._stop()
