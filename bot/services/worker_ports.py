"""What the worker needs from the store, as small protocols."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.faults import FaultKind
from bot.domain.model import PlanState
from bot.services.ports import Lease


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease that was just taken, and what has to be known with it."""

    lease: Lease
    was_abandoned: bool = False
    """Whether whoever worked on the plan before never gave it back: their process ended in the middle."""
    may_be_drawn: bool = True
    """Whether the plan may be shown anew, or rests after a fault of doing so."""


class Leases(Protocol):
    """Who works on which plan."""

    def claim(self, states: Collection[PlanState], *, only: str | None = None) -> Claim | None:
        """A plan that waits for work in `states`, or (without any) only for being shown; `only` names one."""

    def renew(self, lease: Lease) -> bool:
        """Extend a lease by `LEASE_SECONDS` from now; False when another worker has taken the plan."""

    def release(self, lease: Lease, *, wake_in_seconds: float | None) -> None:
        """Give the plan back, to be claimed after `wake_in_seconds` or as soon as somebody decides about it."""


class FaultBook(Protocol):
    """What the work on plans met.  It is stored, so that also a restart ends no pause and forgets no fault."""

    def met(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        """Count a fault of a plan's step; for how many seconds it rests.

        None when that was one too many: the plan is where nothing more is done about it, with `reason`.
        """

    def met_drawing(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None:
        """The same for showing a plan; None when it is given up until the plan changes again."""
