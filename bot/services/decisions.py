"""Decisions of people, by a press of a button: one guarded change, and an answer in any case."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.plan import UNDOABLE, WRITING, Plan, PlanState
from bot.errors import BotError, StoreError
from bot.messages import answers
from bot.messages.blocks import Message
from bot.messages.buttons import Target
from bot.services.permissions import Permissions
from bot.services.ports.plans import PlanDecisions
from bot.services.ports.slack import PrivateAnswers, ReplyTo
from bot.services.ports.store import SurfaceBook
from bot.services.ports.work import Clock
from bot.services.threads import in_background
from bot.services.writing.undo import UndoSteps

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Press:
    """A person pressed a button about a plan."""

    target: Target
    reply_to: ReplyTo
    message_ts: str | None = None
    """The message that the button is on."""

    @property
    def user(self) -> str:
        """The Slack user who pressed."""
        return self.reply_to.user


class Decider:
    """Turns presses into transitions.  Whoever is first decides; everybody else is told what became of the plan."""

    def __init__(
        self,
        *,
        plans: PlanDecisions,
        permissions: Permissions,
        answers: PrivateAnswers,
        undoing: UndoSteps,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._plans = plans
        self._permissions = permissions
        self._answers = answers
        self._undoing = undoing
        self._clock = clock
        self._wake = wake

    def approve(self, press: Press) -> None:
        """Start the assignment of the version that was shown."""
        self._decide(press, self._permissions.to_approve, self._plans.approve, answers.APPROVED, late=self._too_late)

    def cancel(self, press: Press) -> None:
        """Give up a plan that is read or proposed."""
        self._decide(press, self._permissions.to_end, self._plans.cancel, answers.CANCELLED, late=self._too_late)

    def stop(self, press: Press) -> None:
        """End an assignment after the batches that are on their way."""
        self._decide(press, self._permissions.to_end, self._plans.stop, answers.STOPPING, late=self._gone_on)

    def retry(self, press: Press) -> None:
        """Go on with the rows that an assignment left."""
        self._decide(press, self._permissions.to_approve, self._plans.retry, answers.RETRYING, late=self._gone_on)

    def preview_undo(self, press: Press) -> None:
        """Say what an undo would take back; the rows are looked at in the background."""
        plan = self._admitted(press, self._permissions.to_undo)
        if plan is None:
            return
        if self._undoing.is_possible(plan):
            in_background(lambda: self._answers.send(press.reply_to, self._undo_preview(plan)), name="undo-preview")
        else:
            self._end(press, answers.undo_too_late(plan, self._undoing.hours))

    def undo(self, press: Press) -> None:
        """Take an assignment back."""
        plan = self._plans.get(press.target.plan_id)
        if plan is not None and plan.state in UNDOABLE and not self._undoing.is_possible(plan):
            self._end(press, answers.undo_too_late(plan, self._undoing.hours))
            return
        self._decide(press, self._permissions.to_undo, self._undoing.begin, answers.UNDOING, late=self._gone_on)

    def _decide(
        self,
        press: Press,
        permission: Callable[[Plan, str], str | None],
        change: Callable[..., bool],
        done: str,
        *,
        late: Callable[[Plan, Press], Message],
    ) -> None:
        plan = self._admitted(press, permission)
        if plan is None:
            return

        changed = change(plan.id, edition=press.target.edition, who=press.user, now=self._clock())

        self._wake()
        now = plan if changed else self._plans.get(plan.id)
        if now is None:
            self._end(press, answers.unknown_plan(plan.id))
        else:
            self._end(press, answers.about(plan, done) if changed else late(now, press))

    def _admitted(self, press: Press, permission: Callable[[Plan, str], str | None]) -> Plan | None:
        """The plan of a press; None where the person is told that they may not decide about it, or that it is gone."""
        plan = self._plans.get(press.target.plan_id)
        if plan is None:
            self._end(press, answers.unknown_plan(press.target.plan_id))
            return None
        elsewhere = self._permissions.to_reach(plan, press.user, channel=press.reply_to.channel)
        refusal = elsewhere or permission(plan, press.user)
        if refusal is None:
            return plan
        self._answers.send(press.reply_to, answers.not_allowed(plan, refusal))
        return None

    def _end(self, press: Press, message: Message) -> None:
        """Answer a press after which its button means nothing more: a private message with it makes way."""
        self._answers.send(press.reply_to, message, replace=press.reply_to.is_private)

    def _undo_preview(self, plan: Plan) -> Message:
        try:
            return answers.undo_preview(plan, self._undoing.preview(plan))
        except BotError as error:
            return answers.undo_failed(plan, str(error))

    def _too_late(self, plan: Plan, press: Press) -> Message:
        """Why an approval or a Cancel changed nothing: what became of the plan."""
        if plan.state is PlanState.PROPOSED and plan.expires_at is not None and plan.expires_at <= self._clock():
            self._plans.expire(now=self._clock())
            plan = self._plans.get(plan.id) or plan
        if plan.state is PlanState.PROPOSED and plan.edition != press.target.edition:
            return answers.old_version(plan)
        return self._already_decided(plan)

    def _gone_on(self, plan: Plan, press: Press) -> Message:
        """Why a press about an assignment changed nothing: it may be about an earlier attempt."""
        is_stopping = plan.stopped_by is not None and plan.state in WRITING
        if is_stopping or plan.state not in UNDOABLE | WRITING or plan.edition == press.target.edition:
            return self._already_decided(plan)
        return answers.about(plan, answers.GONE_ON)

    def _already_decided(self, plan: Plan) -> Message:
        newer = self._plans.get(plan.superseded_by) if plan.superseded_by else None
        return answers.already_decided(plan, successor_url=newer.message_url if newer else None)


def close_duplicate(press: Press, surfaces: SurfaceBook) -> None:
    """Have the message of a press closed where it is none of those the plan is known to have; raises nothing."""
    channel, ts = press.reply_to.channel, press.message_ts
    if channel is None or ts is None or press.reply_to.is_private:
        return
    try:
        if surfaces.note_copy(press.target.plan_id, channel=channel, ts=ts):
            log.warning("a second message of a plan was found", extra={"plan": press.target.plan_id, "ts": ts})
    except StoreError as error:
        log.warning("a second message of a plan is not closed", extra={"error": str(error)})
