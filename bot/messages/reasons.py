"""Reasons why rows left a plan, in words."""

from collections.abc import Iterable

from bot.domain.plan import DropReason, Plan
from bot.domain.undo import UndoCounts
from bot.messages.text import counted, number

DROPPED = {
    DropReason.ASSIGNED: "assigned by somebody else meanwhile",
    DropReason.FINISHED: "finished meanwhile",
    DropReason.GONE: "deleted meanwhile",
    DropReason.UNMATCHED: "deleted, or no longer matching the filter",
    DropReason.UNTAGGED: "no longer tagged",
    DropReason.OTHER_PLAN: "written by another plan a moment ago",
    DropReason.REVIEWER: "their reviewer cannot be given rows any more",
    DropReason.AWAY: "their reviewer is away",
}
_WHOSE = {
    DropReason.REVIEWER: "of a reviewer who cannot be given rows any more",
    DropReason.AWAY: "of a reviewer who is away",
}


def dropped_lines(dropped: Iterable[tuple[DropReason, int]]) -> list[str]:
    """One line per reason."""
    return [f"{counted(count, 'row')} left out: {DROPPED[reason]}" for reason, count in dropped]


def drift_sentence(plan: Plan) -> str:
    """What left a plan since its version before was shown."""
    gone = sum(count for _, count in plan.drift)
    reasons = ", ".join(f"{number(count)} {(DROPPED | _WHOSE)[reason]}" for reason, count in plan.drift)
    return (
        f"{number(gone)} of {counted(gone + plan.planned_rows, 'row')} left the plan since version {plan.version - 1} "
        f"was shown: {reasons}."
    )


def kept_rows(counts: UndoCounts) -> str:
    """Why an undo leaves rows where they are; empty when it leaves none."""
    reasons = ((counts.reviewed, "already reviewed"), (counts.changed, "changed since"))
    return " and ".join(f"{number(count)} {why}" for count, why in reasons if count)


def undo_limit(hours: int) -> str:
    """Until when an assignment may be taken back."""
    return f"that works within {counted(hours, 'hour')} of its end" if hours else "that is switched off"
