"""Stored queues: the `QueueBook` port on a database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.decisions import certain
from bot.adapters.store.tables import queues, schedules
from bot.domain.queue import Queue, QueueChange, queue_of


class QueueStore:
    """Queues, changed under their versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Queue, ...]:
        with self._database.read() as connection:
            return tuple(_queue(row) for row in connection.execute(select(queues).order_by(queues.c.name)))

    def get(self, name: str) -> Queue | None:
        with self._database.read() as connection:
            row = connection.execute(select(queues).where(queues.c.name == name)).one_or_none()
        return _queue(row) if row else None

    def apply(self, changes: Sequence[QueueChange], *, who: str, now: datetime) -> bool:
        def applied(connection: Connection) -> bool:
            try:
                with connection.begin_nested() as part:
                    if all(_apply(connection, change, who, now) for change in changes):
                        return True
                    part.rollback()
            except IntegrityError:  # another process made a queue of the same name at the same moment
                return False
            return False

        def is_stored(connection: Connection) -> bool:
            rows = connection.execute(select(queues).with_for_update()).all()
            stored = {row.name: _queue(row) for row in rows}
            return all(stored.get(change.name) == change.after for change in changes)

        return certain(self._database, applied, is_stored=is_stored)


def _apply(connection: Connection, change: QueueChange, who: str, now: datetime) -> bool:
    """One change, where the queue is still as it was before."""
    mine = (queues.c.name == change.name) & (queues.c.version == change.version)
    if change.after is None:
        connection.execute(delete(schedules).where(schedules.c.queue == change.name))
        return connection.execute(delete(queues).where(mine)).rowcount == 1
    values = {"project_id": change.after.project_id, "texts": change.after.texts, "changed_by": who, "changed_at": now}
    if change.before is None:
        connection.execute(insert(queues).values(name=change.name, version=1, **values))
        return True
    return connection.execute(update(queues).where(mine).values(version=queues.c.version + 1, **values)).rowcount == 1


def _queue(row: Row[Any]) -> Queue:
    return queue_of(row.name, row.texts, project_id=row.project_id, version=row.version)
