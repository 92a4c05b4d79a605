"""Threads that claim plans and take turns at them, under leases that are renewed."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.domain.plan import WORKED_ON, PlanState
from bot.domain.rhythm import USUAL, Rhythm
from bot.errors import LeaseLostError, StoreUnavailableError, WorkInterruptedError
from bot.services.ports.plans import StoredPlans
from bot.services.ports.store import Claim, LeaseBook
from bot.services.threads import in_background
from bot.work.turn import HeldPlan, Turn

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # how soon work is noticed that another process asked for
PATIENCE_SECONDS = 15.0  # how long it is tried to give a lease back, or to look at a plan, while the database is away


@dataclass(frozen=True, slots=True)
class Lane:
    """Threads for some kinds of work: long readings hold up no approval, and a Slack that is slow no work at all."""

    name: str
    states: frozenset[PlanState]
    """Whose steps are run; empty: plans are only shown."""
    threads: int = 4


LANES = (Lane("reading", frozenset({PlanState.READING})), Lane("writing", WORKED_ON), Lane("showing", frozenset()))


class Worker:
    """Takes turns at plans under leases; several workers on one database share the plans."""

    def __init__(self, *, leases: LeaseBook, plans: StoredPlans, turn: Turn, rhythm: Rhythm = USUAL) -> None:
        self._leases = leases
        self._plans = plans
        self._turn = turn
        self._rhythm = rhythm
        self._held: set[HeldPlan] = set()
        self._shown: set[HeldPlan] = set()  # those of them that are only shown
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._work = {lane.name: threading.Event() for lane in LANES}
        self._looking = {lane.name: threading.Lock() for lane in LANES}
        self._aside = ThreadPoolExecutor(8, thread_name_prefix="progress")
        self._threads: list[threading.Thread] = []
        self._foreground: list[Future[None]] = []
        self._beat_at = time.monotonic()

    def start(self) -> None:
        """Begin to claim work."""
        self._spawn(self._keep_leases, "leases")
        for lane in LANES:
            for number in range(lane.threads):
                self._spawn(self._serve, f"{lane.name}-{number}", lane)

    def wake(self) -> None:
        """Look for work now; called after a change of a plan in this process.

        Whatever is being shown may have work now: it is let go after the call that is on its way.
        """
        with self._lock:
            for held in self._shown:
                held.end(WorkInterruptedError())
        self._look()

    def stop(self, *, timeout_seconds: float) -> None:
        """Begin nothing new, finish the requests that are on their way, and hand the plans back."""
        self._stopping.set()
        self.wake()
        with self._lock:
            for held in self._held:
                held.end(WorkInterruptedError())
        deadline = time.monotonic() + timeout_seconds
        wait(self._foreground, timeout_seconds)
        for thread in self._threads[1:]:
            thread.join(max(deadline - time.monotonic(), 0.1))
        self._stopped.set()  # leases are kept until nothing is held any more
        self._aside.shutdown(wait=False, cancel_futures=True)

    def is_alive(self) -> bool:
        """Whether the worker's threads run and its leases are looked after."""
        recent = time.monotonic() - self._beat_at < 3 * self._rhythm.renew_seconds
        return recent and bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def finish(self, plan_id: str, *, states: frozenset[PlanState]) -> None:
        """Wait until one plan has left `states`, and work on it meanwhile.

        That happens in another thread: a signal interrupts the waiting, and never a step in the middle.
        """
        if not self._threads:
            self._spawn(self._keep_leases, "leases")
        lane = Lane("foreground", states)
        self._foreground.append(in_background(partial(self._finish, plan_id, lane), name=lane.name))
        while not self._foreground[-1].done():
            wait(self._foreground[-1:], POLL_SECONDS)  # a signal right before a wait is noticed only after it
        self._foreground[-1].result()

    def _look(self) -> None:
        for event in self._work.values():
            event.set()

    def _finish(self, plan_id: str, lane: Lane) -> None:
        while not self._stopping.is_set():
            plan = _patiently(self._plans.get, plan_id)
            if plan is None or plan.state not in lane.states:
                self._claim_and_advance(LANES[-1], only=plan_id)
                return
            if not self._claim_and_advance(lane, only=plan_id):
                self._stopping.wait(POLL_SECONDS)

    def _spawn(self, target: Callable[..., None], name: str, *args: Lane) -> None:
        thread = threading.Thread(target=target, name=name, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, lane: Lane) -> None:
        while (claimed := self._next(lane)) is not None:
            self._take_turn(*claimed, lane)

    def _next(self, lane: Lane) -> tuple[HeldPlan, Claim] | None:
        """The next plan that waits for work, once there is one; None when the worker stops.

        One of a lane's threads looks; the others that have nothing to do wait for their turn.
        """
        work = self._work[lane.name]
        with self._looking[lane.name]:
            while not self._stopping.is_set():
                work.clear()
                if (claimed := self._claimed(lane)) is not None:
                    return claimed
                work.wait(POLL_SECONDS)
        return None

    def _claim_and_advance(self, lane: Lane, *, only: str | None = None) -> bool:
        """Take a turn at one plan; False when there is nothing to do just now."""
        claimed = self._claimed(lane, only=only)
        if claimed is not None:
            self._take_turn(*claimed, lane)
        return claimed is not None

    def _claimed(self, lane: Lane, *, only: str | None = None) -> tuple[HeldPlan, Claim] | None:
        claimed_at = time.monotonic()
        try:
            claim = self._leases.claim(lane.states, only=only)
        except StoreUnavailableError as error:
            log.warning("no work can be claimed", extra={"cause": repr(error.__cause__)})
            return None
        if claim is None:
            return None
        return HeldPlan(claim.lease, claimed_at=claimed_at, aside=self._aside, rhythm=self._rhythm), claim

    def _take_turn(self, held: HeldPlan, claim: Claim, lane: Lane) -> None:
        self._release(held, self._advance(held, claim, lane))
        self._look()  # somebody may have decided about it while it was held

    def _advance(self, held: HeldPlan, claim: Claim, lane: Lane) -> float | None:
        with self._lock:
            self._held.add(held)
            if not lane.states:
                self._shown.add(held)
            if self._stopping.is_set():
                held.end(WorkInterruptedError())
        try:
            return self._turn.take(held, claim, lane.states)
        finally:
            held.end(WorkInterruptedError())  # what is shown aside comes to its end
            held.quiet()  # no late edit may follow what the next one shows
            with self._lock:
                self._held.discard(held)
                self._shown.discard(held)

    def _release(self, held: HeldPlan, rests_seconds: float | None) -> None:
        try:
            _patiently(self._leases.release, held.lease, wake_in_seconds=rests_seconds)
        except StoreUnavailableError:
            log.warning("a lease could not be given back; it will run out", extra={"plan": held.lease.plan_id})

    def _keep_leases(self) -> None:
        while not self._stopped.wait(self._rhythm.renew_seconds):
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


_patiently = Retrying(
    retry=retry_if_exception_type(StoreUnavailableError),
    stop=stop_after_delay(PATIENCE_SECONDS),
    wait=wait_fixed(0.5),
    reraise=True,
)
