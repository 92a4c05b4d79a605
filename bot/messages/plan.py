"""The plan's message in the channel, from proposal to its last state."""

from collections.abc import Sequence

from bot.domain.model import ATTACHED, Plan, PlanState, Share
from bot.messages.blocks import actions, context, header, section
from bot.messages.buttons import approve_button, cancel_button
from bot.messages.message import Block, Message
from bot.messages.reasons import drift_sentence
from bot.messages.text import NAME_LENGTH, absolute, code, counted, escaped, link, mention, moment, number

MAX_REVIEWER_LINES = 20
MAX_UNKNOWN_NAMES = 10
_OVER = frozenset({PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED})  # nothing came of it: a short record
_OUTCOMES = {PlanState.PARTIAL: "Partly done", PlanState.STOPPED: "Stopped", PlanState.FAILED: "Failed"}


def plan_message(plan: Plan, *, successor_url: str | None = None) -> Message:
    """The whole message; `successor_url` leads to the plan that replaced it."""
    if plan.state is PlanState.FAILED and plan.decided_at is None:
        return _not_read(plan)
    title = _title(plan)
    paragraphs = [_rows(plan)] if plan.state in _OVER else [_rows(plan), _people(plan), *_left_out(plan)]
    status = _status(plan, successor_url)
    small = _small_print(plan)
    blocks: list[Block] = [header(title), *(section(text) for text in paragraphs)]
    blocks += [section(status)] if status else []
    if plan.state is PlanState.PROPOSED:
        blocks.append(actions([approve_button(plan), cancel_button(plan)]))
    blocks.append(context(small))
    return Message("\n".join(text for text in (title, *paragraphs, status, small) if text), tuple(blocks))


def fits(plan: Plan) -> bool:
    """Whether the message names everybody who gets rows, so that no file has to."""
    return len(receiving(plan.shares)) <= MAX_REVIEWER_LINES


def receiving(shares: Sequence[Share]) -> list[Share]:
    """The shares that are not empty."""
    return [share for share in shares if share.rows]


def _title(plan: Plan) -> str:
    what = f"{counted(plan.planned_rows, 'row')} for {counted(len(receiving(plan.shares)), 'reviewer')}"
    prefix = "Dry run: " if plan.request.dry_run else "Review plan: "
    update = f" (version {plan.version})" if plan.version > 1 else ""
    return prefix + what + update


def _rows(plan: Plan) -> str:
    counts, request = plan.counts, plan.request
    split = (
        f"*{number(counts.matched)}* matched",
        f"*{number(counts.assigned)}* already assigned",
        f"*{number(counts.finished)}* finished without an assignee",
        f"*{number(counts.unassigned)}* to assign",
    )
    window = f"{absolute(plan.window.start)} to {absolute(plan.window.end)}"
    lines = [f"Tag {code(request.tag)}, created from {window}", " · ".join(split)]
    if request.limit is not None and counts.unassigned > request.limit:
        left = counted(counts.unassigned - request.limit, "row")
        lines.append(f"Limited to the newest {number(request.limit)}: {left} stay unassigned.")
    return "\n".join(lines)


def _people(plan: Plan) -> str:
    people = receiving(plan.shares)
    shown = people[:MAX_REVIEWER_LINES]
    lines = [f"• {escaped(share.reviewer.name, length=NAME_LENGTH)}: {counted(share.rows, 'row')}" for share in shown]
    if not fits(plan):
        there = plan.plan_file in (None, ATTACHED)
        file = "the attached file has everything" if there else f"the file could not be attached. {plan.plan_file}"
        lines.append(f"and {number(len(people) - len(shown))} more: {file}")
    if len(people) < len(plan.shares):
        lines.append(f"{counted(len(plan.shares) - len(people), 'reviewer')} without a row this time")
    return "\n".join(lines)


def _left_out(plan: Plan) -> list[str]:
    lines = [*([drift_sentence(plan.drift)] if plan.drift else []), *plan.notes]
    if plan.unknown_reviewers:
        names = [code(name) for name in plan.unknown_reviewers[:MAX_UNKNOWN_NAMES]]
        more = len(plan.unknown_reviewers) - len(names)
        listed = ", ".join(names) + (f" and {number(more)} more" if more else "")
        lines.append(f"Left out, because Braintrust does not know them: {listed}")
    return lines


def _status(plan: Plan, successor_url: str | None) -> str:
    by = f" by {mention(plan.decided_by)}" if plan.decided_by else ""
    at = f" {moment(plan.decided_at)}" if plan.decided_at else ""
    match plan.state:
        case PlanState.READING | PlanState.EMPTY | PlanState.PROPOSED:
            return ""
        case PlanState.SHOWN:
            return "A dry run: nothing will be assigned."
        case PlanState.CANCELLED:
            return f"Cancelled{by}{at}. Nothing was assigned."
        case PlanState.EXPIRED:
            return "Expired. Nothing was assigned. Ask again with `/assign-reviews`."
        case PlanState.SUPERSEDED:
            newer = link(successor_url, "a newer plan") if successor_url else "a newer plan"
            return f"Replaced by {newer}. Nothing was assigned."
        case _:
            return f"Approved{by}{at}. {_progress(plan)}"


def _progress(plan: Plan) -> str:
    """What became of an approved plan, in a few words; the thread has the rest."""
    match plan.state:
        case PlanState.CHECKING | PlanState.RUNNING | PlanState.REPORTING:
            return "The thread follows the assignment."
        case PlanState.UNDOING:
            return "The rows are being taken back; the thread follows."
        case PlanState.UNDONE:
            return "The rows were taken back; the thread has the counts."
        case _ if plan.undone_by:
            return "The thread has the counts."
        case _:
            rows = f"{number(plan.progress.rows)} of {counted(plan.planned_rows, 'row')} assigned"
            return f"{_OUTCOMES.get(plan.state, 'Done')}: {rows}; the thread has the counts."


def _small_print(plan: Plan) -> str:
    asked = (
        f"Asked for by {mention(plan.request.requested_by)}" if plan.request.requested_by else "Asked for by schedule"
    )
    expires = plan.state is PlanState.PROPOSED and plan.expires_at
    return " · ".join(
        [asked, *([f"expires {moment(plan.expires_at)}"] if expires and plan.expires_at else []), f"plan `{plan.id}`"]
    )


def _not_read(plan: Plan) -> Message:
    title = "The scheduled review plan could not be made"
    reason = plan.reason or "The bot's log says why."
    small = f"plan `{plan.id}`"
    return Message("\n".join((title, reason, small)), (header(title), section(reason), context(small)))
