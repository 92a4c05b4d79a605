"""People: how a plan deals out, what is carried over from plan to plan, and why a row is whose.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add to what is there; plans that are under way go on as they were asked for."""
    op.add_column("plans", sa.Column("choices", sa.JSON))
    op.execute("ALTER TABLE plans RENAME COLUMN unknown_reviewers TO left_out")
    op.execute("ALTER TABLE plans RENAME COLUMN rotation TO without_room")
    _reword()
    op.create_table(
        "balances",
        sa.Column("queue", sa.String(80), primary_key=True),
        sa.Column("tag", sa.Text, primary_key=True),
        sa.Column("reviewer_id", sa.String(64), primary_key=True),
        sa.Column("rows", sa.Text, nullable=False),
    )
    op.create_table(
        "reasons",
        sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("by_row", sa.JSON, nullable=False),
    )
    op.create_table(
        "matches",
        sa.Column("slack_id", sa.String(32), primary_key=True),
        sa.Column("reviewer_id", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
    )
    _add_notices()


def _add_notices() -> None:
    """Nobody is told of what was assigned before: there is no notice for it."""
    op.add_column("plans", sa.Column("alerted", sa.Boolean))
    op.create_table(
        "notices",
        sa.Column("plan_id", sa.String(16), sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("reviewer_id", sa.String(64), primary_key=True),
        sa.Column("slack_user", sa.String(32), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("taken_back", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("due_at", sa.DateTime()),
        sa.Column("channel", sa.String(32)),
        sa.Column("ts", sa.String(32)),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("shown", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.Float),
    )
    op.create_index("ix_notices_state", "notices", ["state"])
    op.create_table(
        "preferences",
        sa.Column("slack_user", sa.String(32), primary_key=True),
        sa.Column("muted", sa.Boolean, nullable=False),
        sa.Column("away_until", sa.Date),
    )


def _reword() -> None:
    """Nobody was without room so far, and who was left out was not known to Braintrust."""
    plans = sa.table("plans", sa.column("id"), sa.column("left_out", sa.JSON), sa.column("without_room", sa.Integer))
    connection = op.get_bind()
    for plan_id, names in connection.execute(sa.select(plans.c.id, plans.c.left_out)).all():
        reworded = [[name, "Braintrust does not know them"] for name in names]
        mine = plans.c.id == plan_id
        connection.execute(sa.update(plans).where(mine).values(left_out=reworded, without_room=0))
