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
    """One line per transition: when, from, to, who, counts."""
    return [_step(event) for event in events]


def _step(event: Event) -> str:
    counts = ", ".join(f"{name} {value:,}" for name, value in event.counts.items())
    moved = f"{event.before} -> {event.after}" if event.before else event.after
    return f"{event.at:%Y-%m-%d %H:%M:%S}  {moved:<24}  by {event.who}" + (f"  ({counts})" if counts else "")
