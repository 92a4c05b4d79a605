"""The tables.  A change here comes with a migration in `migrations/versions`."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from typing_extensions import override


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept as UTC (SQLite has no time zones)."""

    impl = DateTime
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class database_clock(GenericFunction[float]):
    """Seconds since 1970 by the database's own clock, at this instant (not at the start of the transaction)."""

    type = Float()
    inherit_cache = True


@compiles(database_clock, "sqlite")
def _sqlite_clock(element: Any, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_clock, "postgresql")
def _postgresql_clock(element: Any, compiler: Any, **options: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"


metadata = MetaData()

plans = Table(
    "plans",
    metadata,
    Column("id", String(16), primary_key=True),
    # what was asked for
    Column("queue", String(80), nullable=False),
    Column("project_id", String(36), nullable=False),
    Column("tag", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("asked_reviewers", JSON, nullable=False),
    Column("row_limit", Integer),
    Column("dry_run", Boolean, nullable=False),
    Column("choices", JSON),  # strategy, sample, order, what stays together
    Column("origin", String(16), nullable=False),
    Column("requested_by", String(32)),
    Column("channel", String(32)),
    Column("response_url", Text),
    Column("approvers", JSON),
    Column("fire_key", String(120), unique=True),
    Column("window_start", UtcDateTime, nullable=False),
    Column("window_end", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # where it is in its life
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("edition", Integer),  # what people decide about: each decision names it; never NULL
    Column("revision", Integer, nullable=False),
    Column("drawn", Integer, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("reason", Text),
    Column("decided_by", String(32)),
    Column("decided_at", UtcDateTime),
    Column("stopped_by", String(32)),
    Column("superseded_by", String(16)),
    Column("finished_at", UtcDateTime),
    Column("undone_by", String(32)),
    Column("undone_from", String(16)),
    # what is proposed
    Column("counts", JSON, nullable=False),
    Column("shares", JSON, nullable=False),
    Column("left_out", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("without_room", Integer, nullable=False),
    Column("drift", JSON),
    # what Slack shows
    Column("message_ts", String(32)),
    Column("message_url", Text),
    Column("progress", JSON, nullable=False),
    # who works on it
    Column("lease_owner", String(80)),
    Column("lease_until", Float),
    Column("fence", Integer, nullable=False),
    Column("wake_at", Float),
    Column("draw_at", Float),  # not shown anew before
    Column("faults", JSON),  # met by its steps since they last got further
    Column("draw_faults", JSON),  # met while it was shown
    Column("writing_project", String(36), unique=True),  # set while it writes: one plan of a project at a time
    Index("ix_plans_state", "state"),
    Index("ix_plans_queue", "queue", "tag"),
)

surfaces = Table(  # what Slack is known to show of a plan, place by place
    "surfaces",
    metadata,
    Column("plan_id", String(16), ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("surface", String(16), primary_key=True),
    Column("ts", String(32)),
    Column("drawn", String(64)),
    Column("drawn_at", UtcDateTime),
    Column("problem", Text),
    Column("tries", Integer, nullable=False),
    Column("retry_at", UtcDateTime),
)


def _batches(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("plan_id", String(16), ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("rows", JSON, nullable=False),
        Column("dropped", JSON, nullable=False),
        Column("state", String(16), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("attempt_began_at", UtcDateTime),
        Column("attempt_ended_at", UtcDateTime),
        Column("error", Text),
    )


batches = _batches("batches")  # of assignments
undo_batches = _batches("undo_batches")

balances = Table(  # how many rows more than their share people got in plans that are no longer stored, as fractions
    "balances",
    metadata,
    Column("queue", String(80), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("reviewer_id", String(64), primary_key=True),
    Column("rows", Text, nullable=False),
)

reasons = Table(  # why a row is whose, where it is not what the plan's strategy says for all
    "reasons",
    metadata,
    Column("plan_id", String(16), ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("by_row", JSON, nullable=False),
)

matches = Table(  # which Slack account is whose; none where it is null
    "matches",
    metadata,
    Column("reviewer_id", String(64), primary_key=True),
    Column("slack_id", String(32)),
    Column("seen_at", UtcDateTime, nullable=False),
)

notices = Table(  # the direct message to each reviewer of a plan
    "notices",
    metadata,
    Column("plan_id", String(16), ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("reviewer_id", String(64), primary_key=True),
    Column("slack_user", String(32), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("taken_back", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due_at", UtcDateTime),  # NULL until somebody looked when the person works
    Column("channel", String(32)),
    Column("ts", String(32)),
    Column("revision", Integer, nullable=False),
    Column("shown", Integer, nullable=False),  # the revision that Slack shows
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Float),
    Index("ix_notices_state", "state"),
)

preferences = Table(  # what people want who get rows
    "preferences",
    metadata,
    Column("slack_user", String(32), primary_key=True),
    Column("muted", Boolean, nullable=False),
    Column("away_until", Date),
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("plan_id", String(16), ForeignKey("plans.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("from_state", String(16)),
    Column("to_state", String(16), nullable=False),
    Column("counts", JSON, nullable=False),
    Column("token", String(32)),  # by which a decision knows its own line again
    Column("reason", Text),  # why it went like this, where that is not plain
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("weekly", String(120), nullable=False),
    Column("queue", String(40), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("owner", String(32)),  # NULL: the operator, by the settings
    Column("next_fire_at", UtcDateTime),  # NULL: paused without an end
    Column("paused_until", UtcDateTime),
    Column("trouble", Text),  # why the bot paused it
    Column("tell_at", UtcDateTime),  # somebody has to be told about the trouble, not before
    Column("last_at", UtcDateTime),  # its last time
    Column("last_plan", String(16)),  # NULL: that time was missed
    UniqueConstraint("queue", "channel", "weekly"),
)

queues = Table(
    "queues",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("project_id", String(36), nullable=False),
    Column("texts", JSON, nullable=False),  # its fields, as people write them
    Column("changed_by", String(80), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

homes = Table(  # whom the database belongs to
    "homes",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("id", String(64), nullable=False),
    Column("name", Text, nullable=False),
)
