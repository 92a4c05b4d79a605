"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create plans, batches, undos, events and schedules."""
    op.create_table(
        "plans",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("queue", sa.String(80), nullable=False),
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("asked_reviewers", sa.JSON, nullable=False),
        sa.Column("row_limit", sa.Integer),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("requested_by", sa.String(32)),
        sa.Column("channel", sa.String(32)),
        sa.Column("response_url", sa.Text),
        sa.Column("fire_key", sa.String(120), unique=True),
        sa.Column("window_start", sa.DateTime(), nullable=False),
        sa.Column("window_end", sa.DateTime(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("drawn", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.DateTime()),
        sa.Column("reason", sa.Text),
        sa.Column("decided_by", sa.String(32)),
        sa.Column("decided_at", sa.DateTime()),
        sa.Column("stopped_by", sa.String(32)),
        sa.Column("superseded_by", sa.String(16)),
        sa.Column("finished_at", sa.DateTime()),
        sa.Column("undone_by", sa.String(32)),
        sa.Column("undone_from", sa.String(16)),
        sa.Column("unassignment", sa.String(16)),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("shares", sa.JSON, nullable=False),
        sa.Column("unknown_reviewers", sa.JSON, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("rotation", sa.Integer, nullable=False),
        sa.Column("horizon", sa.JSON),
        sa.Column("drift", sa.JSON),
        sa.Column("message_ts", sa.String(32)),
        sa.Column("message_url", sa.Text),
        sa.Column("reply_ts", sa.String(32)),
        sa.Column("plan_file", sa.Text),
        sa.Column("result_file", sa.Text),
        sa.Column("answered", sa.Boolean, nullable=False),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("lease_owner", sa.String(80)),
        sa.Column("lease_until", sa.Float),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("wake_at", sa.Float),
        sa.Column("writing_project", sa.String(36), unique=True),
    )
    op.create_index("ix_plans_state", "plans", ["state"])
    op.create_index("ix_plans_queue", "plans", ["queue", "tag"])
    op.create_table(
        "batches",
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
    op.create_table(
        "undos",
        sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True),
        sa.Column("states", sa.JSON, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("from_state", sa.String(16)),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.Column("token", sa.String(32)),
    )
    op.create_index("ix_events_plan_id", "events", ["plan_id"])
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("weekly", sa.String(120), nullable=False),
        sa.Column("next_fire_at", sa.DateTime(), nullable=False),
    )


def downgrade() -> None:
    """Drop everything."""
    for table in ("schedules", "events", "undos", "batches", "plans"):
        op.drop_table(table)
