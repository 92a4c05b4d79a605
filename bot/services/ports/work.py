"""Ports of the worker: what a step sees of it, and how people follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.plan import Plan

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one plan: valid while its fence is the newest one."""

    plan_id: str
    fence: int


class Work(Protocol):
    """The worker, as a step sees it: the lease, the way to wait, and the word to stop."""

    @property
    def lease(self) -> Lease:
        """The lease under which the step runs."""

    def proceed(self) -> None:
        """Go on; raises `WorkInterruptedError` when the process shuts down, `LeaseLostError` when the lease is gone."""

    def pause(self, seconds: float) -> None:
        """Wait without holding anything up; raises like `proceed`."""

    def has_time_to_write(self) -> bool:
        """Whether the lease certainly outlasts a write that begins now."""

    def show(
        self, draw: Callable[[], None], *, at_seconds: Sequence[float] | None = None, at_once: str | None = None
    ) -> None:
        """Run `draw` aside, unless one is running or ran in the last 3 s: progress may be skipped, never waited for.

        With `at_seconds`, only once after each of these numbers of seconds since the step began, or earlier when
        there is something new to say (`at_once`), but never more often.
        """


class Announcer(Protocol):
    """Tells people how a plan stands: in Slack, or on the terminal."""

    def reading_progress(self, work: Work, plan: Plan) -> None:
        """A reading went on; may be passed over."""

    def writing_progress(self, work: Work, plan: Plan) -> None:
        """An assignment went on; may be passed over."""

    def proposed_again(self, plan: Plan, approver: str) -> None:
        """A plan changed too much since it was approved, and waits for a new approval."""

    def draw(self, work: Work) -> None:
        """Show the plan as it is stored, until what is shown is what is stored, or has to wait."""
