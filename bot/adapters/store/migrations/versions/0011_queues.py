"""Queues that people make; who may approve a plan where its queue says so.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The plans of before are those of the settings' queue, and of its approvers."""
    op.create_table(
        "queues",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("texts", sa.JSON, nullable=False),
        sa.Column("changed_by", sa.String(80), nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
    )
    op.add_column("plans", sa.Column("approvers", sa.JSON))
