"""Plans, batches, schedules and events in SQLite or PostgreSQL (SQLAlchemy Core)."""
