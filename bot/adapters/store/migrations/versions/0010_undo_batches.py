"""Undo batches: an undo is carried out in batches like an assignment, instead of parts with a state for each row.

Revision ID: 0010
Revises: 0009
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WRITTEN = ("written", "confirmed")
_KEPT = {"reviewed": "finished", "changed": "assigned"}  # why a row is kept, as the batches of an assignment say it


def upgrade() -> None:
    """Carry over what is known of each row; rows that were not dealt with yet get their batches in the next step."""
    undo_batches = op.create_table(
        "undo_batches",
        sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("rows", sa.JSON, nullable=False),
        sa.Column("dropped", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("attempt_began_at", sa.DateTime()),
        sa.Column("attempt_ended_at", sa.DateTime()),
        sa.Column("error", sa.Text),
    )
    undos = sa.table("undos", sa.column("plan_id"), sa.column("part"), sa.column("states", sa.JSON))
    connection = op.get_bind()
    for plan_id in connection.execute(sa.select(undos.c.plan_id).distinct()).scalars().all():
        parts = connection.execute(sa.select(undos.c.states).where(undos.c.plan_id == plan_id).order_by(undos.c.part))
        reviewers = _reviewers(connection, plan_id)
        found = [batch for states in parts.scalars().all() for batch in _batches(states, reviewers)]
        for seq, batch in enumerate(found, 1):
            connection.execute(sa.insert(undo_batches).values(plan_id=plan_id, seq=seq, **batch))
    op.drop_table("undos")
    op.drop_column("plans", "unassignment")


def _reviewers(connection: sa.Connection, plan_id: str) -> dict[str, str]:
    """Who got which row."""
    names = ("plan_id", "state")
    batches = sa.table("batches", *(sa.column(name) for name in names), sa.column("rows", sa.JSON))
    query = sa.select(batches.c.rows).where(batches.c.plan_id == plan_id, batches.c.state.in_(_WRITTEN))
    return {row_id: who for rows in connection.execute(query).scalars() for row_id, who in rows}


def _batches(states: dict[str, str], reviewers: dict[str, str]) -> Iterator[dict[str, Any]]:
    """What is settled of a part, and what was on its way when the process of before ended."""
    settled = [[row_id, reviewers.get(row_id, "")] for row_id, state in states.items() if state != "sending"]
    sent = [[row_id, reviewers.get(row_id, "")] for row_id, state in states.items() if state == "sending"]
    dropped = [[row_id, _KEPT[state]] for row_id, state in states.items() if state in _KEPT]
    if settled:
        yield {"rows": settled, "dropped": dropped, "state": "confirmed", "attempts": 1}
    if sent:
        yield {"rows": sent, "dropped": [], "state": "sending", "attempts": 1}
