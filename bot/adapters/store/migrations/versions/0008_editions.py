"""Editions: what a decision is about, so that nothing sent twice decides twice.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Buttons named the version so far, and those that stand in Slack go on to work."""
    op.add_column("plans", sa.Column("edition", sa.Integer))
    op.execute("UPDATE plans SET edition = version")
