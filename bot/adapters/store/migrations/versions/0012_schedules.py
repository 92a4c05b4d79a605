"""Schedules that people add, beside that of the settings.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was there is that of the settings, which name its channel at the next start; its next time stays."""
    before = sa.table("schedules", sa.column("id"), sa.column("weekly"), sa.column("next_fire_at", sa.DateTime))
    connection = op.get_bind()
    rows = connection.execute(sa.select(before)).mappings().all()
    op.drop_table("schedules")
    schedules = op.create_table(
        "schedules",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("weekly", sa.String(120), nullable=False),
        sa.Column("queue", sa.String(40), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(32)),
        sa.Column("next_fire_at", sa.DateTime),
        sa.Column("paused_until", sa.DateTime),
        sa.Column("trouble", sa.Text),
        sa.Column("tell_at", sa.DateTime),
        sa.Column("last_at", sa.DateTime),
        sa.Column("last_plan", sa.String(16)),
        sa.UniqueConstraint("queue", "channel", "weekly"),
    )
    for row in rows:
        connection.execute(sa.insert(schedules).values(**row, queue="default", channel=""))
