"""The approval that a plan waits for: who is asked for it, and the reminder before it is too late."""

from collections.abc import Iterable

from bot.domain.model import Plan
from bot.messages.blocks import context, section
from bot.messages.message import Message
from bot.messages.text import mention, moment
from bot.settings import PolicySettings

MAX_MENTIONS = 20


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
    if named := policy.approvers - {asker}:
        return f"To be approved by {approver_mentions(named)}."
    return f"To be approved by somebody other than {mention(asker)}." if asker else None


def reminder_message(plan: Plan, approval: str) -> Message:
    """What the thread says once while a plan waits, before it expires."""
    expires = f"expires {moment(plan.expires_at)}" if plan.expires_at else "expires soon"
    text = f"This plan {expires} and is not approved yet. {approval}"
    return Message(f"{text}\nplan `{plan.id}`", (section(text), context(f"plan `{plan.id}`")))
