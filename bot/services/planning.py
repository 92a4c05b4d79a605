"""From a request to a plan: one row stored at once, the reading done by the worker."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.choices import AS_ALWAYS, Choices
from bot.domain.command import PlanCommand
from bot.domain.deal import dealt
from bot.domain.options import DEFAULT_QUEUE
from bot.domain.plan import Origin, Plan, PlanRequest, PlanState, Progress, Proposal, Window, lifetime
from bot.domain.queue import Queue, no_queue
from bot.domain.reading import FoundRows
from bot.domain.reviewers import Staff
from bot.errors import (
    BraintrustError,
    CommandError,
    NotAllowedError,
    SlackRejectedError,
    WorkInterruptedError,
)
from bot.services.ports.braintrust import Patience
from bot.services.ports.plans import PlanReadings
from bot.services.ports.store import QueueBook
from bot.services.ports.work import Clock, Work
from bot.services.reading import RowReader
from bot.services.reviewers import StaffReader
from bot.services.step import StepContext, VisiblePatience
from bot.services.threads import in_background
from bot.settings import Settings

log = logging.getLogger(__name__)

ODD_ID_LENGTH = 80  # in the log
NOTED_AGAIN = timedelta(seconds=0.5)
"""How often a reading stores how far it is, and looks whether somebody cancelled it."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where the answer goes."""

    origin: Origin
    user: str | None = None
    channel: str | None = None
    response_url: str | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """The plan that answers a request, and whether it was made for it."""

    plan: Plan
    is_new: bool


class Planner:
    """Makes plans of what people ask for; the worker reads them (`ProposalStep`)."""

    def __init__(
        self,
        plans: PlanReadings,
        *,
        queues: QueueBook,
        settings: Settings,
        clock: Clock,
        new_id: Callable[[], str],
        wake: Callable[[], None],
    ) -> None:
        self._plans = plans
        self._queues = queues
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._wake = wake

    @property
    def default_queue(self) -> Queue:
        """The queue of the settings."""
        return self._settings.default_queue

    def request(self, command: PlanCommand, asker: Asker) -> Requested:
        """Store a plan to be read, and return at once; raises `CommandError` when it cannot be asked for like this.

        An identical command while one is read or waits for approval does not spend the query budget again.
        """
        plan = self.plan_for(command, asker)
        stored = self._plans.add(plan, who=asker.user or asker.origin.value)
        self._wake()
        return Requested(stored, is_new=stored.id == plan.id)

    def plan_for(self, command: PlanCommand, asker: Asker) -> Plan:
        """The plan that `command` asks for, with a window that is fixed from now on; raises `CommandError`."""
        queue = self.queue(command.queue)
        _require_channel(queue, asker)
        tag, reviewers = command.tag or queue.tag, command.reviewers or queue.reviewers
        if not tag:
            raise CommandError('No tag is set. Name one: `tag="My tag"`, or set REVIEW_TAG.')
        if not reviewers:
            raise CommandError("No reviewers are set. Name some: `reviewers=ana@example.com`, or set REVIEWERS.")
        approvers = queue.approvers or self._settings.policy.approvers
        if self._settings.policy.four_eyes and not command.dry_run and approvers == {asker.user}:
            where = f"the queue `{queue.name}`" if queue.approvers else "APPROVERS"
            raise CommandError(f"You are the only approver, and FOUR_EYES asks for somebody else. Add one to {where}.")
        request = PlanRequest(
            queue=queue.name,
            project_id=queue.project_id,
            tag=tag,
            days=command.days or queue.days,
            reviewers=reviewers,
            limit=command.limit or queue.limit,
            dry_run=command.dry_run,
            choices=Choices(
                strategy=command.strategy or queue.strategy,
                order=command.order or AS_ALWAYS.order,
                sample=command.sample,
                group_by=command.group_by or queue.group_by,
                filter=queue.filter,
                max_open_rows=queue.max_open_rows,
                max_new_rows=queue.max_new_rows,
            ),
            approvers=queue.approvers,
            origin=asker.origin,
            requested_by=asker.user,
            channel=asker.channel,
            response_url=asker.response_url,
        )
        now = self._clock()
        window = Window(now - timedelta(days=request.days), now)
        return Plan(self._new_id(), request, window, PlanState.READING, created_at=now)

    def queue(self, name: str | None) -> Queue:
        """The queue of this name, None for that of the settings; raises `CommandError` where there is none."""
        if name is None or name == DEFAULT_QUEUE:
            return self._settings.default_queue
        queue = self._queues.get(name)
        if queue is None:
            raise no_queue(name, (known.name for known in self._queues.all()))
        return queue


def _require_channel(queue: Queue, asker: Asker) -> None:
    if queue.channel is not None and asker.channel is not None and asker.channel != queue.channel:
        raise NotAllowedError(f"Plans of the queue `{queue.name}` are asked for in <#{queue.channel}>.")


class ProposalStep:
    """The worker's step that reads the rows of a plan, deals them out, and proposes the result."""

    def __init__(
        self,
        context: StepContext,
        *,
        staffing: StaffReader,
        enter: Callable[[Plan], None],
        expires_hours: int,
    ) -> None:
        self._context = context
        self._plans = context.books.plans
        self._staffing = staffing
        self._enter = enter
        self._expires_hours = expires_hours

    def carry_out(self, work: Work, plan: Plan) -> None:
        """Propose the plan, or say why not."""
        try:
            self._enter(plan)
            proposal = self._proposal(work, plan)
        except (BraintrustError, SlackRejectedError, CommandError, NotAllowedError) as error:
            self._plans.end_reading(work.lease, state=PlanState.FAILED, reason=str(error), now=self._context.clock())
            return

        if not proposal.batches:
            state, now = PlanState.EMPTY, self._context.clock()
            self._plans.end_reading(work.lease, state=state, reason=None, now=now, proposal=proposal)
            return
        state = PlanState.SHOWN if plan.request.dry_run else PlanState.PROPOSED
        self._plans.propose(work.lease, proposal, state=state, now=self._context.clock())

    def _proposal(self, work: Work, plan: Plan) -> Proposal:
        request = plan.request
        patience = self._patience(work, plan)
        staffing = in_background(lambda: self._staffing.of(request, patience=patience), name="staff")
        found = self._rows(work, plan, staffing, patience)
        staff = staffing.result()
        balances = self._plans.balances(request.queue, request.tag)

        seed = f"{plan.id}:{plan.version}"
        proposal = dealt(
            found, staff, request, seed=seed, balances=balances, batch_size=self._context.settings.batch_size
        )

        if proposal.without_room and not proposal.batches:
            raise CommandError("Everybody has as many open rows as they may have, so nothing can be assigned.")
        return replace(
            proposal, expires_at=self._context.clock() + lifetime(request.origin, usual_hours=self._expires_hours)
        )

    def _rows(self, work: Work, plan: Plan, staffing: Future[Staff], patience: Patience) -> FoundRows:
        noted_at = self._context.clock()

        def on_page(pages: int, rows: int) -> None:
            nonlocal noted_at
            if staffing.done():
                staffing.result()  # nobody to review: why read on?
            progress = Progress(pages, rows)
            if self._context.clock() - noted_at >= NOTED_AGAIN:
                noted_at = self._context.clock()
                self._note(work, progress)
            self._context.announcer.reading_progress(work, replace(plan, progress=progress))

        reader = RowReader(self._context.braintrust, self._context.settings)
        found = reader.matching(plan.request, plan.window, patience=patience, on_page=on_page)
        if found.odd_ids:
            named = {"rows": found.counts.unaddressable, "ids": [odd[:ODD_ID_LENGTH] for odd in found.odd_ids]}
            log.warning("rows have ids that cannot be asked for", extra={"plan": plan.id, **named})
        return found

    def _patience(self, work: Work, plan: Plan) -> VisiblePatience:
        def look_up() -> None:
            """End a reading that somebody cancelled while Braintrust is waited for."""
            stored = self._plans.get(plan.id)
            if stored is None or stored.state is not PlanState.READING:
                raise WorkInterruptedError

        def explain(reason: str | None) -> None:
            progress = Progress(waiting=reason)
            self._note(work, progress)
            self._context.announcer.reading_progress(work, replace(plan, progress=progress))

        return VisiblePatience(work, explain, look_up=look_up)

    def _note(self, work: Work, progress: Progress) -> None:
        """Store how far the reading is, and end it when somebody decided otherwise meanwhile."""
        work.proceed()
        if self._plans.record_progress(work.lease, progress).state is not PlanState.READING:
            raise WorkInterruptedError
