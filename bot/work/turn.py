"""One turn of work on a plan: it is shown, its steps run until nothing moves, and what goes wrong is counted."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Protocol

from bot.domain.faults import FaultKind
from bot.domain.plan import Plan, PlanState
from bot.domain.rhythm import Rhythm
from bot.errors import (
    BotError,
    BraintrustUnavailableError,
    LeaseLostError,
    SlackUnavailableError,
    StoreUnavailableError,
    WorkInterruptedError,
)
from bot.services.ports.plans import StoredPlans
from bot.services.ports.store import Claim, FaultBook
from bot.services.ports.work import Announcer, Clock, Lease, Work

log = logging.getLogger(__name__)

SHOW_SECONDS = 3.0  # Slack's advice: no more than one edit of a message in 3 s
Step = Callable[[Work, Plan], None]
Task = Callable[[], float | None]
AGAIN_SECONDS = 2.0  # after a step that could not move its plan
UNCOUNTED_SECONDS = 5.0  # after a fault that could not even be stored
_OUTAGES = (BraintrustUnavailableError, SlackUnavailableError, StoreUnavailableError)
_DIED = "The bot's process ended again and again in the middle of this, so it was given up. Its log may say why."


class HeldPlan:
    """The `Work` port.  The worker renews or ends it from another thread."""

    def __init__(self, lease: Lease, *, claimed_at: float, aside: ThreadPoolExecutor, rhythm: Rhythm) -> None:
        self._lease = lease
        self._rhythm = rhythm
        self._until = claimed_at + rhythm.lease_seconds
        self._aside = aside
        self._began = claimed_at
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._shown: Future[None] | None = None
        self._shown_at = float("-inf")
        self._shows = 0
        self._told: str | None = None

    @property
    def lease(self) -> Lease:
        """The lease under which the step runs."""
        return self._lease

    def renewed(self, at: float) -> None:
        """The lease was renewed by a request that began at `at` (monotonic)."""
        self._until = at + self._rhythm.lease_seconds

    def end(self, error: LeaseLostError | WorkInterruptedError) -> None:
        """Make the step end with `error` as soon as it asks."""
        self._error = error
        self._ended.set()

    def proceed(self) -> None:
        """Go on; raises `WorkInterruptedError` when the process shuts down, `LeaseLostError` when the lease is gone."""
        if self._error is not None:
            raise self._error
        if self._seconds_left() <= 0:
            raise LeaseLostError("The lease ran out before it could be renewed.")

    def pause(self, seconds: float) -> None:
        """Wait without holding anything up; raises like `proceed`."""
        self._ended.wait(seconds)
        self.proceed()

    def has_time_to_write(self) -> bool:
        """Whether the lease certainly outlasts a write that begins now."""
        return self._seconds_left() >= self._rhythm.write_seconds

    def show(
        self, draw: Callable[[], None], *, at_seconds: Sequence[float] | None = None, at_once: str | None = None
    ) -> None:
        """Run `draw` aside, unless one is running or ran in the last 3 s; with `at_seconds`, only that often."""
        now = time.monotonic()
        due = now - self._shown_at >= SHOW_SECONDS
        if at_seconds is not None:
            news = at_once is not None and at_once != self._told
            due = self._shows < len(at_seconds) and (news or now - self._began >= at_seconds[self._shows])
        if due and (self._shown is None or self._shown.done()):
            self._shows += 1
            self._told = at_once
            self._shown_at = now
            self._shown = self._aside.submit(draw)
            self._shown.add_done_callback(_noted)

    def show_first(self, draw: Callable[[], None]) -> None:
        """Run `draw` aside, before anything else is shown."""
        self._shown = self._aside.submit(draw)
        self._shown.add_done_callback(_noted)

    def quiet(self) -> None:
        """Wait until nothing is shown aside any more, so that no late edit follows the last one.

        What was not begun yet is left to whoever shows the plan next.
        """
        if self._shown is not None and not self._shown.cancel():
            wait([self._shown])

    def _seconds_left(self) -> float:
        return self._until - time.monotonic()


class Turn:
    """Works on a plan under a lease.  Whether it can be shown never holds up the work itself."""

    def __init__(
        self,
        *,
        plans: StoredPlans,
        fault_book: FaultBook,
        steps: Mapping[PlanState, Step],
        announcer: Announcer,
        clock: Clock,
    ) -> None:
        self._plans = plans
        self._fault_book = fault_book
        self._steps = steps
        self._announcer = announcer
        self._clock = clock

    def take(self, held: HeldPlan, claim: Claim, states: frozenset[PlanState]) -> float | None:
        """Run the plan's steps while it is in `states`, and show it aside; without any, only show it.

        How many seconds it rests then; None: none.
        """
        ended = _outcome(lambda: self._taken(held, claim, states))
        match ended:
            case WorkInterruptedError():
                return None
            case LeaseLostError():
                log.info("a plan was taken over by another worker", extra={"plan": claim.lease.plan_id})
                return None
            case Exception():
                log.error("a fault could not be stored", extra={"plan": claim.lease.plan_id}, exc_info=ended)
                return UNCOUNTED_SECONDS
            case _:
                return ended

    def _taken(self, held: HeldPlan, claim: Claim, states: frozenset[PlanState]) -> float | None:
        if claim.was_abandoned:
            self._fault_book.met(claim.lease, FaultKind.DEATH, reason=_DIED, now=self._clock())
        if not states:
            self._draw(held)
            return None
        if claim.may_be_drawn:
            held.show_first(lambda: self._draw(held))
        return self._counted(held, lambda: self._moved(held, states), self._fault_book.met, "a step met a fault")

    def _moved(self, held: HeldPlan, states: frozenset[PlanState]) -> float | None:
        while (plan := self._plans.get(held.lease.plan_id)) is not None and plan.state in states:
            try:
                self._steps[plan.state](held, plan)
            except WorkInterruptedError:
                held.proceed()  # raises again when the process stops; otherwise somebody decided meanwhile
            after = self._plans.get(plan.id)
            if after is not None and after.state is plan.state:
                return AGAIN_SECONDS
        return None

    def _draw(self, held: HeldPlan) -> None:
        self._counted(
            held, lambda: self._announcer.draw(held), self._fault_book.met_drawing, "a plan could not be shown"
        )

    def _counted(self, held: HeldPlan, task: Task, count: "_Count", event: str) -> float | None:
        """What `task` returns; after a fault of it, for how many seconds the plan rests."""
        error = _outcome(task)
        if not isinstance(error, Exception):
            return error
        if isinstance(error, WorkInterruptedError | LeaseLostError):
            raise error
        reason = _logged(error, event, plan_id=held.lease.plan_id)
        fault = FaultKind.OUTAGE if isinstance(error, _OUTAGES) else FaultKind.BUG
        rests = count(held.lease, fault, reason=reason, now=self._clock())
        if rests is None:
            log.error("a plan was given up", extra={"plan": held.lease.plan_id, "reason": reason})
        return rests


class _Count(Protocol):
    def __call__(self, lease: Lease, fault: FaultKind, *, reason: str, now: datetime) -> float | None: ...


def _noted(shown: Future[None]) -> None:
    """Log what went wrong: it changes nothing for the work itself."""
    error = None if shown.cancelled() else shown.exception()
    if isinstance(error, WorkInterruptedError):
        return
    if isinstance(error, BotError):
        log.info("progress could not be shown", extra={"cause": type(error).__name__})
    elif error is not None:
        log.error("progress could not be shown", exc_info=error)


def _logged(error: Exception, event: str, *, plan_id: str) -> str:
    """Why the plan is given up, if it is; what nobody foresaw has a reference, by which the log is searched."""
    if isinstance(error, BotError):
        log.warning(event, extra={"plan": plan_id, "error": str(error)}, exc_info=error)
        return f"It did not work, and was given up. {error}"
    reference = uuid.uuid4().hex[:8]
    log.error(event, extra={"plan": plan_id, "reference": reference}, exc_info=error)
    return f"Something went wrong that nobody foresaw; the operator finds it in the log as {reference}."


def _outcome(task: Task) -> "float | Exception | None":
    """What `task` returns, or what it raises."""
    try:
        return task()
    except Exception as error:  # noqa: BLE001 - one of the three places for it
        return error
