"""Surfaces: what Slack is known to show of a plan, each place for itself instead of five columns.

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ATTACHED = "attached"
_SOMETHING = "as it was drawn before"
_LONG = timedelta(minutes=2)  # longer than what a direct message is owed for


def upgrade() -> None:
    """Carry over what Slack shows; the next change of a plan draws its messages anew."""
    surfaces = op.create_table(
        "surfaces",
        sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("surface", sa.String(16), primary_key=True),
        sa.Column("ts", sa.String(32)),
        sa.Column("drawn", sa.String(64)),
        sa.Column("drawn_at", sa.DateTime()),
        sa.Column("problem", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.DateTime()),
    )
    plans = sa.table(
        "plans",
        sa.column("id"),
        sa.column("version"),
        sa.column("created_at", sa.DateTime()),
        sa.column("finished_at", sa.DateTime()),
        *(sa.column(name) for name in ("message_ts", "reply_ts", "plan_file", "result_file")),
        *(sa.column(name, sa.Boolean) for name in ("answered", "alerted")),
    )
    connection = op.get_bind()
    for plan in connection.execute(sa.select(plans)).all():
        for shown in _shown(plan):
            connection.execute(sa.insert(surfaces).values(plan_id=plan.id, tries=0, **shown))
    for column in ("reply_ts", "plan_file", "result_file", "answered", "alerted"):
        op.drop_column("plans", column)


def _shown(plan: Any) -> Iterator[dict[str, Any]]:
    at = plan.created_at
    if plan.message_ts is not None:
        yield {"surface": "message", "ts": plan.message_ts, "drawn_at": at}
    if plan.reply_ts is not None:
        yield {"surface": "reply", "ts": plan.reply_ts, "drawn_at": at}
    if plan.plan_file is not None:
        yield {"surface": "plan_file", "drawn": str(plan.version), "drawn_at": at, "problem": _problem(plan.plan_file)}
    if plan.result_file is not None:
        finished = None if plan.finished_at is None else plan.finished_at.replace(tzinfo=UTC)
        problem = _problem(plan.result_file)
        yield {"surface": "result_file", "drawn": str(finished), "drawn_at": at, "problem": problem}
    if plan.answered:
        is_owed = plan.alerted is False
        yield {"surface": "note", "drawn": _SOMETHING, "drawn_at": at + _LONG if is_owed else at}
        if not is_owed:
            yield {"surface": "alert", "drawn": _SOMETHING, "drawn_at": at}


def _problem(file: str) -> str | None:
    return None if file == _ATTACHED else file
