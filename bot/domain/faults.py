"""Faults that the work on a plan meets: how long it rests after one, and how many are too many."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.model import PlanState

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


class Fault(StrEnum):
    """Why a piece of work ended early."""

    OUTAGE = "outage"
    """Somebody else is away.  That passes."""
    DEATH = "death"
    """The process ended in the middle."""
    BUG = "bug"
    """Nobody foresaw it.  It will hardly pass."""


MOST = {Fault.OUTAGE: 300, Fault.DEATH: 10, Fault.BUG: 5}
"""How many are met before the work is given up: outages for a day, by the pauses between them."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What was met since the work last got further."""

    outage: int = 0
    death: int = 0
    bug: int = 0
    reached: int = 0
    """How far the work was; any number that grows with it."""

    def and_another(self, fault: Fault, *, reached: int) -> "Faults":
        """One more; the first one where the work has got further than at the last."""
        before = Faults(reached=reached) if reached > self.reached else self
        return replace(before, **{fault.value: getattr(before, fault.value) + 1})

    @property
    def pause_seconds(self) -> float:
        """How long the work rests: twice as long each time."""
        met = self.outage + self.death + self.bug
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(met - 1, 10), LONGEST_PAUSE_SECONDS)

    def are_too_many(self, state: str) -> bool:
        """Whether the work is given up.  A reading ends with its first bug: nothing is lost by asking again."""
        is_lost = state == PlanState.READING and self.bug > 0
        return is_lost or any(getattr(self, fault.value) >= most for fault, most in MOST.items())
