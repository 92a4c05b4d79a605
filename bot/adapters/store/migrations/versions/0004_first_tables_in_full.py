"""The first tables in full: the first migration grew after it had been published, and databases made before lack parts.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is missing.  All of it may be empty: plans from before could not be undone, and had no drift."""
    lacked = {
        "plans": (
            sa.Column("message_url", sa.Text),
            sa.Column("horizon", sa.JSON),
            sa.Column("drift", sa.JSON),
            sa.Column("finished_at", sa.DateTime()),
            sa.Column("undone_by", sa.String(32)),
            sa.Column("undone_from", sa.String(16)),
            sa.Column("unassignment", sa.String(16)),
        ),
        "events": (sa.Column("token", sa.String(32)),),
    }
    found = sa.inspect(op.get_bind())
    for table, columns in lacked.items():
        known = {column["name"] for column in found.get_columns(table)}
        for column in columns:
            if column.name not in known:
                op.add_column(table, column)
    if "undos" not in found.get_table_names():
        op.create_table(
            "undos",
            sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
            sa.Column("part", sa.Integer, primary_key=True),
            sa.Column("states", sa.JSON, nullable=False),
        )
