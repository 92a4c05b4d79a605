"""Claims plans that have work to do and advances them, step by step, in threads of its own."""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.domain.model import WORKED_ON, Plan, PlanState
from bot.errors import BotError, LeaseLostError, StoreUnavailableError, WorkInterruptedError
from bot.held_plan import HeldPlan
from bot.services.ports import Announcer, Leases, Plans, Work

log = logging.getLogger(__name__)

Step = Callable[[Work, Plan], None]
POLL_SECONDS = 1.0  # how soon work is noticed that another process asked for
RENEW_SECONDS = 5.0
RELEASE_SECONDS = 15.0  # how long a lease is tried to be given back while the database is away
AGAIN_SECONDS = 2.0  # after a step that could not move its plan
FAULT_SECONDS = 5.0  # after one that met a fault


@dataclass(frozen=True, slots=True)
class Lane:
    """Threads for some kinds of work, so that long readings never hold up an approval."""

    name: str
    states: frozenset[PlanState]
    threads: int
    redraws: bool


LANES = (
    Lane("reading", frozenset({PlanState.READING}), threads=4, redraws=False),
    Lane("writing", WORKED_ON, threads=4, redraws=True),
)


class Worker:
    """Runs the steps of plans under leases; several workers on one database share the plans."""

    def __init__(self, *, leases: Leases, plans: Plans, steps: Mapping[PlanState, Step], announcer: Announcer) -> None:
        self._leases = leases
        self._plans = plans
        self._steps = steps
        self._announcer = announcer
        self._held: set[HeldPlan] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._work = {lane.name: threading.Event() for lane in LANES}
        self._aside = ThreadPoolExecutor(4, thread_name_prefix="progress")
        self._threads: list[threading.Thread] = []
        self._beat_at = time.monotonic()

    def start(self) -> None:
        """Begin to claim work."""
        self._spawn(self._keep_leases, "leases")
        for lane in LANES:
            for number in range(lane.threads):
                self._spawn(self._serve, f"{lane.name}-{number}", lane)

    def wake(self) -> None:
        """Look for work now; called after a change of a plan in this process."""
        for event in self._work.values():
            event.set()

    def stop(self, *, timeout_seconds: float) -> None:
        """Begin nothing new, finish the requests that are on their way, and hand the plans back."""
        self._stopping.set()
        self.wake()
        with self._lock:
            for held in self._held:
                held.end(WorkInterruptedError())
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads[1:]:
            thread.join(max(deadline - time.monotonic(), 0.1))
        self._stopped.set()  # leases are kept until nothing is held any more
        self._aside.shutdown(wait=False, cancel_futures=True)

    def is_alive(self) -> bool:
        """Whether the worker's threads run and its leases are looked after."""
        recent = time.monotonic() - self._beat_at < 3 * RENEW_SECONDS
        return recent and bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def finish(self, plan_id: str, *, states: frozenset[PlanState]) -> None:
        """Work on one plan in this thread until it has left `states`."""
        if not self._threads:
            self._spawn(self._keep_leases, "leases")
        lane = Lane("foreground", states, threads=1, redraws=False)
        while (plan := self._plans.get(plan_id)) is not None and plan.state in states:
            if not self._claim_and_advance(lane, only=plan_id):
                self._stopping.wait(POLL_SECONDS)

    def _spawn(self, target: Callable[..., None], name: str, *args: Lane) -> None:
        thread = threading.Thread(target=target, name=name, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, lane: Lane) -> None:
        while not self._stopping.is_set():
            self._work[lane.name].clear()
            if not self._claim_and_advance(lane):
                self._work[lane.name].wait(POLL_SECONDS)

    def _claim_and_advance(self, lane: Lane, *, only: str | None = None) -> bool:
        """Work on one plan; False when there is nothing to do just now."""
        claimed_at = time.monotonic()
        try:
            claimed = self._leases.claim(lane.states, only=only, redraw=lane.redraws)
        except StoreUnavailableError as error:
            log.warning("no work can be claimed", extra={"cause": repr(error.__cause__)})
            return False
        if claimed is None:
            return False
        held = HeldPlan(claimed[0], claimed_at=claimed_at, aside=self._aside)
        with self._lock:
            self._held.add(held)
            if self._stopping.is_set():
                held.end(WorkInterruptedError())
        try:
            again_in_seconds = self._advance(held, lane)
        finally:
            held.quiet()  # no late edit may follow what the next one shows
            with self._lock:
                self._held.discard(held)
        self._release(held, again_in_seconds)
        self.wake()  # somebody may have decided about it while it was held
        return True

    def _advance(self, held: HeldPlan, lane: Lane) -> float | None:
        """Draw and step until nothing moves; in how many seconds to look again, None for at once."""
        try:
            return self._moved(held, lane)
        except WorkInterruptedError:
            return None
        except LeaseLostError:
            log.info("a plan was taken over by another worker", extra={"plan": held.lease.plan_id})
            return None
        except BotError as error:
            log.warning("a step met a fault", extra={"plan": held.lease.plan_id, "error": str(error)}, exc_info=True)
            return FAULT_SECONDS
        except Exception:  # noqa: BLE001 - one of the three places for it
            return self._unforeseen(held)

    def _moved(self, held: HeldPlan, lane: Lane) -> float | None:
        self._draw(held)
        while (plan := self._plans.get(held.lease.plan_id)) is not None and plan.state in lane.states:
            try:
                self._steps[plan.state](held, plan)
            except WorkInterruptedError:
                held.proceed()  # raises again when the process stops; otherwise somebody decided meanwhile
            after = self._plans.get(plan.id)
            if after is not None and after.state is plan.state:
                return AGAIN_SECONDS

        held.quiet()
        return None if self._draw(held) else FAULT_SECONDS

    def _draw(self, held: HeldPlan) -> bool:
        """Show the plan; False when Slack could not be reached, which must not hold up the work itself."""
        try:
            self._announcer.draw(held)
        except WorkInterruptedError:
            return False
        except LeaseLostError:
            raise
        except BotError as error:
            log.warning("a plan could not be shown", extra={"plan": held.lease.plan_id, "error": str(error)})
            return False
        return True

    def _unforeseen(self, held: HeldPlan) -> float:
        """Log what nobody foresaw under a reference; a reading ends with it, anything later is tried again."""
        reference = uuid.uuid4().hex[:8]
        log.exception("a step failed", extra={"plan": held.lease.plan_id, "reference": reference})
        reason = f"Something went wrong that nobody foresaw; the operator finds it in the log as {reference}."
        try:
            self._plans.end_reading(held.lease, state=PlanState.FAILED, reason=reason, now=datetime.now(UTC))
        except BotError:
            log.warning("the plan could not be marked as failed", extra={"plan": held.lease.plan_id})
        return FAULT_SECONDS

    def _release(self, held: HeldPlan, again_in_seconds: float | None) -> None:
        patient = Retrying(
            retry=retry_if_exception_type(StoreUnavailableError),
            stop=stop_after_delay(RELEASE_SECONDS),
            wait=wait_fixed(0.5),
            reraise=True,
        )
        try:
            patient(self._leases.release, held.lease, wake_in_seconds=again_in_seconds)
        except StoreUnavailableError:
            log.warning("a lease could not be given back; it will run out", extra={"plan": held.lease.plan_id})

    def _keep_leases(self) -> None:
        while not self._stopped.wait(RENEW_SECONDS):
            with self._lock:
                held_plans = list(self._held)
            for held in held_plans:
                self._renew(held)
            self._beat_at = time.monotonic()

    def _renew(self, held: HeldPlan) -> None:
        began = time.monotonic()
        try:
            renewed = self._leases.renew(held.lease)
        except StoreUnavailableError:
            return  # the lease runs on for a while; another try comes before it ends
        if renewed:
            held.renewed(began)
        else:
            held.end(LeaseLostError("Another process took over this plan."))
