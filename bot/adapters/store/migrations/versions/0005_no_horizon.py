"""No horizon: at the approval rows are read by id, so nothing has to be remembered of a reading.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forget what plans that wait remember: their rows are read by id like those of any other."""
    op.drop_column("plans", "horizon")
