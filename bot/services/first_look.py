"""The first look at Braintrust, at the start: what commands would meet later is in the log at once."""

import logging
import threading
from collections.abc import Callable

from bot.errors import BraintrustError
from bot.services.background import in_background
from bot.services.ports import Patience
from bot.services.waiting import BoundedPatience

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 60.0


class FirstLook:
    """Asks in the background for the project's name; nothing waits for it."""

    def __init__(self, ask: Callable[[Patience], str]) -> None:
        self._ask = ask
        self._ended = threading.Event()

    def begin(self) -> None:
        """Ask, and log what came of it."""
        in_background(self._look, name="first look")

    def end(self) -> None:
        """Wait for nothing any more."""
        self._ended.set()

    def _look(self) -> None:
        try:
            project = self._ask(BoundedPatience(self._ended.wait, seconds=PATIENCE_SECONDS))
        except BraintrustError as error:
            if not self._ended.is_set():
                log.error("Braintrust cannot be used", extra={"error": str(error)})  # noqa: TRY400 - no bug of ours
        else:
            log.info("Braintrust answers", extra={"project": project})
