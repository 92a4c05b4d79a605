"""Who in Slack is which reviewer, remembered for the time in which Slack cannot be asked."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, insert, select

from bot.adapters.store.database import Database
from bot.adapters.store.tables import matches


class MatchStore:
    """The `Matches` port on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, moment: datetime) -> dict[str, str]:
        """Reviewer ids by Slack id, of all matches that were seen at `moment` or later."""
        query = select(matches).where(matches.c.seen_at >= moment)
        with self._database.read() as connection:
            return {row.slack_id: row.reviewer_id for row in connection.execute(query)}

    def keep(self, found: Mapping[str, str], *, now: datetime) -> None:
        """Remember reviewer ids by Slack id, in place of what was known of these accounts."""
        if not found:
            return
        records = [{"slack_id": slack_id, "reviewer_id": who, "seen_at": now} for slack_id, who in found.items()]
        with self._database.write() as connection:
            connection.execute(delete(matches).where(matches.c.slack_id.in_(list(found))))
            connection.execute(insert(matches), records)
