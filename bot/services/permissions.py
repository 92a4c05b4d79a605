"""Permissions of people, decided at the moment of a press or of a reading; and the way into a plan's channel."""

import logging
import math
from collections.abc import Callable, Iterable
from functools import partial

from bot.domain.plan import Origin, Plan
from bot.errors import NotAllowedError, SlackError, SlackRejectedError, SlackUnavailableError
from bot.messages.plan import approver_mentions
from bot.messages.text import mention
from bot.services.ports.people import Directory
from bot.services.ports.slack import Channel, Slack
from bot.settings import PolicySettings

log = logging.getLogger(__name__)

_PERSON = ("U", "W")
"""How the ids of people begin, unlike `terminal` and `bot`."""


class Permissions:
    """The rules of the settings, applied to people as Slack knows them now."""

    def __init__(self, policy: PolicySettings, directory: Directory) -> None:
        self._policy = policy
        self._directory = directory

    def require_channel(self, channel: str) -> None:
        """Raise `NotAllowedError` where the command may not be used."""
        if self._policy.allowed_channels and channel not in self._policy.allowed_channels:
            allowed = ", ".join(f"<#{name}>" for name in sorted(self._policy.allowed_channels))
            raise NotAllowedError(f"The command cannot be used here. Use it in {allowed}.")

    def require_unshared(self, channel: Channel) -> None:
        """Raise `NotAllowedError` in a channel with another organisation, unless the operator named it."""
        if channel.is_shared and channel.id not in self._policy.allowed_channels:
            raise NotAllowedError(
                "This channel is shared with another organisation. Use another one, "
                f"or ask the bot's operator to name `{channel.id}` in ALLOWED_CHANNELS."
            )

    def require_requester(self, plan: Plan) -> None:
        """Raise `NotAllowedError` where the person may not ask for `plan`: somebody whom REQUESTERS does not name, or
        without it a guest, or somebody of another organisation, who is no approver.

        Raises `SlackUnavailableError` while Slack does not say who they are.
        """
        user, named = plan.request.requested_by, self._approvers(plan)
        if user is None:
            return
        if requesters := self._policy.requesters:
            otherwise = f"Only {approver_mentions(requesters)} may ask for plans. Let one of them ask."
            self._require(user, [lambda: self._is_among(user, requesters)], otherwise, what="ask for a plan")
            return
        otherwise = (
            "Guests and people from other organisations cannot ask for a plan. Let somebody else ask, "
            "or ask the bot's operator to name you in APPROVERS."
        )
        questions = (
            lambda: user in named,
            lambda: not self._directory.is_outsider(user),
            lambda: self._is_in_group(user, named),
        )
        self._require(user, questions, otherwise, what="ask for a plan")

    def require_admin(self, user: str) -> None:
        """Raise `NotAllowedError` for somebody who may not change queues and schedules, and `SlackUnavailableError`."""
        if admins := self._policy.admins:
            otherwise = f"Only {approver_mentions(admins)} may change queues and schedules."
            self._require(user, [lambda: self._is_among(user, admins)], otherwise, what="change queues and schedules")
            return
        otherwise = (
            "Only owners and admins of the workspace may change queues and schedules. Ask one of them, or ask the "
            "bot's operator to name you in ADMINS."
        )
        self._require(user, [lambda: self._directory.is_admin(user)], otherwise, what="change queues and schedules")

    def _require(self, user: str, questions: Iterable[Callable[[], bool]], otherwise: str, *, what: str) -> None:
        try:
            may = _any_holds(questions)
        except SlackRejectedError as error:
            _tell_operator(user, error)
            raise NotAllowedError(f"The bot cannot find out whether you may {what}. {error}") from error
        if not may:
            raise NotAllowedError(otherwise)

    def require_decidable(self, plan: Plan) -> None:
        """Raise `NotAllowedError` for a plan that only its requester will see, who may not approve it."""
        user = plan.request.requested_by
        if plan.request.is_direct and not plan.request.dry_run and user is not None:
            refusal = self.to_approve(plan, user)
            if refusal is not None:
                raise NotAllowedError(
                    f"Only you see what is posted here, and you may not approve it. {refusal} "
                    "Ask in a channel, or add `dry-run`."
                )

    def to_reach(self, plan: Plan, user: str, *, channel: str | None) -> str | None:
        """Why `user`, who acts in `channel`, may not decide about a plan of another one, or why nobody knows."""
        home = plan.request.channel
        if home is not None and home == channel:
            return None
        if home is None or plan.request.is_direct:
            is_theirs = home is not None and user == plan.request.requested_by
            return None if is_theirs else "It does not belong to this conversation, so nothing was changed."
        otherwise = f"It belongs to <#{home}>, and you are not in that channel. Nothing was changed: join it first."
        return _refusal(user, lambda: self._directory.is_member(user, home), otherwise)

    def to_approve(self, plan: Plan, user: str) -> str | None:
        """Why `user` may not approve `plan`, or why nobody knows; None when they may."""
        if self._policy.four_eyes and user == plan.request.requested_by:
            return f"You asked for it, so somebody else has to approve it. {self._who_may(plan)}"
        return _refusal(user, lambda: self._is_approver(user, plan), self._who_but_asker_may(plan))

    def to_end(self, plan: Plan, user: str) -> str | None:
        """Why `user` may not cancel or stop `plan`, or why nobody knows; None when they may, like the requester."""
        asked = mention(plan.request.requested_by) + " or an approver" if plan.request.requested_by else "An approver"
        otherwise = f"{asked} may end it. {self._who_but_asker_may(plan)}"
        is_theirs = user == plan.request.requested_by
        return _refusal(user, lambda: is_theirs or self._is_approver(user, plan), otherwise)

    def to_undo(self, plan: Plan, user: str) -> str | None:
        """Why `user` may not have the rows of `plan` taken back, or why nobody knows; None when they may."""
        people = (plan.request.requested_by, plan.decided_by)
        named = {one for one in people if one and one.startswith(_PERSON)} | self._approvers(plan)
        may = f"Only {approver_mentions(named)} may" if named else "From Slack, nobody may"
        otherwise = f"{may} have it taken back."
        involved = user in people
        return _refusal(user, lambda: involved or self._is_among(user, self._approvers(plan)), otherwise)

    def _approvers(self, plan: Plan) -> frozenset[str]:
        return plan.request.approvers or self._policy.approvers

    def _is_approver(self, user: str, plan: Plan) -> bool:
        named = self._approvers(plan)
        return self._is_among(user, named) if named else not self._directory.is_outsider(user)

    def _is_among(self, user: str, named: frozenset[str]) -> bool:
        return user in named or self._is_in_group(user, named)

    def _is_in_group(self, user: str, named: frozenset[str]) -> bool:
        groups = [name for name in sorted(named) if name.startswith("S")]
        return _any_holds([partial(self._belongs, user, group) for group in groups])

    def _belongs(self, user: str, group: str) -> bool:
        return user in self._directory.group_members(group)

    def _who_but_asker_may(self, plan: Plan) -> str:
        asker = plan.request.requested_by
        but = f" {mention(asker)} asked for it, and so may not." if self._policy.four_eyes and asker else ""
        return f"{self._who_may(plan)}{but}"

    def _who_may(self, plan: Plan) -> str:
        if named := self._approvers(plan):
            return f"Approvers are {approver_mentions(named)}."
        if plan.request.is_direct:
            return "Nobody else sees it here, so ask for it in a channel."
        return "Guests and people from other organisations cannot approve; everybody else in the channel can."


def enter(plan: Plan, *, slack: Slack, permissions: Permissions, chosen: str | None = None) -> None:
    """Let a plan in that may be asked for by this person and in this channel, and make the bot a member of it.

    The operator has `chosen` a channel for scheduled plans, shared or not.

    Raises `NotAllowedError` or `SlackRejectedError` with a sentence that says what to do, and `SlackUnavailableError`
    while Slack does not say who asks, or who would see the plan.
    """
    request = plan.request
    permissions.require_requester(plan)
    permissions.require_decidable(plan)
    if request.channel is not None:
        channel = slack.channel(request.channel)
        if request.origin is Origin.COMMAND or request.channel != chosen:
            permissions.require_unshared(channel)
        slack.join(channel)


def _any_holds(questions: Iterable[Callable[[], bool]]) -> bool:
    """Whether one of these is so; raises `SlackError` where none is known to be, and one could not be answered."""
    unanswered: SlackError | None = None
    for question in questions:
        try:
            if question():
                return True
        except SlackError as error:
            unanswered = unanswered or error
    if unanswered is not None:
        raise unanswered
    return False


def _refusal(user: str, holds: Callable[[], bool], otherwise: str) -> str | None:
    """None when a rule holds, `otherwise` when it does not; where Slack cannot be asked, that nobody knows."""
    try:
        return None if holds() else otherwise
    except SlackUnavailableError as error:
        log.warning("Slack does not say just now who somebody is", extra={"user": user})
        soon = "a minute" if error.retry_after_seconds is None else f"{math.ceil(error.retry_after_seconds)} s"
        return f"Slack does not say just now whether you may do this. Nothing was changed: press again in {soon}."
    except SlackRejectedError as error:
        _tell_operator(user, error)
        return f"The bot cannot find out whether you may do this. Nothing was changed. {error}"


def _tell_operator(user: str, error: SlackRejectedError) -> None:
    log.error("Slack refuses to say who somebody is", extra={"user": user, "error": str(error), "code": error.code})
