"""The audit trail as lines of text."""

from collections.abc import Iterable

from bot.domain.model import Event, Plan
from bot.messages.text import counted


def plan_lines(plans: Iterable[Plan]) -> list[str]:
    """One line per plan: when it was asked for, its id, its state, what and by whom."""
    return [
        f"{plan.created_at:%Y-%m-%d %H:%M:%S}  {plan.id}  {plan.state:<10}  "
        f"{counted(plan.planned_rows, 'row')} tagged {plan.request.tag!r}, "
        f"by {plan.request.requested_by or plan.request.origin}"
        for plan in plans
    ]


def step_lines(events: Iterable[Event]) -> list[str]:
    """One line per transition: when, from, to, who, counts; and why, below it, where that is not plain."""
    return [line for event in events for line in (_step(event), *_why(event))]


def _step(event: Event) -> str:
    counts = ", ".join(f"{name} {value:,}" for name, value in event.counts.items() if isinstance(value, int))
    moved = f"{event.before} -> {event.after}" if event.before else event.after
    return f"{event.at:%Y-%m-%d %H:%M:%S}  {moved:<24}  by {event.who}" + (f"  ({counts})" if counts else "")


def _why(event: Event) -> list[str]:
    return [f"    {line}" for line in (event.reason or "").splitlines()]
