"""The loop that brings each surface of a plan to what it should show, each for itself, always from the store."""

import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from bot.domain.faults import pause_seconds
from bot.domain.plan import REPORTED, Origin, Plan, PlanState
from bot.domain.report import planned_pairs, report_of, written_pairs
from bot.domain.surfaces import NOT_SHOWN, Known, Shown, Surface
from bot.domain.undo import counted_undo
from bot.errors import SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages import answers
from bot.messages.blocks import Message
from bot.messages.plan import awaited
from bot.messages.report import NOT_UNDONE, Facts, progress_message
from bot.messages.surfaces import Attachment, Content, assignments_file, contents, has_reply
from bot.services.notices import review_url
from bot.services.ports.plans import PlanBooks
from bot.services.ports.slack import PrivateAnswers, ReplyTo, Slack
from bot.services.ports.store import SurfaceBook
from bot.services.ports.work import Clock, Work
from bot.settings import Settings

log = logging.getLogger(__name__)

READING_PROGRESS_SECONDS = (2.0, 15.0, 60.0)  # a response URL takes five answers; three are for progress
LONGEST_PAUSE = 300.0  # seconds
MOST_TRIES = 100  # most of a working day
MOST_UPLOADS = 6  # half a minute: the report says it all, and only the list is missing
GIVEN_UP = "Slack did not take it, although it was tried for long."
_DELETED = "message_not_found"


class SlackAnnouncer:
    """The `Announcer` port in Slack.  A surface that Slack refuses never takes the others along."""

    def __init__(
        self,
        books: PlanBooks,
        *,
        surfaces: SurfaceBook,
        slack: Slack,
        answers: PrivateAnswers,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._books = books
        self._plans = books.plans
        self._surfaces = surfaces
        self._slack = slack
        self._answers = answers
        self._settings = settings
        self._clock = clock

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

        def edit_reply() -> None:
            ts = self._surfaces.of(plan.id).get(Surface.REPLY, NOT_SHOWN).ts
            if plan.request.channel is not None and ts is not None:
                self._slack.update(plan.request.channel, ts, progress_message(plan))

        work.show(edit_reply)

    def proposed_again(self, plan: Plan, approver: str) -> None:
        """Tell the person who approved that the plan changed, because an edit of its message notifies nobody."""
        self._answers.send(ReplyTo(approver, plan.request.channel, None), answers.changed(plan))

    def draw(self, work: Work) -> None:
        """Show the plan as it is stored, and again until nothing changed meanwhile.

        Where a surface has to wait, the others are shown, and the plan is drawn again after the wait.
        """
        while (plan := self._plans.get(work.lease.plan_id)) is not None and plan.drawn < plan.revision:
            waits_until = self._show(work, plan, self._facts(plan))
            if waits_until is not None:
                self._surfaces.rest(work.lease, max((waits_until - self._clock()).total_seconds(), 0.0))
                break
            self._surfaces.drawn(work.lease, plan.revision)

    def _show(self, work: Work, plan: Plan, facts: Facts) -> datetime | None:
        """Bring every surface to what it should show; until when the first one has to wait, None when none does."""
        now = self._clock()  # what is put off from here on has to wait for the next time
        while True:
            known = self._surfaces.of(plan.id)
            wanted = contents(plan, known, facts).items()
            stale = {name: content for name, content in wanted if known.get(name, NOT_SHOWN).drawn != _digest(content)}
            waits_until = {name: known.get(name, NOT_SHOWN).retry_at or now for name in stale}
            due = {name: content for name, content in stale.items() if waits_until[name] <= now}
            if not due:
                return min(waits_until.values(), default=None)
            for surface, content in due.items():
                work.proceed()
                shown = self._brought(plan, surface, content, known)
                self._surfaces.record(work.lease, surface, shown)
                if surface is Surface.MESSAGE:
                    plan = self._placed(work, plan, shown)

    def _brought(self, plan: Plan, surface: Surface, content: Content, known: Known) -> Shown:
        """What a surface shows after one try."""
        before, now = known.get(surface, NOT_SHOWN), self._clock()
        try:
            shown = self._put(plan, surface, content, known)
        except SlackError as error:
            if not isinstance(error, SlackRejectedError) or error.is_for_the_operator:
                return self._put_off(plan, surface, content, before, error)
            self._refused(plan, surface, error)
            shown = Shown(before.ts, problem=str(error))
        return replace(shown, drawn=_digest(content), drawn_at=now)

    def _put(self, plan: Plan, surface: Surface, content: Content, known: Known) -> Shown:
        channel, asker = plan.request.channel or "", _asker(plan)
        match surface, content:
            case _, Attachment(name):
                pairs_of = planned_pairs if surface is Surface.PLAN_FILE else written_pairs
                pairs = pairs_of(self._books.batches.of(plan.id))
                file = assignments_file(plan, pairs, self._plans.reasons(plan.id))
                self._slack.upload(channel, thread_ts=plan.message_ts or "", name=name, title=name, content=file)
            case Surface.NOTE, Message():
                self._answers.deliver(asker, content, replace=True)
            case Surface.ALERT, Message():
                self._slack.send_directly(asker.user, content)
            case _, Message():
                return self._said(plan, surface, content, known)
        return Shown()

    def _said(self, plan: Plan, surface: Surface, message: Message, known: Known) -> Shown:
        """Edit the message that is there; where Slack refuses that for good, a new one in the thread says it."""
        channel, before = plan.request.channel or "", known.get(surface, NOT_SHOWN)
        if before.ts is None:
            return Shown(self._slack.post(channel, message, thread_ts=plan.message_ts))
        try:
            self._slack.update(channel, before.ts, message)
        except SlackRejectedError as error:
            if error.is_for_the_operator:
                raise
            log.warning("a message cannot be edited", extra={"plan": plan.id, "surface": surface, "code": error.code})
            is_gone = error.code == _DELETED
            is_followed = has_reply(plan, known)
            if surface is Surface.COPY:
                return before
            if surface is Surface.MESSAGE and plan.state is not PlanState.PROPOSED and (is_followed or is_gone):
                return Shown(before.ts, problem=str(error) if is_gone and is_followed else None)
            return Shown(self._slack.post(channel, message, thread_ts=plan.message_ts))
        return Shown(before.ts)

    def _placed(self, work: Work, plan: Plan, message: Shown) -> Plan:
        """The plan with the place of its message, once it has one."""
        if message.ts is None or plan.message_url is not None:
            return plan
        ts = plan.message_ts or message.ts
        try:
            url = self._slack.permalink(plan.request.channel or "", ts)
        except SlackError:
            url = None  # a message without a link beats no message
        if url is not None:
            self._surfaces.link(work.lease, url)
        return replace(plan, message_ts=ts, message_url=url)

    def _refused(self, plan: Plan, surface: Surface, error: SlackError) -> None:
        log.warning("Slack refused to show a plan", extra={"plan": plan.id, "surface": surface, "error": str(error)})
        if surface is Surface.MESSAGE and plan.state is PlanState.PROPOSED:
            now = self._clock()
            self._plans.cancel(plan.id, edition=plan.edition, who="bot", now=now)  # nobody could approve it
        if surface in (Surface.MESSAGE, Surface.REPLY) and plan.request.requested_by is None:
            log.error("nobody can be told about a plan", extra={"plan": plan.id, "error": str(error)})

    def _put_off(self, plan: Plan, surface: Surface, content: Content, before: Shown, error: SlackError) -> Shown:
        """The surface after a try that says nothing: it is tried again, after longer and longer, but not for ever."""
        log.warning("a surface has to wait", extra={"plan": plan.id, "surface": surface, "error": str(error)})
        tries, now = before.tries + 1, self._clock()
        if tries >= (MOST_UPLOADS if isinstance(content, Attachment) else MOST_TRIES):
            self._refused(plan, surface, error)
            return Shown(before.ts, _digest(content), now, problem=GIVEN_UP)
        asked = error.retry_after_seconds if isinstance(error, SlackUnavailableError) else None
        pause = pause_seconds(tries, asked=asked, longest=LONGEST_PAUSE)
        return replace(before, drawn=None, tries=tries, retry_at=now + timedelta(seconds=pause))

    def _facts(self, plan: Plan) -> Facts:
        """What is shown beside the plan as it stands, as far as its state needs it."""
        newer = self._plans.get(plan.superseded_by) if plan.superseded_by else None
        is_counted = plan.decided_at is not None and plan.state in REPORTED
        failed = self._books.notices.failed(plan.id) if is_counted else frozenset()
        was_undone = is_counted or plan.state is PlanState.UNDONE
        policy = self._settings.policy
        return Facts(
            review_url(self._settings.braintrust),
            policy.undo_hours > 0,
            report=report_of(plan, self._books.batches.of(plan.id)) if is_counted else None,
            undo=counted_undo(self._books.undone.of(plan.id)) if was_undone else NOT_UNDONE,
            untold=tuple(share.reviewer.name for share in plan.shares if share.reviewer.id in failed),
            successor_url=newer.message_url if newer else None,
            approval=awaited(plan, policy),
        )


def _digest(content: Content) -> str:
    """What tells one content from another."""
    if isinstance(content, Attachment):
        return content.edition
    return sha256(json.dumps([content.text, content.blocks], sort_keys=True).encode()).hexdigest()


def _asker(plan: Plan) -> ReplyTo:
    return ReplyTo(plan.request.requested_by or "", plan.request.channel, plan.request.response_url)
