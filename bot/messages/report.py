"""The thread's one reply: progress while rows are written, then the report."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.plan import RETRIABLE, UNDOABLE, Plan, PlanState
from bot.domain.report import Report
from bot.domain.undo import UndoCounts
from bot.messages.blocks import Message, composed
from bot.messages.buttons import retry_button, stop_button, undo_button
from bot.messages.plan import MAX_REVIEWER_LINES, receiving
from bot.messages.reasons import drift_sentence, dropped_lines, kept_rows
from bot.messages.text import NAME_LENGTH, counted, escaped, link, mention, number, said

NOT_UNDONE = UndoCounts()
MAX_REASONS = 3
MAX_UNTOLD = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """What is shown of a plan beside the plan itself."""

    review_url: str
    """Where reviewers find their rows."""
    undoable: bool = False
    """Whether the settings let an assignment be taken back."""
    report: Report | None = None
    """The counts of an assignment that rests."""
    undo: UndoCounts = NOT_UNDONE
    """What an undo, or attempts at one that ended early, came to."""
    untold: tuple[str, ...] = ()
    """The names of the reviewers who could not be told about their rows."""
    successor_url: str | None = None
    """Where the plan is that replaced this one."""
    approval: str | None = None
    """Who has to approve it, where not everybody may."""


def progress_message(plan: Plan) -> Message:
    """How far the assignment is, with a button to stop it."""
    done = f"{number(plan.progress.rows)} of {counted(plan.planned_rows, 'row')} assigned"
    waiting = f" {plan.progress.waiting}" if plan.progress.waiting else ""
    if plan.state is PlanState.UNDOING:
        text = f"Taking back: {counted(plan.progress.rows, 'row')} so far.{waiting}"
    elif plan.stopped_by:
        text = f"Stopping, asked by {mention(plan.stopped_by)}: {done}. Requests on their way are finished first."
    elif plan.state is PlanState.CHECKING:
        text = f"Starting.{waiting}"
    else:
        text = f"Assigning: {done}.{waiting}"
    stoppable = plan.state in (PlanState.CHECKING, PlanState.RUNNING) and not plan.stopped_by
    return composed([text], f"plan `{plan.id}`", buttons=[stop_button(plan)] if stoppable else [])


def changed_message(plan: Plan) -> Message:
    """The reply while a changed plan waits for a new approval."""
    text = f"{drift_sentence(plan)} Nothing was assigned yet: version {plan.version} waits for approval."
    return composed([text], f"plan `{plan.id}`")


def undone_message(plan: Plan, counts: UndoCounts) -> Message:
    """The reply after the rows were taken back."""
    by = f" by {mention(plan.undone_by)}" if plan.undone_by else ""
    text = f"Undone{by}. {undo_sentence(counts)}"
    return composed([text], f"plan `{plan.id}`")


def undo_sentence(counts: UndoCounts) -> str:
    """What an undo took back and kept."""
    rows = counted(counts.taken_back, "row") if counts.taken_back else "no row"
    kept = kept_rows(counts)
    return f"Took back {rows}" + (f"; kept {kept}." if kept else ".")


def report_message(plan: Plan, report: Report, facts: Facts, *, file_problem: str | None = None) -> Message:
    """What became of the plan; begins with `Done.`, `Partly done.`, `Stopped.` or `Failed.`.

    `file_problem` says why the list could not be attached.
    """
    paragraphs = [
        report_headline(plan, report),
        _people(report),
        "\n".join(_exceptions(plan, report)),
        _ended_early(plan, facts.undo),
        _untold(facts.untold),
        _closing(report, facts.review_url, file_problem),
    ]
    retry = [retry_button(plan, report.missing)] if plan.state in RETRIABLE and report.missing else []
    take_back = [undo_button(plan)] if facts.undoable and plan.state in UNDOABLE and report.written else []
    return composed(paragraphs, f"plan `{plan.id}`", buttons=[*retry, *take_back])


def report_headline(plan: Plan, report: Report) -> str:
    """The report's first sentence."""
    across = f" across {counted(report.reviewers, 'reviewer')}" if report.reviewers else ""
    some = f"Assigned {number(report.seen)} of {counted(report.planned, 'row')}{across}."
    match plan.state:
        case PlanState.PARTIAL:
            return f"Partly done. {some}"
        case PlanState.STOPPED:
            return f"Stopped. {some}"
        case PlanState.FAILED:
            return "Failed. No row was assigned."
        case _ if report.seen == 0:
            return "Done. Assigned 0 rows: every row left the plan meanwhile."
        case _:
            return f"Done. Assigned {counted(report.seen, 'row')}{across}."


def exception_lines(report: Report) -> list[str]:
    """What did not go as planned, in counts; empty when all did."""
    lines = dropped_lines(report.dropped)
    if report.unconfirmed:
        lines.append(f"{counted(report.unconfirmed, 'row')} acknowledged by Braintrust, but not visible there")
    if report.failed:
        lines.append(f"{counted(report.failed, 'row')} could not be assigned")
    if report.unknown:
        lines.append(f"{counted(report.unknown, 'row')} sent without an answer, and not seen in Braintrust since")
    if report.unsent:
        lines.append(f"{counted(report.unsent, 'row')} not sent")
    return lines


def _people(report: Report) -> str:
    got = receiving(report.assigned)
    lines = [
        f"• {escaped(share.reviewer.name, length=NAME_LENGTH)}: {counted(share.rows, 'row')}"
        for share in got[:MAX_REVIEWER_LINES]
    ]
    if len(got) > len(lines):
        lines.append(f"and {number(len(got) - len(lines))} more: the attached file has everything")
    return "\n".join(lines)


def _exceptions(plan: Plan, report: Report) -> list[str]:
    reasons = [plan.reason, *report.reasons] if plan.reason and not plan.undone_by else list(report.reasons)
    why = list(dict.fromkeys(reasons)) if report.missing or plan.state is not PlanState.DONE else []
    stopped = [f"Stopped by {mention(plan.stopped_by)}"] if plan.stopped_by and plan.state is PlanState.STOPPED else []
    return [*stopped, *exception_lines(report), *map(said, why[:MAX_REASONS])]


def _ended_early(plan: Plan, undo: UndoCounts) -> str:
    """What an undo that ended early left, also after the rows that were left were tried again."""
    if plan.undone_by:
        return f"Taking it back ended early. {said(plan.reason or '')} {undo_sentence(undo)}"
    return f"{number(undo.taken_back)} of the assigned rows had been taken back before." if undo.taken_back else ""


def _untold(names: Sequence[str]) -> str:
    shown = [escaped(name, length=NAME_LENGTH) for name in names[:MAX_UNTOLD]]
    more = [f"{number(len(names) - len(shown))} more"] if len(names) > len(shown) else []
    people = ", ".join([*shown, *more])
    return f"Slack does not let me write to {people}: please tell them about their rows." if names else ""


def _closing(report: Report, review_url: str, file_problem: str | None) -> str:
    lines = [f"Open {link(review_url, 'Review in Braintrust')} and choose Assigned to me."] if report.written else []
    if file_problem is not None:
        lines.append(f"The list of rows could not be attached. {said(file_problem)}")
    return "\n".join(lines)
