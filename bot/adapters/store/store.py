"""The whole store: the database and what is kept in it."""

import secrets
import socket

from bot.adapters.store.batches import BatchStore
from bot.adapters.store.database import Database, DatabaseClock, refuse_missing
from bot.adapters.store.faults import FaultStore
from bot.adapters.store.homes import HomeStore
from bot.adapters.store.leases import LeaseStore
from bot.adapters.store.notices import NoticeStore
from bot.adapters.store.people import MatchStore, PreferenceStore
from bot.adapters.store.plans import PlanStore
from bot.adapters.store.surfaces import SurfaceStore
from bot.adapters.store.tables import undo_batches
from bot.adapters.store.weekly import ScheduleStore
from bot.settings import DatabaseSettings


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
        self.surfaces = SurfaceStore(self.database)
        self.preferences = PreferenceStore(self.database)
        self.matches = MatchStore(self.database)
        self.schedules = ScheduleStore(self.database)
        self.faults = FaultStore(self.database)
        self.homes = HomeStore(self.database)
        self.leases = LeaseStore(self.database, owner=f"{socket.gethostname()}-{secrets.token_hex(3)}")

    @classmethod
    def existing(cls, settings: DatabaseSettings) -> "Store":
        """The store of a bot that was started before; raises `StoreUnusableError` where there is none."""
        refuse_missing(settings.url)
        return cls(settings)
