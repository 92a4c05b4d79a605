"""Private answers: sentences that one person sees after a command or a click."""

from datetime import date, datetime

from bot.domain.options import DEFAULT_QUEUE, MAX_DAYS
from bot.domain.plan import Plan, PlanRequest, PlanState
from bot.domain.undo import UndoCounts
from bot.errors import BotError
from bot.messages.blocks import Message, actions, section
from bot.messages.buttons import cancel_button, undo_confirm_button
from bot.messages.plan import status_words
from bot.messages.reasons import drift_sentence, kept_rows, undo_limit
from bot.messages.text import absolute, code, counted, last_days, link, mention, moment, number, said

_CURLY = frozenset("\u2018\u2019\u201c\u201d")  # phones make them of straight ones


def sentence(text: str) -> Message:
    """A plain sentence of ours."""
    return Message(text, (section(text),))


MUTED = sentence("You get no direct messages about your rows any more. `/assign-reviews unmute` brings them back.")
UNMUTED = sentence("You can get direct messages about your rows again. `/assign-reviews mute` ends them.")
NOTING_ABSENCE = sentence("Noting that you are away …")  # until it is known which day it is where the person is
BACK = sentence("You are back: new rows can come to you again.")
BUSY = sentence("Too much is asked of the bot just now, so nothing was changed. Press again in a minute.")


def problem(error: BotError) -> Message:
    """What an error says."""
    return sentence(said(str(error)))


def reading(plan: Plan) -> Message:
    """The answer while the rows are read, with a way out."""
    request, progress = plan.request, plan.progress
    so_far = f" Page {number(progress.pages)}, {counted(progress.rows, 'row')}." if progress.pages else ""
    waiting = f" {progress.waiting}" if progress.waiting else ""
    kind = " for a dry run" if request.dry_run else ""
    queue = "" if request.queue == DEFAULT_QUEUE else f" in the queue `{request.queue}`"
    which = f"rows tagged {code(request.tag)} of {last_days(request.days)}{queue}{kind}"
    text = f"Reading {which} …{so_far}{waiting} (plan `{plan.id}`)"
    return Message(text, (section(text), actions([cancel_button(plan)])))


def twin(plan: Plan) -> Message:
    """For a command that asks for what another one asked for already."""
    by = f", asked for by {mention(plan.request.requested_by)}" if plan.request.requested_by else ""
    if plan.state is PlanState.READING:
        return sentence(f"The same rows are being read already{by}. The plan will be posted here. (plan `{plan.id}`)")
    same = link(plan.message_url, "The same plan") if plan.message_url else "The same plan"
    return sentence(
        f"{same} waits for approval already{by}. To have the rows read again, cancel it first. (plan `{plan.id}`)"
    )


def read(plan: Plan, *, message_url: str | None) -> Message:
    """The last private answer to a command: what became of the reading."""
    return sentence(f"{_read(plan, message_url)} (plan `{plan.id}`)")


def already_decided(plan: Plan, *, successor_url: str | None) -> Message:
    """For a click that came too late: what became of the plan."""
    never_was = plan.decided_at is None and plan.state in (PlanState.EMPTY, PlanState.FAILED)
    became = _read(plan, None) if never_was else _became(plan, successor_url)
    return sentence(f"{became} (plan `{plan.id}`)")


def changed(plan: Plan) -> Message:
    """For the approver of a plan that has to be approved again."""
    where = link(plan.message_url, f"version {plan.version}") if plan.message_url else f"version {plan.version}"
    return sentence(f"Plan `{plan.id}`: {drift_sentence(plan)} Please look at {where} and approve it again.")


def undo_preview(plan: Plan, counts: UndoCounts) -> Message:
    """After a press of Undo: fresh numbers, and the button that does it."""
    rows = counted(counts.taken_back, "row") if counts.taken_back else "no row"
    kept = kept_rows(counts)
    text = f"Plan `{plan.id}`: {rows} can be taken back." + (f" Kept: {kept}." if kept else "")
    buttons = [actions([undo_confirm_button(plan, counts.taken_back)])] if counts.taken_back else []
    return Message(text, (section(text), *buttons))


def undo_too_late(plan: Plan, hours: int) -> Message:
    """For an undo of something that cannot be taken back any more."""
    return sentence(f"Plan `{plan.id}` cannot be taken back: {undo_limit(hours)}.")


def undo_failed(plan: Plan, reason: str) -> Message:
    """When an undo cannot be looked into."""
    return sentence(f"Plan `{plan.id}`: nothing was taken back. {said(reason)}")


APPROVED = "You approved plan {}. Its thread follows the assignment."
CANCELLED = "Plan {} is cancelled. Nothing was assigned."
STOPPING = "Plan {} stops after the batches that are on their way. The thread will have the counts."
RETRYING = "Plan {} goes on with the rows that are left. Its thread follows the assignment."
UNDOING = "The rows of plan {} are taken back. Its thread follows."
GONE_ON = "Plan {} has gone on since this was shown, so nothing was changed. Look at its thread again."


def about(plan: Plan, form: str) -> Message:
    """After a press, in one of the forms above."""
    return sentence(form.format(code(plan.id)))


def old_version(plan: Plan) -> Message:
    """For a click on a version that is not shown any more."""
    return sentence(
        f"Plan `{plan.id}` has changed since (it is version {plan.version} now). Look at its message again."
    )


def unknown_plan(plan_id: str) -> Message:
    """For a click on a plan that the database does not know."""
    return sentence(
        f"I have no record of plan {code(plan_id)}, so nothing was changed. `/assign-reviews` makes a new one."
    )


def not_allowed(plan: Plan, who_may: str) -> Message:
    """For a click by somebody who may not."""
    return sentence(f"Plan `{plan.id}`: {said(who_may)}")


def away(until: date) -> Message:
    """After `away`."""
    day = f"{until:%a} {until.day} {until:%B} {until.year}"
    return sentence(f"You are away: no new rows before {day}. `/assign-reviews back` ends it.")


def failure(reference: str) -> Message:
    """For what nobody foresaw; the reference stands in the log."""
    return sentence(
        "Something went wrong that nobody foresaw. Please try again. "
        f"If it stays, tell the bot's operator this reference: `{reference}`."
    )


def _read(plan: Plan, message_url: str | None) -> str:
    match plan.state:
        case PlanState.EMPTY:
            return _nothing(plan)
        case PlanState.FAILED:
            return f"No plan was made. {said(plan.reason or '')}"
        case PlanState.CANCELLED:
            return "Cancelled. Nothing was assigned."
        case PlanState.SUPERSEDED:
            return "Replaced by a newer request for the same tag. Nothing was assigned."
        case _:
            ready = "The dry run is ready" if plan.request.dry_run else "The plan is ready"
            where = link(message_url, ready) if message_url else ready
            reviewers = counted(sum(share.rows > 0 for share in plan.shares), "reviewer")
            return f"{where}: {counted(plan.planned_rows, 'row')} for {reviewers}."


def _nothing(plan: Plan) -> str:
    counts = plan.counts
    where = f"tagged {code(plan.request.tag)} from {absolute(plan.window.start)} to {absolute(plan.window.end)}"
    if not counts.matched:
        return f"Nothing to assign: no row is {where}. {_elsewhere(plan.request)}"
    why = (
        (counts.assigned, "already assigned"),
        (counts.finished, f"finished without an assignee{status_words(counts)}"),
        (counts.unaddressable, "with an id that cannot be used"),
    )
    split = ", ".join(f"{number(count)} {words}" for count, words in why if count)
    return f"Nothing to assign: {counted(counts.matched, 'row')} {where}, {split}."


def _elsewhere(request: PlanRequest) -> str:
    """Where the rows may be that were not found."""
    tag = "Check the tag, also its curly quotes" if set(request.tag) & _CURLY else "Check the tag"
    longer = min(max(30, 2 * request.days), MAX_DAYS)
    return f"{tag}, or ask for more days: `days={longer}`." if longer > request.days else f"{tag}."


def _became(plan: Plan, successor_url: str | None) -> str:
    newer = "a newer plan"
    match plan.state:
        case PlanState.CANCELLED:
            return f"Already cancelled{_by_and_at(plan.decided_by, plan.decided_at)}."
        case PlanState.EXPIRED:
            return "This plan has expired. Ask again with `/assign-reviews`."
        case PlanState.SUPERSEDED:
            return f"This plan was replaced by {link(successor_url, newer) if successor_url else newer}."
        case PlanState.SHOWN:
            return "This is a dry run: nothing can be decided."
        case PlanState.READING:
            return "This plan is still being read."
        case PlanState.PROPOSED:
            return "This plan is proposed and not approved yet."
        case _:
            return _became_of_approved(plan)


def _became_of_approved(plan: Plan) -> str:
    if plan.state in (PlanState.UNDOING, PlanState.UNDONE):
        return f"Its rows are taken back already, asked for{_by_and_at(plan.undone_by, None)}."
    if plan.stopped_by:
        return f"Already stopped by {mention(plan.stopped_by)}."
    return f"Already approved{_by_and_at(plan.decided_by, plan.decided_at)}."


def _by_and_at(who: str | None, at: datetime | None) -> str:
    return (f" by {mention(who)}" if who else "") + (f", {moment(at)}" if at else "")
