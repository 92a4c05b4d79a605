"""Whom a database belongs to: the `HomeBook` port on a database."""

from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.tables import homes
from bot.domain.homes import Home, HomeKind


class HomeStore:
    """One row for the workspace, and one for the organisation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kept(self) -> Mapping[HomeKind, Home]:
        """What is recorded so far."""
        with self._database.read() as connection:
            found = connection.execute(select(homes)).all()
        return {HomeKind(row.kind): Home(HomeKind(row.kind), row.id, row.name) for row in found}

    def keep(self, home: Home) -> Home:
        """The home of this kind that is recorded: the first one that ever was."""
        known = self.kept().get(home.kind)
        if known is not None:
            return known
        with (
            self._database.write() as connection,
            suppress(IntegrityError),  # another process was first
            connection.begin_nested(),
        ):
            connection.execute(insert(homes).values(kind=home.kind.value, id=home.id, name=home.name))
        return self.kept()[home.kind]
