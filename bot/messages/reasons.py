"""Why rows left a plan, in words."""

from collections.abc import Iterable

from bot.domain.model import DropReason
from bot.messages.text import counted, number

DROPPED = {
    DropReason.ASSIGNED: "assigned by somebody else meanwhile",
    DropReason.FINISHED: "finished meanwhile",
    DropReason.GONE: "deleted meanwhile",
    DropReason.UNTAGGED: "no longer tagged",
    DropReason.OTHER_PLAN: "written by another plan a moment ago",
    DropReason.REVIEWER: "their reviewer cannot be given rows any more",
    DropReason.AWAY: "their reviewer is away",
}


def dropped_lines(dropped: Iterable[tuple[DropReason, int]]) -> list[str]:
    """One line per reason."""
    return [f"{counted(count, 'row')} left out: {DROPPED[reason]}" for reason, count in dropped]


def drift_sentence(drift: tuple[tuple[DropReason, int], ...]) -> str:
    """What left a plan since its version before."""
    total = sum(count for _, count in drift)
    reasons = ", ".join(f"{number(count)} {DROPPED[reason]}" for reason, count in drift)
    return f"{counted(total, 'row')} left the plan since it was approved: {reasons}."
