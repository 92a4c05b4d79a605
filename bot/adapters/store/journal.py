"""The journal: each change of a plan as a line of the log, told once the database has it."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from bot.metrics import PLANS

log = logging.getLogger(__name__)

_KEY = "journal"
_EMAIL = re.compile(r"[^\s@<>(),;:|]+@[^\s@<>(),;:|]+")
_EVENTS = {
    "reading": "a plan was asked for",
    "proposed": "a plan was proposed",
    "empty": "a plan found nothing to assign",
    "shown": "a plan was shown, and nothing will be assigned",
    "checking": "a plan was approved",
    "cancelled": "a plan was cancelled",
    "superseded": "a plan was replaced",
    "expired": "a plan expired",
    "stop asked": "a plan was stopped",
    "running": "a plan is written",
    "reporting": "a plan was written",
    "undoing": "a plan is taken back",
    "undone": "a plan was taken back",
    "failed": "a plan failed",
}
_FROM = {
    ("checking", "proposed"): "a plan was proposed again",
    ("partial", "checking"): "a plan was retried",
    ("stopped", "checking"): "a plan was retried",
    ("reporting", "done"): "a plan was assigned",
    ("reporting", "partial"): "a plan was assigned",
    ("reporting", "stopped"): "a plan was assigned",
    ("undoing", "done"): "a plan was not taken back",
    ("undoing", "partial"): "a plan was not taken back",
    ("undoing", "stopped"): "a plan was not taken back",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: who moved which plan from where to where, with what counts, and why."""

    plan_id: str
    who: str
    before: str | None
    after: str
    counts: Mapping[str, int]
    reason: str | None


def begun(connection: Connection) -> list[Entry]:
    """The entries of the transaction that begins here, to be told when it has ended."""
    connection.info[_KEY] = []
    return of(connection)


def of(connection: Connection) -> list[Entry]:
    """The entries of the transaction so far."""
    entries: list[Entry] = connection.info[_KEY]
    return entries


def enter(connection: Connection, entry: Entry) -> None:
    """Note one change of the transaction."""
    of(connection).append(entry)


def tell(entries: Iterable[Entry], *, is_certain: bool = True) -> None:
    """Log the entries of a transaction; not `is_certain`: the database did not answer its COMMIT."""
    for entry in entries:
        PLANS.labels(state=entry.after).inc()
        event = _FROM.get((entry.before or "", entry.after)) or _EVENTS.get(entry.after, f"a plan was {entry.after}")
        about: dict[str, object] = {**entry.counts, "plan": entry.plan_id, "state": entry.after, "by": entry.who}
        if entry.reason:
            about["reason"] = _EMAIL.sub("…", entry.reason)
        level = logging.INFO if is_certain and entry.after != "failed" else logging.WARNING
        log.log(level, event if is_certain else f"{event}, unless the database lost it", extra=about)
