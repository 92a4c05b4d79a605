"""The plan's message in the channel, from proposal to its last state, and the approval that it waits for."""

from collections.abc import Iterable, Sequence

from bot.domain.allocation import Strategy
from bot.domain.choices import Choices, RowOrder, number_selected
from bot.domain.options import DEFAULT_QUEUE
from bot.domain.plan import REPORTED, WORKED_ON, WRITING, Plan, PlanState, Share
from bot.domain.reading import ReadingCounts
from bot.messages.blocks import Message, composed, section
from bot.messages.buttons import approve_button, cancel_button
from bot.messages.reasons import drift_sentence
from bot.messages.text import absolute, code, counted, escaped, link, mention, moment, number, percent, said, staying
from bot.settings import PolicySettings

MAX_REVIEWER_LINES = 20
MAX_LEFT_OUT = 5
SHARE_NAME_LENGTH = 36
LEFT_OUT_LENGTH = 48
MAX_STATUSES = 5
MAX_STATUS_LENGTH = 30
_LIMITED = {RowOrder.NEWEST: "the newest {}", RowOrder.OLDEST: "the oldest {}", RowOrder.RANDOM: "{} at random"}
_OVER = frozenset({PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED})  # nothing came of it: a short record
_STATES = {
    PlanState.READING: "Being read",
    PlanState.EMPTY: "Nothing to assign",
    PlanState.PROPOSED: "Waiting for approval",
    PlanState.SHOWN: "Dry run",
    **dict.fromkeys(WRITING, "Being assigned"),
    PlanState.DONE: "Done",
    PlanState.PARTIAL: "Partly done",
    PlanState.STOPPED: "Stopped",
    PlanState.FAILED: "Failed",
    PlanState.CANCELLED: "Cancelled",
    PlanState.EXPIRED: "Expired",
    PlanState.SUPERSEDED: "Replaced",
    PlanState.UNDOING: "Being undone",
    PlanState.UNDONE: "Undone",
}
"""What a plan's title begins with, so that a channel can be skimmed."""
MAX_MENTIONS = 20


def plan_message(
    plan: Plan, *, successor_url: str | None = None, file_problem: str | None = None, approval: str | None = None
) -> Message:
    """The whole message; `successor_url` leads to the plan that replaced it.

    `file_problem` says why the file with all its rows could not be attached, `approval` who has to approve it.
    """
    if plan.state is PlanState.FAILED and plan.decided_at is None:
        reason = said(plan.reason) if plan.reason else "The bot's log says why."
        title = "Failed: the scheduled review plan could not be made"
        return composed([reason], f"plan `{plan.id}`", title=title)
    paragraphs = [_rows(plan)] if plan.state in _OVER else [_rows(plan), _people(plan, file_problem), *_left_out(plan)]
    is_open = plan.state is PlanState.PROPOSED
    status = approval or "" if is_open else _status(plan, successor_url)
    buttons = [approve_button(plan), cancel_button(plan)] if is_open else []
    return composed([*paragraphs, status], _small_print(plan), title=_title(plan), buttons=buttons)


def copy_message(plan: Plan) -> Message:
    """What a second message of the plan says, of which the bot learned late."""
    where = link(plan.message_url, "another message") if plan.message_url else "another message"
    text = f"Slack posted plan `{plan.id}` twice. It goes on in {where}."
    return Message(text, (section(text),))


def fits(plan: Plan) -> bool:
    """Whether the message names everybody who gets rows, so that no file has to."""
    return len(receiving(plan.shares)) <= MAX_REVIEWER_LINES


def receiving(shares: Sequence[Share]) -> list[Share]:
    """The shares that are not empty."""
    return [share for share in shares if share.rows]


def status_words(counts: ReadingCounts) -> str:
    """The words that Braintrust has for the reviews of finished rows, because nobody has documented them."""
    if not counts.statuses:
        return ""
    named = [f"{number(rows)} {code(word[:MAX_STATUS_LENGTH])}" for word, rows in counts.statuses[:MAX_STATUSES]]
    rest = counts.finished - sum(rows for _, rows in counts.statuses[:MAX_STATUSES])
    return f" ({', '.join([*named, *([f'{number(rest)} more'] if rest else [])])})"


def picked_lines(plan: Plan) -> list[str]:
    """Which of the rows that could be assigned were picked, where that is not all of them; as plain text.

    A later version has fewer than were picked.
    """
    choices, limit, free = plan.request.choices, plan.request.limit, plan.counts.unassigned
    picked = number_selected(free, sample=choices.sample, limit=limit)
    if picked == free or plan.version > 1:
        return []
    parts = [f"a sample of {percent(choices.sample)}"] if choices.sample is not None else []
    if limit is not None and picked == limit:
        parts.append(f"limited to {_LIMITED[choices.order].format(number(limit))}")
    text = ", ".join(parts)
    return [f"{text[:1].upper()}{text[1:]}: {staying(free - picked)}."]


def crowded_lines(plan: Plan) -> list[str]:
    """How many rows found nobody, where there are such; as plain text."""
    return [f"{staying(plan.without_room)}: nobody has room for more"] if plan.without_room else []


def approver_mentions(approvers: Iterable[str]) -> str:
    """People and user groups, mentioned."""
    names = [f"<!subteam^{name}>" if name.startswith("S") else mention(name) for name in sorted(approvers)]
    more = [f"{len(names) - MAX_MENTIONS} more"] if len(names) > MAX_MENTIONS else []
    return ", ".join([*names[:MAX_MENTIONS], *more])


def awaited(plan: Plan, policy: PolicySettings) -> str | None:
    """Who has to approve `plan`, mentioned; None where everybody who sees it may."""
    if plan.request.is_direct:
        return None  # whoever sees it asked for it, and may
    asker = plan.request.requested_by if policy.four_eyes else None
    if named := (plan.request.approvers or policy.approvers) - {asker}:
        return f"To be approved by {approver_mentions(named)}."
    return f"To be approved by somebody other than {mention(asker)}." if asker else None


def reminder_message(plan: Plan, approval: str) -> Message:
    """What the thread says once while a plan waits, before it expires."""
    expires = f"expires {moment(plan.expires_at)}" if plan.expires_at else "expires soon"
    text = f"This plan {expires} and is not approved yet. {approval}"
    return composed([text], f"plan `{plan.id}`")


def _title(plan: Plan) -> str:
    """How the plan stands, then how many rows it is about; for an assignment that left some, how many it wrote."""
    planned = counted(plan.planned_rows, "row")
    what = f"{planned} for {counted(len(receiving(plan.shares)), 'reviewer')}"
    if plan.state in REPORTED and plan.undone_by:
        return f"Undo ended early: {what}"
    if plan.state in REPORTED and plan.progress.rows < plan.planned_rows:
        what = f"{number(plan.progress.rows)} of {planned} assigned"
    version = f" (version {plan.version})" if plan.state is PlanState.PROPOSED and plan.version > 1 else ""
    return f"{_STATES[plan.state]}: {what}{version}"


def _rows(plan: Plan) -> str:
    counts, request = plan.counts, plan.request
    split = (
        f"*{number(counts.matched)}* matched",
        f"*{number(counts.assigned)}* already assigned",
        f"*{number(counts.finished)}* finished without an assignee{status_words(counts)}",
        *([f"*{number(counts.unaddressable)}* with an id that cannot be used"] if counts.unaddressable else []),
        f"*{number(counts.unassigned)}* unassigned",
    )
    window = f"{absolute(plan.window.start)} to {absolute(plan.window.end)}"
    which = f"Tag {code(request.tag)}, created from {window}"
    lines = [f"Queue `{request.queue}` · {which}" if request.queue != DEFAULT_QUEUE else which]
    if request.choices.filter is not None:
        lines.append(f"Filter {code(request.choices.filter)}")
    lines.append("When read: " + " · ".join(split))
    return "\n".join([*lines, *picked_lines(plan), *_dealt(plan.request.choices)])


def _dealt(choices: Choices) -> list[str]:
    """How rows are dealt out, where that is not evenly, each by itself."""
    ways = ["those with the fewest open rows first"] if choices.strategy is Strategy.BALANCED else []
    if choices.group_by:
        ways.append(f"rows of the same {code(choices.group_by)} together")
    return [f"Dealt out: {', '.join(ways)}."] if ways else []


def _people(plan: Plan, file_problem: str | None) -> str:
    people = receiving(plan.shares)
    shown = people[:MAX_REVIEWER_LINES]
    lines = [_share(share) for share in shown]
    if not fits(plan):
        failed = f"the file could not be attached. {said(file_problem or '')}"
        file = failed if file_problem else "the attached file has everything"
        lines.append(f"and {number(len(people) - len(shown))} more: {file}")
    if len(people) < len(plan.shares):
        lines.append(f"{counted(len(plan.shares) - len(people), 'reviewer')} without a row this time")
    return "\n".join([*lines, *crowded_lines(plan)])


def _share(share: Share) -> str:
    """One reviewer: their new rows, what they have open now and after, and what is special about them."""
    marks = (
        []
        if share.open_rows is None
        else [f"{number(share.open_rows)} open, {number(share.open_rows + share.rows)} after"]
    )
    marks += [f"weight {share.weight}"] if share.weight != 1 else []
    marks += ["no room for more"] if share.is_full else []
    name = escaped(share.reviewer.name, length=SHARE_NAME_LENGTH)
    return f"• {name}: {counted(share.rows, 'row')}" + "".join(f" · {mark}" for mark in marks)


def _left_out(plan: Plan) -> list[str]:
    lines = [*([drift_sentence(plan)] if plan.drift else []), *map(said, plan.notes)]
    if plan.left_out:
        names = [
            f"{code(left.name, length=LEFT_OUT_LENGTH)} ({escaped(left.reason, length=LEFT_OUT_LENGTH)})"
            for left in plan.left_out[:MAX_LEFT_OUT]
        ]
        more = len(plan.left_out) - len(names)
        lines.append("Left out: " + ", ".join(names) + (f" and {number(more)} more" if more else ""))
    return lines


def _status(plan: Plan, successor_url: str | None) -> str:
    by = f" by {mention(plan.decided_by)}" if plan.decided_by else ""
    at = f" {moment(plan.decided_at)}" if plan.decided_at else ""
    match plan.state:
        case PlanState.READING | PlanState.EMPTY | PlanState.PROPOSED:
            return ""
        case PlanState.SHOWN:
            return "Nothing will be assigned."
        case PlanState.CANCELLED:
            return f"Cancelled{by}{at}. Nothing was assigned."
        case PlanState.EXPIRED:
            return "Nobody approved it in time. Nothing was assigned. Ask again with `/assign-reviews`."
        case PlanState.SUPERSEDED:
            newer = link(successor_url, "a newer plan") if successor_url else "a newer plan"
            return f"Replaced by {newer}. Nothing was assigned."
        case _:
            goes_on = plan.state in WORKED_ON
            return f"Approved{by}{at}. The thread {'follows' if goes_on else 'has the counts'}."


def _small_print(plan: Plan) -> str:
    who = mention(plan.request.requested_by) if plan.request.requested_by else "schedule"
    is_open = plan.state is PlanState.PROPOSED
    expires = f"expires {moment(plan.expires_at)} · " if is_open and plan.expires_at else ""
    return f"Asked for by {who} · {expires}plan `{plan.id}`"
