"""Points in time as the rows carry them: UTC, always 27 characters, so that text order is time order."""

from datetime import UTC, datetime


def instant_text(moment: datetime) -> str:
    """`moment` as `2026-05-18T09:00:00.000000Z`; a naive one counts as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def instant_of(text: str) -> datetime:
    """The moment that an ISO 8601 text names; ValueError when it names none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
