"""Plans, assignments and undos on the terminal: the same services as in Slack, told in lines of text."""

import json
from pathlib import Path
from typing import Any

from bot.adapters.private_files import write_private_file
from bot.adapters.store.store import Store
from bot.app import Core
from bot.cli.console import Console, program
from bot.cli.json_output import plan_in_full
from bot.cli.progress_bar import Advance
from bot.domain.command import PlanCommand
from bot.domain.plan import REPORTED, WORKED_ON, Origin, Plan, PlanState
from bot.domain.report import planned_pairs, report_of
from bot.domain.undo import UndoCounts, counted_undo
from bot.errors import CommandError
from bot.messages.lines import people_lines, plan_lines, report_lines, state_line, unfinished_line
from bot.messages.reasons import drift_sentence, undo_limit
from bot.messages.text import counted, number
from bot.services.planning import Asker
from bot.services.ports.plans import StoredPlans
from bot.services.ports.store import SurfaceBook
from bot.services.ports.work import Work
from bot.settings import Settings

IDS_FILE = Path("to_assign_ids.json")
STOP_SECONDS = 25.0  # a write takes up to 20 s
WHO = Origin.TERMINAL.value


class TerminalAnnouncer:
    """The `Announcer` port in lines of text."""

    def __init__(self, plans: StoredPlans, surfaces: SurfaceBook, console: Console) -> None:
        self._plans = plans
        self._surfaces = surfaces
        self._console = console
        self._read = 0

    def begin(self, plan: Plan) -> None:
        """Show that work on a plan begins, where that is seen."""
        self._read = 0
        self._console.progress(self._reached(plan), "")

    def reading_progress(self, work: Work, plan: Plan) -> None:
        """`page 3: 1,000 rows (total 3,000)`, or why nothing moves."""
        progress, line = plan.progress, ""
        if progress.waiting:
            line = f"  {progress.waiting}"
        elif progress.pages:
            line = (
                f"  page {progress.pages}: {counted(progress.rows - self._read, 'row')} (total {number(progress.rows)})"
            )
            self._read = progress.rows
        self._console.progress(self._reached(plan), line)

    def writing_progress(self, work: Work, plan: Plan) -> None:
        """`assigned 2,000/2,210`, `taken back 300`, or why nothing moves."""
        at = self._reached(plan)
        done = f"{at.doing} {number(at.rows)}" + (f"/{number(at.total)}" if at.total is not None else "")
        self._console.progress(at, f"  {done} {at.waiting or ''}".rstrip() if at.rows or at.waiting else "")

    def proposed_again(self, plan: Plan, approver: str) -> None:
        """Said by `Terminal.assign`, which asks again."""

    def draw(self, work: Work) -> None:
        """A plan of the terminal needs no drawing; one of Slack is left to a bot that is connected to it."""
        plan = self._plans.get(work.lease.plan_id)
        if plan is not None and plan.request.channel is None and plan.drawn < plan.revision:
            self._surfaces.drawn(work.lease, plan.revision)

    def _reached(self, plan: Plan) -> Advance:
        waiting = plan.progress.waiting
        if plan.state is PlanState.READING:
            return Advance("reading", self._read, waiting=waiting)
        if plan.state is PlanState.UNDOING:
            return Advance("taken back", plan.progress.rows, waiting=waiting)
        return Advance("assigned", plan.progress.rows, plan.planned_rows, waiting)


class Terminal:
    """Works on one plan after the other in the foreground.  What it is told to do, it may do: it has the key."""

    def __init__(self, settings: Settings, store: Store, console: Console) -> None:
        self._say = console.say
        self._complain = console.complain
        self._store = store
        self._announcer = TerminalAnnouncer(self._store.plans, self._store.surfaces, console)
        self._core = Core(settings, self._store, announcer=self._announcer)
        self._belonging = self._core.belonging({})
        self._plan_id: str | None = None
        self._patience_seconds = STOP_SECONDS

    def begin(self) -> None:
        """Raise `StoreUnusableError` where the database is another organisation's."""
        self._belonging.begin()

    def close(self) -> None:
        """Finish what is on its way, and hand the rest over to the next start; raises like `begin`."""
        self._belonging.end()
        self._core.worker.stop(timeout_seconds=self._patience_seconds)
        self._store.database.close()
        self._belonging.require()

    def plan(self, plan_id: str) -> Plan:
        """A plan by its id; raises `CommandError` where there is none."""
        found = self._store.plans.get(plan_id)
        if found is None:
            raise CommandError(f"There is no plan {plan_id}. '{program()} history' lists the newest.")
        return found

    def unfinished(self) -> list[Plan]:
        """What the terminal began to write, or to take back, and did not bring to its end, oldest first."""
        return self._store.plans.unfinished(WHO)

    def finish(self, plan: Plan) -> Plan:
        """Bring a plan that is written, or taken back, to its end; tell how it ended."""
        self._work(plan, WORKED_ON)
        plan = self._as_it_is(plan)
        if plan.state in REPORTED | {PlanState.UNDONE}:
            report = report_of(plan, self._store.batches.of(plan.id))
            self._say("", *report_lines(plan, report, counted_undo(self._store.undone.of(plan.id))))
        return plan

    def propose(self, command: PlanCommand) -> Plan:
        """Read and deal out; the plan, told in lines, its row ids in `to_assign_ids.json`."""
        plan = self._core.planner.request(command, Asker(Origin.TERMINAL)).plan
        self._work(plan, frozenset({PlanState.READING}))
        plan = self._as_it_is(plan)
        if plan.state in (PlanState.PROPOSED, PlanState.SHOWN, PlanState.EMPTY):
            self._write_ids(plan)
            self._say(*plan_lines(plan))
        return plan

    def assign(self, plan: Plan) -> Plan:
        """Approve the plan and write it; the plan at its end, or proposed again because too much changed."""
        now = self._store.clock()
        if not self._store.plans.approve(plan.id, edition=plan.edition, who=WHO, now=now):
            self._store.plans.expire(now=now)
            plan = self._as_it_is(plan)
            self._say(f"{state_line(plan)} No rows updated.")
            return plan
        plan = self.finish(plan)
        if plan.state is PlanState.PROPOSED:
            self._say("", drift_sentence(plan), *people_lines(plan))
        return plan

    def cancel(self, plan: Plan) -> bool:
        """Give up a plan that is read or proposed; False when it is not, any more."""
        return self._store.plans.cancel(plan.id, edition=plan.edition, who=WHO, now=self._store.clock())

    def stop(self, plan: Plan) -> Plan:
        """End an assignment after the batches that are on their way, and tell how far it came."""
        self._store.plans.stop(plan.id, edition=plan.edition, who=WHO, now=self._store.clock())
        return self.finish(plan)

    def preview_undo(self, plan: Plan) -> UndoCounts:
        """Fresh numbers of what an undo would take back and keep.

        Raises `CommandError` where the plan cannot be taken back, and `BraintrustError`.
        """
        if self._core.undoing.is_possible(plan):
            return self._core.undoing.preview(plan)
        if plan.state not in REPORTED or plan.finished_at is None:
            raise CommandError(f"{state_line(plan)} There is nothing to take back.")
        limit = undo_limit(self._core.undoing.hours)
        raise CommandError(f"Plan {plan.id} cannot be taken back: {limit} (UNDO_HOURS).")

    def undo(self, plan: Plan) -> Plan:
        """Take an assignment back, and tell what was kept."""
        self._core.undoing.begin(plan.id, edition=plan.edition, who=WHO, now=self._store.clock())
        return self.finish(plan)

    def in_full(self, plan: Plan) -> dict[str, Any]:
        """The plan as it is now, for scripts."""
        return plan_in_full(self._as_it_is(plan), self._store.batches.of(plan.id))

    def interrupt(self) -> str:
        """End early: give up what nobody agreed to, finish the requests that write; what that means."""
        self._core.undoing.close()
        self._core.queues.close()
        plan = None if self._plan_id is None else self._store.plans.get(self._plan_id)
        if plan is None or self.cancel(plan) or plan.decided_at is None:
            self._patience_seconds = 0.0  # a reading leaves nothing behind
            return "Interrupted. No rows updated."
        self._core.worker.stop(timeout_seconds=STOP_SECONDS)
        plan = self._as_it_is(plan)
        if plan.state not in WORKED_ON:
            return f"Interrupted. {state_line(plan)}"
        on_its_own = "A bot that runs on the same database goes on with it."
        return f"Interrupted. {unfinished_line(plan)} {self._ways(plan)}. {on_its_own}"

    def _ways(self, plan: Plan) -> str:
        if plan.state is PlanState.UNDOING:
            return f"'{program()} undo {plan.id}' finishes it"
        stop = f"'{program()} stop {plan.id}' ends it"
        is_ours = any(plan.id == one.id for one in self.unfinished())
        return f"'{program()} plan --resume' finishes it, {stop}" if is_ours else stop

    def _work(self, plan: Plan, states: frozenset[PlanState]) -> None:
        self._plan_id = plan.id
        self._announcer.begin(plan)
        self._core.worker.finish(plan.id, states=states)

    def _as_it_is(self, plan: Plan) -> Plan:
        return self._store.plans.get(plan.id) or plan

    def _write_ids(self, plan: Plan) -> None:
        """The row ids as a file, for its owner alone; the plan goes on without it."""
        row_ids = [row_id for row_id, _ in planned_pairs(self._store.batches.of(plan.id))]
        try:
            write_private_file(IDS_FILE, json.dumps(row_ids, indent=2))
        except OSError as error:
            self._complain(f"{IDS_FILE} could not be written ({error.strerror}). The plan goes on without it.")
