"""The buttons, their action ids, and what their values say."""

import re
from dataclasses import dataclass

from bot.domain.plan import Plan
from bot.messages.blocks import Block, button, confirmation
from bot.messages.text import counted, number

APPROVE = "approve"
CANCEL = "cancel"
STOP = "stop"
RUN_QUEUE = "run_queue"
EDIT_QUEUE = "edit_queue"
NEW_QUEUE = "new_queue"
RETRY = "retry"
UNDO = "undo"
UNDO_CONFIRM = "undo_confirm"

_LEFT_ALONE = "Rows that somebody assigns or finishes meanwhile are left alone."
_VALUE = re.compile(r"([a-z0-9]{1,16}):([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Target:
    """Which plan, and which edition of it, a button is about."""

    plan_id: str
    edition: int


def target(value: str) -> Target | None:
    """The target in a button's value; None when no button of ours has such a value."""
    match = _VALUE.fullmatch(value)
    return Target(match[1], int(match[2])) if match else None


def approve_button(plan: Plan) -> Block:
    """Approve, which asks once more, with the numbers."""
    reviewers = counted(sum(share.rows > 0 for share in plan.shares), "reviewer")
    question = confirmation(
        f"Assign {counted(plan.planned_rows, 'row')} to {reviewers}?",
        _LEFT_ALONE,
        confirm="Assign",
        deny="Not yet",
    )
    return button("Approve", action_id=APPROVE, value=_value(plan), style="primary", confirm=question)


def cancel_button(plan: Plan) -> Block:
    """Cancel a plan that is read or proposed."""
    return button("Cancel", action_id=CANCEL, value=_value(plan))


def stop_button(plan: Plan) -> Block:
    """Stop an assignment after the batches that are on their way."""
    return button("Stop", action_id=STOP, value=_value(plan))


def retry_button(plan: Plan, rows: int) -> Block:
    """Try the rows again that are left, after a question: it assigns rows, as Approve does."""
    question = confirmation(
        f"Assign the remaining {counted(rows, 'row')}?", _LEFT_ALONE, confirm="Assign", deny="Not yet"
    )
    label = f"Retry the remaining {number(rows)}"
    return button(label, action_id=RETRY, value=_value(plan), style="primary", confirm=question)


def run_queue_button(name: str) -> Block:
    """Ask for a plan of a queue."""
    return button("Plan", action_id=RUN_QUEUE, value=name)


def edit_queue_button(name: str) -> Block:
    """Open the form of a queue."""
    return button("Edit…", action_id=EDIT_QUEUE, value=name)


def new_queue_button() -> Block:
    """Open the form of a new queue."""
    return button("New queue…", action_id=NEW_QUEUE, value="new")


def undo_button(plan: Plan) -> Block:
    """Ask what an undo would take back; nothing happens yet."""
    return button("Undo…", action_id=UNDO, value=_value(plan))


def undo_confirm_button(plan: Plan, rows: int) -> Block:
    """Take the rows back."""
    return button(f"Take back {number(rows)}", action_id=UNDO_CONFIRM, value=_value(plan), style="danger")


def _value(plan: Plan) -> str:
    return f"{plan.id}:{plan.edition}"
