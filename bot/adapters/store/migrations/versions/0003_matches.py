"""Which Slack account is whose: also of those who have none.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin anew: what was remembered is found again by the next plan."""
    op.drop_table("matches")
    op.create_table(
        "matches",
        sa.Column("reviewer_id", sa.String(64), primary_key=True),
        sa.Column("slack_id", sa.String(32)),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
    )
