"""The content that each surface of a plan should have now.  Pure: from values to messages and files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from bot.domain.deal import default_reason
from bot.domain.plain_text import visible
from bot.domain.plan import REPORTED, WORKED_ON, WRITING, Origin, Plan, PlanState
from bot.domain.surfaces import NOT_SHOWN, Known, Surface
from bot.messages import answers
from bot.messages.blocks import Message
from bot.messages.plan import copy_message, fits, plan_message, reminder_message
from bot.messages.report import Facts, changed_message, progress_message, report_message, undone_message
from bot.messages.text import said

RESULT_FILE = "to_assign_ids.json"
LONG_READING = timedelta(minutes=1)
"""Who waited for longer than this is told by direct message: they look elsewhere by now, and an edit tells nobody."""
_POSTED = frozenset({PlanState.PROPOSED, PlanState.SHOWN}) | WORKED_ON | REPORTED - {PlanState.FAILED}
_ENDED_BY_PEOPLE = frozenset({PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED})
_COUNTED = REPORTED | {PlanState.UNDONE}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in the plan's thread, as it should be there once; `edition` changes when it has to be attached again."""

    name: str
    edition: str


Content = Message | Attachment


def contents(plan: Plan, known: Known, facts: Facts) -> dict[Surface, Content]:
    """What each surface of `plan` should show, in the order in which people should see it; others stay as they are.

    What depends on a surface that is not there yet is missing: once that one is shown, ask again.
    """
    wanted: dict[Surface, Content | None] = {}
    if plan.request.channel is not None:
        if plan.message_ts is not None or is_posted(plan):
            problem = known.get(Surface.PLAN_FILE, NOT_SHOWN).problem
            wanted[Surface.MESSAGE] = plan_message(
                plan, successor_url=facts.successor_url, file_problem=problem, approval=facts.approval
            )
        if plan.message_ts is not None:
            wanted[Surface.REMINDER] = _reminder(plan, known, facts)
            wanted[Surface.REPLY] = _reply(plan, known, facts)
            wanted[Surface.PLAN_FILE] = _plan_file(plan)
            wanted[Surface.RESULT_FILE] = _result_file(plan, known, facts)
            wanted[Surface.COPY] = _copy(plan, known)
    wanted[Surface.NOTE] = _note(plan, known, facts)
    wanted[Surface.ALERT] = _alert(plan, known)
    return {surface: content for surface, content in wanted.items() if content is not None}


def is_posted(plan: Plan) -> bool:
    """Whether a plan that is not in the channel yet belongs there."""
    failed_unseen = plan.state is PlanState.FAILED and plan.request.origin is Origin.SCHEDULE
    return plan.state in _POSTED or failed_unseen


def has_reply(plan: Plan, known: Known) -> bool:
    """Whether the thread says how the plan stands."""
    is_decided = plan.decided_at is not None and plan.state in WRITING | REPORTED
    return is_decided or known.get(Surface.REPLY, NOT_SHOWN).ts is not None


def assignments_file(plan: Plan, pairs: Sequence[tuple[str, str]], reasons: Mapping[str, str]) -> bytes:
    """(row, reviewer) pairs as JSON: row id, reviewer id and name, and why that row is theirs; no e-mails.

    Written entry by entry, a line each: a plan may have a hundred thousand.
    """
    names = {share.reviewer.id: share.reviewer.name for share in plan.shares}
    usually = default_reason(plan.request.choices, plan.shares)
    file = BytesIO()
    file.write(b"[")
    for number, (row_id, who) in enumerate(pairs):
        reason = reasons.get(row_id, usually)
        entry = {"row_id": row_id, "reviewer_id": who, "reviewer_name": names.get(who, ""), "reason": reason}
        line = visible(json.dumps(entry, ensure_ascii=False))  # escaped as JSON does it, so that it reads the same
        file.write((b",\n " if number else b"\n ") + line.encode())
    file.write(b"\n]\n")
    return file.getvalue()


def _reply(plan: Plan, known: Known, facts: Facts) -> Message | None:
    if not has_reply(plan, known):
        return None
    if plan.state in WORKED_ON:
        return progress_message(plan)
    if plan.state is PlanState.UNDONE:
        return undone_message(plan, facts.undo)
    if facts.report is None:
        return changed_message(plan)
    problem = known.get(Surface.RESULT_FILE, NOT_SHOWN).problem
    return report_message(plan, facts.report, facts, file_problem=problem)


def _reminder(plan: Plan, known: Known, facts: Facts) -> Message | None:
    """A reminder that was asked for, as long as somebody can act on it."""
    is_due = plan.state is PlanState.PROPOSED and Surface.REMINDER in known
    return reminder_message(plan, facts.approval) if is_due and facts.approval else None


def _plan_file(plan: Plan) -> Attachment | None:
    """The list of all rows, where the message does not name everybody."""
    if fits(plan) or plan.state not in (PlanState.PROPOSED, PlanState.SHOWN):
        return None
    return Attachment(f"plan-{plan.id}.json", edition=str(plan.version))


def _result_file(plan: Plan, known: Known, facts: Facts) -> Attachment | None:
    """The list of the rows that were assigned, where there is one."""
    if facts.report is None or not facts.report.written:
        return None
    if known.get(Surface.REPLY, NOT_SHOWN).ts is None or plan.state not in REPORTED:
        return None
    return Attachment(RESULT_FILE, edition=str(plan.finished_at))


def _copy(plan: Plan, known: Known) -> Message | None:
    """What stands in a second message of the plan, in place of its buttons."""
    ts = known.get(Surface.COPY, NOT_SHOWN).ts
    places = {plan.message_ts, *(shown.ts for surface, shown in known.items() if surface is not Surface.COPY)}
    return None if ts is None or ts in places else copy_message(plan)


def _note(plan: Plan, known: Known, facts: Facts) -> Message | None:
    """What the requester reads in private: what came of the reading, or why it cannot be shown where it belongs."""
    message, reply = known.get(Surface.MESSAGE, NOT_SHOWN), known.get(Surface.REPLY, NOT_SHOWN)
    is_followed = reply.ts is not None and plan.state not in _COUNTED  # the thread goes on without its first message
    problem = reply.problem or (None if is_followed else message.problem)
    if problem is not None:
        counts = _reply(plan, known, facts) if plan.state in _COUNTED else None
        told = "" if counts is None else "\n" + counts.text
        return answers.sentence(f"Plan `{plan.id}` cannot be shown in its channel. {said(problem)}{told}")
    is_pending = plan.message_ts is None and plan.request.channel is not None and is_posted(plan)
    asked_here = plan.request.origin is Origin.COMMAND and plan.state is not PlanState.READING
    is_answered = known.get(Surface.NOTE, NOT_SHOWN).drawn_at is not None
    return answers.read(plan, message_url=plan.message_url) if asked_here and not is_pending | is_answered else None


def _alert(plan: Plan, known: Known) -> Message | None:
    """The private answer once more, where nothing that Slack notifies of says that a long reading is over."""
    note, alert = known.get(Surface.NOTE, NOT_SHOWN), known.get(Surface.ALERT, NOT_SHOWN)
    took_long = note.drawn_at is not None and note.drawn_at - plan.created_at > LONG_READING
    in_their_messages = plan.message_ts is not None and plan.request.is_direct
    is_owed = took_long and not in_their_messages and plan.state not in _ENDED_BY_PEOPLE
    return answers.read(plan, message_url=plan.message_url) if is_owed and alert.drawn_at is None else None
