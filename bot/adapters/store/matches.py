"""Which Slack account is whose, remembered so that not everybody in Slack is listed for every plan."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.tables import matches


class MatchStore:
    """The `Matches` port on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, moment: datetime) -> dict[str, str | None]:
        """Slack ids by reviewer id, None for who had no account, as far as they were seen at `moment` or later."""
        query = select(matches).where(matches.c.seen_at >= moment)
        with self._database.read() as connection:
            return {row.reviewer_id: row.slack_id for row in connection.execute(query)}

    def keep(self, accounts: Mapping[str, str | None], *, now: datetime) -> None:
        """Remember the Slack ids of these reviewers, in place of what was known of them."""
        if not accounts:
            return
        in_order = sorted(accounts.items())  # or two of these could wait for each other
        records = [{"reviewer_id": who, "slack_id": slack_id, "seen_at": now} for who, slack_id in in_order]
        with self._database.write() as connection, suppress(IntegrityError), connection.begin_nested():
            # a conflict: another process stores what it saw at the same moment, and that will do
            connection.execute(delete(matches).where(matches.c.reviewer_id.in_(list(accounts))))
            connection.execute(insert(matches), records)
