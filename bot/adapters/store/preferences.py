"""What people want who get rows: the `Preferences` port on a database."""

from collections.abc import Collection
from contextlib import suppress
from datetime import date
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.tables import preferences
from bot.domain.preferences import Preference


class PreferenceStore:
    """One row for everybody who ever said something."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, slack_users: Collection[str]) -> dict[str, Preference]:
        """What these people want, as far as they said anything."""
        query = select(preferences).where(preferences.c.slack_user.in_(slack_users))
        with self._database.read() as connection:
            return {row.slack_user: Preference(row.muted, row.away_until) for row in connection.execute(query)}

    def set_muted(self, slack_user: str, *, muted: bool) -> None:
        """Whether somebody wants no direct messages."""
        self._set(slack_user, muted=muted)

    def set_away(self, slack_user: str, *, until: date | None) -> None:
        """Until when somebody takes no rows; None: they are back."""
        self._set(slack_user, away_until=until)

    def _set(self, slack_user: str, **values: Any) -> None:
        with self._database.write() as connection:
            with suppress(IntegrityError), connection.begin_nested():  # said something before, or just now elsewhere
                connection.execute(insert(preferences).values(slack_user=slack_user, muted=False))
            connection.execute(update(preferences).where(preferences.c.slack_user == slack_user).values(**values))
