"""Faults that the work on a plan meets, and pauses: how long it waits after one, and when it is given up."""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.plan import PlanState

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
SHORTEST_SECONDS = 1.0
LONGEST_SECONDS = 60.0
LIMITED_SECONDS = 3600.0
"""For how long a rate limit is waited for that lets nothing through."""


class FaultKind(StrEnum):
    """Why a piece of work ended early."""

    OUTAGE = "outage"
    """Somebody else is away.  That passes."""
    DEATH = "death"
    """The process ended in the middle."""
    BUG = "bug"
    """Nobody foresaw it.  It will hardly pass."""


MOST = {FaultKind.OUTAGE: 300, FaultKind.DEATH: 10, FaultKind.BUG: 5}
"""How many are met before the work is given up: outages for a day, by the pauses between them."""


@dataclass(frozen=True, slots=True)
class FaultTally:
    """What was met since the work last got further."""

    outage: int = 0
    death: int = 0
    bug: int = 0
    reached: int = 0
    """How far the work was; any number that grows with it."""

    def and_another(self, fault: FaultKind, *, reached: int) -> "FaultTally":
        """One more; the first one where the work has got further than at the last."""
        before = FaultTally(reached=reached) if reached > self.reached else self
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


def pause_seconds(
    tries: int, *, asked: float | None = None, longest: float = LONGEST_SECONDS, chance: float = 0.0
) -> float:
    """How long to wait after the `tries`-th "not now" in a row: as long as `asked`, or longer where that did not help.

    Never less than a second, whoever asks for it.  `chance`, from 0 to 1, spreads those who would come back at once.
    """
    grown = min(SHORTEST_SECONDS * 2.0 ** min(tries - 1, 20), longest)
    return max(grown * (1 + chance / 4), asked or 0.0)
