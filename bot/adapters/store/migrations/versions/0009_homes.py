"""Homes: whom the database belongs to, so that two deployments do not end each other's plans.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A database of before gets its homes at the next start."""
    op.create_table(
        "homes",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
