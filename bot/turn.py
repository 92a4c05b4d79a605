"""One turn of work on a plan: it is shown, its steps run until nothing moves, and what goes wrong is counted."""

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from bot.domain.faults import FaultKind
from bot.domain.model import Plan, PlanState
from bot.errors import (
    BotError,
    BraintrustUnavailableError,
    LeaseLostError,
    SlackUnavailableError,
    StoreUnavailableError,
    WorkInterruptedError,
)
from bot.held_plan import HeldPlan
from bot.services.ports import Announcer, Clock, Lease, Plans, Work
from bot.services.worker_ports import Claim, FaultBook

log = logging.getLogger(__name__)

Step = Callable[[Work, Plan], None]
Task = Callable[[], float | None]
AGAIN_SECONDS = 2.0  # after a step that could not move its plan
UNCOUNTED_SECONDS = 5.0  # after a fault that could not even be stored
_OUTAGES = (BraintrustUnavailableError, SlackUnavailableError, StoreUnavailableError)
_DIED = "The bot's process ended again and again in the middle of this, so it was given up. Its log may say why."


class Turn:
    """Works on a plan under a lease.  Whether it can be shown never holds up the work itself."""

    def __init__(
        self,
        *,
        plans: Plans,
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
