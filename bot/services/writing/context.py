"""What every run that writes rows works with."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.services.ports import Announcer, Braintrust, Clock
from bot.settings import WorkSettings


@dataclass(frozen=True, slots=True)
class Context:
    """Peers, settings and clocks."""

    braintrust: Braintrust
    announcer: Announcer
    settings: WorkSettings
    clock: Clock
    monotonic: Callable[[], float] = time.monotonic
    confirm_seconds: float = 60.0
    """How long acknowledged rows may take to be visible."""
