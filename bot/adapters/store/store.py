"""The whole store: the database, what is kept in it, and whom it belongs to."""

import secrets
import socket
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.batches import BatchStore
from bot.adapters.store.database import Database, DatabaseClock, refuse_missing
from bot.adapters.store.notices import NoticeStore
from bot.adapters.store.people import MatchStore, PreferenceStore
from bot.adapters.store.plans import PlanStore
from bot.adapters.store.queues import QueueStore
from bot.adapters.store.schedules import ScheduleStore
from bot.adapters.store.surfaces import SurfaceStore
from bot.adapters.store.tables import homes, undo_batches
from bot.adapters.store.work import FaultStore, LeaseStore
from bot.domain.homes import Home, HomeKind
from bot.services.ports.plans import PlanBooks
from bot.settings import DatabaseSettings


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
        known = self.kept().get(home.kind)
        if known is not None:
            return known
        with (
            self._database.write() as connection,
            suppress(IntegrityError),  # another process was first
            connection.begin_nested(),
        ):
            connection.execute(insert(homes).values(kind=home.kind, id=home.id, name=home.name))
        return self.kept()[home.kind]


class Store:
    """The database and what is kept in it."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self.database = Database(settings.url, pool_size=settings.pool_size)
        self.database.migrate()
        self.clock = DatabaseClock(self.database)
        self.plans = PlanStore(self.database)
        self.batches = BatchStore(self.database)
        self.undone = BatchStore(self.database, undo_batches)
        self.notices = NoticeStore(self.database)
        self.books = PlanBooks(self.plans, self.batches, self.undone, self.notices)
        self.surfaces = SurfaceStore(self.database)
        self.preferences = PreferenceStore(self.database)
        self.matches = MatchStore(self.database)
        self.queues = QueueStore(self.database)
        self.schedules = ScheduleStore(self.database)
        self.faults = FaultStore(self.database)
        self.homes = HomeStore(self.database)
        owner = f"{socket.gethostname()}-{secrets.token_hex(3)}"
        self.leases = LeaseStore(self.database, owner=owner, rhythm=settings.rhythm)

    @classmethod
    def existing(cls, settings: DatabaseSettings) -> "Store":
        """The store of a bot that was started before; raises `StoreUnusableError` where there is none."""
        refuse_missing(settings.url)
        return cls(settings)
