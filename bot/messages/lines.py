"""Plans and reports as lines of plain text, for the terminal."""

from bot.domain.model import REPORTED, Plan, PlanState
from bot.domain.report import Report
from bot.domain.undo import UndoCounts
from bot.messages.plan import crowded_lines, picked_lines
from bot.messages.reasons import kept_rows
from bot.messages.report import exception_lines, report_headline, undo_sentence
from bot.messages.text import counted, number


def plan_lines(plan: Plan) -> list[str]:
    """What was read, and who would get how much."""
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
    return [*lines, *(f"  {line}" for line in picked_lines(plan)), *people_lines(plan)]


def people_lines(plan: Plan) -> list[str]:
    """Who would get how much, and who is left out."""
    left_out = [f"  left out: {left.name} ({left.reason})" for left in plan.left_out]
    people = [f"  {share.reviewer.name}: {share.rows} {'row' if share.rows == 1 else 'rows'}" for share in plan.shares]
    crowded = [f"  {line}" for line in crowded_lines(plan)]
    return ["", "Assignment plan:", *people, *crowded, *left_out]


def report_lines(plan: Plan, report: Report, undo: UndoCounts) -> list[str]:
    """What became of an assignment, also where it was taken back, or an attempt to do so ended early."""
    if plan.state is PlanState.UNDONE:
        return [f"Undone. {undo_sentence(undo)}"]
    if plan.undone_by:
        return [f"Taking it back ended early. {plan.reason}", f"  {undo_sentence(undo)}"]
    why = [reason for reason in (plan.reason, *report.reasons) if reason] if plan.state is not PlanState.DONE else []
    return [report_headline(plan, report), *(f"  {line}" for line in [*exception_lines(report), *dict.fromkeys(why)])]


def unfinished_line(plan: Plan) -> str:
    """What waits of an assignment, or an undo, that was interrupted."""
    if plan.state is PlanState.UNDOING:
        return f"Plan {plan.id} is being taken back and not finished: {counted(plan.progress.rows, 'row')} so far."
    assigned = f"{number(plan.progress.rows)} of {counted(plan.planned_rows, 'row')}"
    return f"Plan {plan.id} is not finished: {assigned} assigned so far."


def state_line(plan: Plan) -> str:
    """Where a plan is."""
    ended = plan.state in REPORTED
    return f"Plan {plan.id} has ended: {plan.state}." if ended else f"Plan {plan.id} is {plan.state}."


def preview_line(plan: Plan, counts: UndoCounts) -> str:
    """What an undo would take back and keep."""
    kept = kept_rows(counts)
    possible = f"Plan {plan.id}: {counted(counts.taken_back, 'row')} can be taken back"
    return f"{possible}; kept: {kept}." if kept else f"{possible}."
