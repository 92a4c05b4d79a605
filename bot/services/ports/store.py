"""Ports to the rest of the store: surfaces, leases, faults, queues and homes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.faults import FaultKind
from bot.domain.homes import Home
from bot.domain.plan import PlanState
from bot.domain.queue import Queue, QueueChange
from bot.domain.surfaces import Shown, Surface
from bot.services.ports.work import Lease


class SurfaceBook(Protocol):
    """Surfaces of plans, as Slack is known to show them.

    What takes a `Lease` raises `LeaseLostError` once another process owns the plan.
    """

    def of(self, plan_id: str) -> Mapping[Surface, Shown]:
        """What each surface is known to show; one that is missing was not tried yet."""

    def note_copy(self, plan_id: str, *, channel: str, ts: str) -> bool:
        """Have a message of the plan closed of which nothing is known; False where it is known, or elsewhere."""

    def record(self, lease: Lease, surface: Surface, shown: Shown) -> None:
        """Remember what a surface shows.  The plan's first message is where its thread is from then on."""

    def link(self, lease: Lease, url: str | None) -> None:
        """Remember the link to the plan's message: the plans that it replaced are drawn again, with it."""

    def rest(self, lease: Lease, seconds: float) -> None:
        """Have the plan drawn again, but not before so many seconds passed, unless it changes."""

    def remind(self, *, now: datetime) -> int:
        """Ask for a reminder on each proposed plan that expires within the hour, once; how many are new."""

    def drawn(self, lease: Lease, revision: int) -> None:
        """Every surface shows the plan as it was at `revision`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A lease that was just taken, and what has to be known with it."""

    lease: Lease
    was_abandoned: bool = False
    """Whether whoever worked on the plan before never gave it back: their process ended in the middle."""
    may_be_drawn: bool = True
    """Whether the plan may be shown anew, or rests after a fault of doing so."""


class LeaseBook(Protocol):
    """Who works on which plan."""

    def claim(self, states: Collection[PlanState], *, only: str | None = None) -> Claim | None:
        """A plan that waits for work in `states`, or (without any) only for being shown; `only` names one."""

    def renew(self, lease: Lease) -> bool:
        """Extend a lease from now on; False when another worker has taken the plan."""

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


class QueueBook(Protocol):
    """The queues that people made."""

    def all(self) -> tuple[Queue, ...]:
        """Every queue, by name."""

    def get(self, name: str) -> Queue | None:
        """The queue of this name, as it is now."""

    def apply(self, changes: Sequence[QueueChange], *, who: str, now: datetime) -> bool:
        """Make all of these changes; none, and False, where a queue is not any more what a change begins with."""


class HomeBook(Protocol):
    """Whom the database belongs to."""

    def keep(self, home: Home) -> Home:
        """The home of this kind that is recorded: the first one that ever was."""
