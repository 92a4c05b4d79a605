"""Plans and reports as lines of plain text, for the terminal."""

from bot.domain.options import DEFAULT_QUEUE
from bot.domain.plan import REPORTED, Plan, PlanState
from bot.domain.report import Report
from bot.domain.undo import UndoCounts
from bot.messages.plan import crowded_lines, picked_lines
from bot.messages.reasons import kept_rows
from bot.messages.report import exception_lines, report_headline, undo_sentence
from bot.messages.text import counted, last_days, number


def plan_lines(plan: Plan) -> list[str]:
    """What was read, and who would get how much."""
    counts, request = plan.counts, plan.request
    lines = [
        "",
        f"Fetched {counted(counts.matched, 'log')} tagged '{request.tag}' from {last_days(request.days)}.",
        *([f"Queue: {request.queue}"] if request.queue != DEFAULT_QUEUE else []),
        *([f"Filter: {request.choices.filter}"] if request.choices.filter else []),
        f"  already assigned (skip):   {number(counts.assigned)}",
        f"  finished (skip):           {number(counts.finished)}",
        f"  not assigned (to assign):  {number(counts.unassigned)}",
    ]
    if plan.state is PlanState.EMPTY:
        return [*lines, "Nothing to assign."]
    return [*lines, *(f"  {line}" for line in picked_lines(plan)), *people_lines(plan)]


def people_lines(plan: Plan) -> list[str]:
    """Who would get how much, who is left out, and what else has to be known."""
    left_out = [f"  left out: {left.name} ({left.reason})" for left in plan.left_out]
    people = [f"  {share.reviewer.name}: {counted(share.rows, 'row')}" for share in plan.shares]
    crowded = [f"  {line}" for line in crowded_lines(plan)]
    notes = [f"  {note}" for note in plan.notes]
    return ["", f"Assignment plan {plan.id}:", *people, *crowded, *notes, *left_out]


def report_lines(plan: Plan, report: Report, undo: UndoCounts) -> list[str]:
    """What became of an assignment, also where it was taken back, or an attempt to do so ended early."""
    if plan.state is PlanState.UNDONE:
        return [f"Undone. {undo_sentence(undo)}"]
    if plan.undone_by:
        return [f"Taking it back ended early. {reason_line(plan)}", f"  {undo_sentence(undo)}"]
    why = [reason for reason in (plan.reason, *report.reasons) if reason] if plan.state is not PlanState.DONE else []
    return [
        report_headline(plan, report),
        *(f"  {line}" for line in [*exception_lines(report), *dict.fromkeys(why)]),
    ]


def unfinished_line(plan: Plan) -> str:
    """What waits of an assignment, or an undo, that was interrupted."""
    if plan.state is PlanState.UNDOING:
        return f"Plan {plan.id} is being taken back and not finished: {counted(plan.progress.rows, 'row')} so far."
    assigned = f"{number(plan.progress.rows)} of {counted(plan.planned_rows, 'row')}"
    return f"Plan {plan.id} is not finished: {assigned} assigned so far."


def reason_line(plan: Plan) -> str:
    """Why a plan is where it is, or at least where that is."""
    return plan.reason or state_line(plan)


def state_line(plan: Plan) -> str:
    """Where a plan is."""
    ended = plan.state in REPORTED
    return f"Plan {plan.id} has ended: {plan.state}." if ended else f"Plan {plan.id} is {plan.state}."


def preview_line(plan: Plan, counts: UndoCounts) -> str:
    """What an undo would take back and keep."""
    kept = kept_rows(counts)
    possible = f"Plan {plan.id}: {counted(counts.taken_back, 'row')} can be taken back"
    return f"{possible}; kept: {kept}." if kept else f"{possible}."
