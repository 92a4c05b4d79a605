"""Plans and assignments on the terminal: the same services as in Slack, told in lines of text."""

import json
from collections.abc import Callable
from pathlib import Path

from bot.app import Core, Store
from bot.domain.command import PlanCommand
from bot.domain.model import REPORTED, WRITING, Origin, Plan, PlanState
from bot.domain.report import Report, planned_pairs, report_of
from bot.messages.plan import crowded_lines, picked_lines
from bot.messages.reasons import drift_sentence
from bot.messages.report import exception_lines, report_headline
from bot.services.planning import Asker
from bot.services.ports import Plans, Work
from bot.services.slack_ports import Surfaces
from bot.settings import Settings

IDS_FILE = Path("to_assign_ids.json")
READING = frozenset({PlanState.READING})
Say = Callable[[str], None]


class TerminalAnnouncer:
    """The `Announcer` port in lines of text."""

    def __init__(self, plans: Plans, surfaces: Surfaces, say: Say) -> None:
        self._plans = plans
        self._surfaces = surfaces
        self._say = say
        self._last = ""
        self._rows = 0

    def reading_progress(self, work: Work, plan: Plan) -> None:
        """`page 3: 1000 rows (total 3000)`, or why nothing moves."""
        progress = plan.progress
        if progress.waiting:
            self._tell(f"  {progress.waiting}")
        elif progress.pages:
            self._tell(f"  page {progress.pages}: {progress.rows - self._rows} rows (total {progress.rows})")
            self._rows = progress.rows

    def writing_progress(self, work: Work, plan: Plan) -> None:
        """`assigned 2000/2210`, or why nothing moves."""
        waiting = f" {plan.progress.waiting}" if plan.progress.waiting else ""
        if plan.progress.rows or waiting:
            self._tell(f"  assigned {plan.progress.rows}/{plan.planned_rows}{waiting}")

    def proposed_again(self, plan: Plan, approver: str) -> None:
        """Said by `Terminal.assign`, which asks again."""

    def draw(self, work: Work) -> None:
        """Nothing is drawn on a terminal; the plan counts as shown."""
        plan = self._plans.get(work.lease.plan_id)
        if plan is not None and plan.drawn < plan.revision:
            self._surfaces.drawn(work.lease, plan.revision)

    def _tell(self, line: str) -> None:
        if line != self._last:
            self._say(line)
            self._last = line


class Terminal:
    """One plan from the question to the report, worked off in the foreground."""

    def __init__(self, settings: Settings, *, say: Say) -> None:
        self._settings = settings
        self._say = say
        self._store = Store(settings.database_url)
        announcer = TerminalAnnouncer(self._store.plans, self._store.surfaces, say)
        self._core = Core(settings, self._store, entrance=None, people=None, announcer=announcer)

    def close(self) -> None:
        """Finish what is on its way, and hand the rest over to the next start."""
        self._core.worker.stop(timeout_seconds=25)
        self._store.database.close()

    def finish_interrupted(self) -> None:
        """Carry earlier assignments of the terminal to their end: their rows are spoken for."""
        for plan_id in self._store.plans.interrupted(Origin.TERMINAL):
            self._say(f"Finishing plan {plan_id}, which was interrupted.")
            self._core.worker.finish(plan_id, states=WRITING)
            plan = self._plan(plan_id)
            changed = f"Plan {plan_id} changed too much to go on; it was given up."
            self._say("\n".join(self._report_lines(plan)) if plan.state in REPORTED else changed)

    def propose(self, command: PlanCommand) -> Plan:
        """Read and deal out; the plan, told in lines, its row ids in `to_assign_ids.json`."""
        plan_id = self._core.planning.request(command, Asker(Origin.TERMINAL)).plan.id
        self._core.worker.finish(plan_id, states=READING)
        plan = self._plan(plan_id)
        if plan.state in (PlanState.PROPOSED, PlanState.SHOWN, PlanState.EMPTY):
            row_ids = [row_id for row_id, _ in planned_pairs(self._store.batches.of(plan_id))]
            IDS_FILE.write_text(json.dumps(row_ids, indent=2))
            self._say("\n".join(_plan_lines(plan)))
        return plan

    def assign(self, plan: Plan) -> Plan:
        """Approve the plan and write it; the plan at its end, or proposed again because too much changed."""
        now = self._core.planning.now()
        if self._store.plans.approve(plan.id, edition=plan.edition, who=Origin.TERMINAL.value, now=now):
            self._core.worker.finish(plan.id, states=WRITING)
        else:
            self._store.plans.expire(now=now)
        plan = self._plan(plan.id)
        if plan.state not in REPORTED | {PlanState.PROPOSED}:
            self._say(f"Plan {plan.id} is {plan.state}. No rows updated.")
        elif plan.state is PlanState.PROPOSED:
            self._say("\n".join(["", drift_sentence(plan), *_people_lines(plan)]))
        else:
            self._say("\n" + "\n".join(self._report_lines(plan)))
        return plan

    def _plan(self, plan_id: str) -> Plan:
        plan = self._store.plans.get(plan_id)
        assert plan is not None, "a plan that was stored a moment ago"  # noqa: S101
        return plan

    def _report_lines(self, plan: Plan) -> list[str]:
        report: Report = report_of(plan, self._store.batches.of(plan.id))
        reasons = [reason for reason in (plan.reason, *report.reasons) if reason and report.missing]
        return [report_headline(plan, report), *(f"  {line}" for line in [*exception_lines(report), *reasons])]


def _plan_lines(plan: Plan) -> list[str]:
    counts, request = plan.counts, plan.request
    lines = [
        "",
        f"Fetched {counts.matched} logs tagged '{request.tag}' from the last {request.days} days.",
        f"  already assigned (skip):   {counts.assigned}",
        f"  finished (skip):           {counts.finished}",
        f"  not assigned (to assign):  {counts.unassigned}",
    ]
    if plan.state is PlanState.EMPTY:
        return [*lines, "Nothing to assign."]
    picked = [f"  {line}" for line in picked_lines(plan)]
    return [*lines, *picked, *_people_lines(plan)]


def _people_lines(plan: Plan) -> list[str]:
    left_out = [f"  left out: {left.name} ({left.reason})" for left in plan.left_out]
    people = [f"  {share.reviewer.name}: {share.rows} rows" for share in plan.shares]
    crowded = [f"  {line}" for line in crowded_lines(plan)]
    return ["", "Assignment plan:", *people, *crowded, *left_out]
