"""Faults: what the work on a plan met, and why a step of the audit trail went as it did.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add to what is there; the reason of a plan's end is also that of its last step."""
    op.add_column("plans", sa.Column("draw_at", sa.Float))
    op.add_column("plans", sa.Column("faults", sa.JSON))
    op.add_column("plans", sa.Column("draw_faults", sa.JSON))
    op.add_column("events", sa.Column("reason", sa.Text))
    op.execute(
        "UPDATE events SET reason = (SELECT reason FROM plans WHERE plans.id = events.plan_id) "
        "WHERE id IN (SELECT max(id) FROM events WHERE from_state IS NOT NULL GROUP BY plan_id)"
    )
