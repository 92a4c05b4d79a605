"""Shows plans in Slack: always from the store, always whole, always by the worker that holds the lease."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from urllib.parse import quote

from bot.domain.model import ATTACHED, REPORTED, WORKED_ON, WRITING, Origin, Plan, PlanState
from bot.domain.report import planned_pairs, report_of, written_pairs
from bot.domain.staff import default_reason
from bot.domain.undo import counted_undo
from bot.errors import SlackError, SlackRejectedError
from bot.messages import answers
from bot.messages.message import Message
from bot.messages.plan import fits, plan_message
from bot.messages.report import changed_message, progress_message, report_message, undone_message
from bot.services.people_ports import Notices
from bot.services.ports import Batches, Clock, Plans, PrivateAnswers, ReplyTo, Slack, Undos, Work
from bot.settings import Settings

log = logging.getLogger(__name__)

READ = frozenset({PlanState.PROPOSED, PlanState.SHOWN, PlanState.EMPTY, PlanState.FAILED})
"""How a reading ends that nobody ended."""
RESULT_FILE = "to_assign_ids.json"
LONG_READING = timedelta(minutes=1)
"""Who waited for longer than this is told by direct message: they look elsewhere by now, and an edit tells nobody."""
READING_PROGRESS_SECONDS = (2.0, 15.0, 60.0)  # a response URL takes five answers; three are for progress


class Announcing:
    """The `Announcer` port in Slack."""

    def __init__(
        self,
        *,
        plans: Plans,
        batches: Batches,
        undos: Undos,
        notices: Notices,
        slack: Slack,
        answers: PrivateAnswers,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._plans = plans
        self._batches = batches
        self._undos = undos
        self._notices = notices
        self._undoable = settings.policy.undo_hours > 0
        self._slack = slack
        self._answers = answers
        self._clock = clock
        organisation = quote(settings.braintrust.org_name, safe="") or "~"  # ~ is the one the viewer is in
        self._review_url = f"{settings.braintrust.app_url}/app/{organisation}/review"

    def reading_progress(self, work: Work, plan: Plan) -> None:
        """Tell the person who asked, privately and a few times at most, how far the reading is."""
        if plan.request.origin is Origin.COMMAND:
            work.show(
                lambda: self._answers.deliver(_asker(plan), answers.reading(plan), replace=True),
                at_seconds=READING_PROGRESS_SECONDS,
                at_once=plan.progress.waiting,
            )

    def writing_progress(self, work: Work, plan: Plan) -> None:
        """Edit the thread's reply, at most every few seconds."""
        channel, reply_ts = plan.request.channel, plan.reply_ts
        if channel is not None and reply_ts is not None:
            work.show(lambda: self._slack.update(channel, reply_ts, progress_message(plan)))

    def proposed_again(self, plan: Plan, approver: str) -> None:
        """Tell the person who approved that the plan changed, because an edit of its message notifies nobody."""
        self._answers.send(ReplyTo(approver, plan.request.channel, None), answers.changed(plan))

    def draw(self, work: Work) -> None:
        """Show the plan as it is stored, and again until nothing changed meanwhile; raises `SlackUnavailableError`."""
        while (plan := self._plans.get(work.lease.plan_id)) is not None and plan.drawn < plan.revision:
            work.proceed()
            try:
                self._draw(work, plan)
            except SlackRejectedError as error:
                log.warning("Slack refused a plan's message", extra={"plan": plan.id, "code": error.code})
                self._tell_requester(work, plan, error)
            self._plans.shown(work.lease, drawn=plan.revision)

    def _draw(self, work: Work, plan: Plan) -> None:
        channel = plan.request.channel
        if channel is not None:
            plan = self._draw_message(work, plan, channel)
            plan = self._draw_reply(work, plan, channel)
        plan = self._answer(work, plan)
        self._alert(work, plan)
        if channel is not None:
            self._attach(work, plan, channel)

    def _draw_message(self, work: Work, plan: Plan, channel: str) -> Plan:
        if plan.message_ts is not None:
            self._redraw(work, plan, channel, plan.message_ts)
            return plan
        if not _is_posted(plan):
            return plan
        ts = self._slack.post(channel, self._message(plan))
        self._plans.shown(work.lease, message_ts=ts)
        url = self._permalink(channel, ts)
        self._plans.shown(work.lease, message_url=url)
        return replace(plan, message_ts=ts, message_url=url)

    def _redraw(self, work: Work, plan: Plan, channel: str, ts: str) -> None:
        try:
            self._slack.update(channel, ts, self._message(plan))
        except SlackRejectedError as error:
            if error.code != "message_not_found":
                raise
            log.warning("a plan's message was deleted; its thread goes on", extra={"plan": plan.id})
            if plan.state in REPORTED:
                self._tell_requester(work, plan, error)  # who finds a thread without its message?

    def _draw_reply(self, work: Work, plan: Plan, channel: str) -> Plan:
        if plan.message_ts is None or not _has_reply(plan):
            return plan
        if plan.reply_ts is not None:
            self._slack.update(channel, plan.reply_ts, self._reply(plan))
            return plan
        plan = replace(plan, reply_ts=self._slack.post(channel, self._reply(plan), thread_ts=plan.message_ts))
        self._plans.shown(work.lease, reply_ts=plan.reply_ts)
        return plan

    def _message(self, plan: Plan) -> Message:
        newer = self._plans.get(plan.superseded_by) if plan.superseded_by else None
        return plan_message(plan, successor_url=newer.message_url if newer else None)

    def _reply(self, plan: Plan) -> Message:
        if plan.state in WORKED_ON:
            return progress_message(plan)
        if plan.state is PlanState.UNDONE:
            return undone_message(plan, counted_undo(self._undos.of(plan.id)))
        if plan.state not in REPORTED:
            return changed_message(plan)
        return self._report(plan)

    def _report(self, plan: Plan) -> Message:
        undo = counted_undo(self._undos.of(plan.id))
        report = report_of(plan, self._batches.of(plan.id))
        failed = self._notices.failed(plan.id)
        untold = [share.reviewer.name for share in plan.shares if share.reviewer.id in failed]
        return report_message(
            plan, report, review_url=self._review_url, undoable=self._undoable, undo=undo, untold=untold
        )

    def _permalink(self, channel: str, ts: str) -> str | None:
        try:
            return self._slack.permalink(channel, ts)
        except SlackError:
            return None  # a message without a link beats no message

    def _answer(self, work: Work, plan: Plan) -> Plan:
        """The last private answer to the command, once the reading is over."""
        if plan.request.origin is not Origin.COMMAND or plan.answered or plan.state is PlanState.READING:
            return plan
        self._answers.deliver(_asker(plan), answers.read(plan, message_url=plan.message_url), replace=True)
        alerted = False if self._is_owed_a_message(plan) else None
        self._plans.shown(work.lease, answered=True, alerted=alerted)
        return replace(plan, answered=True, alerted=alerted)

    def _is_owed_a_message(self, plan: Plan) -> bool:
        """Whether nothing that Slack notifies of tells the requester that a long reading is over."""
        in_their_messages = plan.message_ts is not None and (plan.request.channel or "").startswith("D")
        took_long = self._clock() - plan.created_at > LONG_READING
        return took_long and plan.state in READ and not in_their_messages

    def _alert(self, work: Work, plan: Plan) -> None:
        """The direct message to who asked, if one is owed and not sent yet."""
        if plan.alerted is not False or plan.request.requested_by is None:
            return
        try:
            self._slack.send_directly(plan.request.requested_by, answers.read(plan, message_url=plan.message_url))
        except SlackRejectedError as error:
            log.warning("a person could not be told directly", extra={"plan": plan.id, "code": error.code})
        self._plans.shown(work.lease, alerted=True)

    def _attach(self, work: Work, plan: Plan, channel: str) -> None:
        """The files in the thread: the plan where its message does not name everybody, and the result."""
        if plan.message_ts is None:
            return
        if not fits(plan) and plan.plan_file is None and plan.state in (PlanState.PROPOSED, PlanState.SHOWN):
            name = f"plan-{plan.id}.json"
            outcome = self._upload(plan, channel, plan.message_ts, name, planned_pairs)
            self._plans.shown(work.lease, plan_file=outcome)
            if outcome != ATTACHED:
                self._slack.update(channel, plan.message_ts, self._message(replace(plan, plan_file=outcome)))
        if plan.reply_ts is not None and plan.result_file is None and plan.state in REPORTED:
            outcome = self._upload(plan, channel, plan.message_ts, RESULT_FILE, written_pairs)
            self._plans.shown(work.lease, result_file=outcome)
            if outcome != ATTACHED:
                self._slack.update(channel, plan.reply_ts, self._reply(replace(plan, result_file=outcome)))

    def _upload(
        self, plan: Plan, channel: str, thread_ts: str, name: str, pairs_of: Callable[..., Sequence[tuple[str, str]]]
    ) -> str:
        content = assignments_file(plan, pairs_of(self._batches.of(plan.id)), self._plans.reasons(plan.id))
        try:
            self._slack.upload(channel, thread_ts=thread_ts, name=name, title=name, content=content)
        except SlackRejectedError as error:
            return str(error)
        return ATTACHED

    def _tell_requester(self, work: Work, plan: Plan, error: SlackRejectedError) -> None:
        """Where the channel takes no message, the person who asked still hears of it."""
        if plan.request.requested_by is None:
            log.error("nobody can be told about a plan", extra={"plan": plan.id, "error": str(error)})
            return
        text = f"Plan `{plan.id}` cannot be shown in its channel. {error}"
        if plan.state in REPORTED:
            text += "\n" + self._report(plan).text
        if plan.state is PlanState.PROPOSED and plan.message_ts is None:
            self._plans.cancel(plan.id, who="bot", now=self._clock())  # nobody could approve it
        self._answers.send(_asker(plan), answers.sentence(text), replace=not plan.answered)
        self._plans.shown(work.lease, answered=True)


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
        line = json.dumps(entry, ensure_ascii=False).encode(errors="replace")
        file.write((b",\n " if number else b"\n ") + line)
    file.write(b"\n]\n")
    return file.getvalue()


def _is_posted(plan: Plan) -> bool:
    """Whether a plan that is not in the channel yet belongs there."""
    failed_unseen = plan.state is PlanState.FAILED and plan.request.origin is Origin.SCHEDULE
    return (
        plan.state in {PlanState.PROPOSED, PlanState.SHOWN} | WORKED_ON | REPORTED - {PlanState.FAILED} or failed_unseen
    )


def _has_reply(plan: Plan) -> bool:
    """Whether there is something to say in the thread."""
    return (plan.decided_at is not None and plan.state in WRITING | REPORTED) or (plan.reply_ts is not None)


def _asker(plan: Plan) -> ReplyTo:
    return ReplyTo(plan.request.requested_by or "", plan.request.channel, plan.request.response_url)
