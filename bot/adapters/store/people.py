"""People across plans: their Slack accounts, what they said about themselves, and their balances."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.database import Database
from bot.adapters.store.records import plan_of
from bot.adapters.store.tables import balances, matches, plans, preferences
from bot.domain.plan import UNDOABLE, WRITING, PlanState
from bot.domain.preferences import Preference


class MatchStore:
    """The `Matches` port on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, moment: datetime) -> dict[str, str | None]:
        query = select(matches).where(matches.c.seen_at >= moment)
        with self._database.read() as connection:
            return {row.reviewer_id: row.slack_id for row in connection.execute(query)}

    def keep(self, accounts: Mapping[str, str | None], *, now: datetime) -> None:
        if not accounts:
            return
        in_order = sorted(accounts.items())  # or two of these could wait for each other
        records = [{"reviewer_id": who, "slack_id": slack_id, "seen_at": now} for who, slack_id in in_order]
        with self._database.write() as connection, suppress(IntegrityError), connection.begin_nested():
            # a conflict: another process stores what it saw at the same moment, and that will do
            connection.execute(delete(matches).where(matches.c.reviewer_id.in_(list(accounts))))
            connection.execute(insert(matches), records)


class PreferenceStore:
    """One row for everybody who ever said something."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, slack_users: Collection[str]) -> dict[str, Preference]:
        query = select(preferences).where(preferences.c.slack_user.in_(slack_users))
        with self._database.read() as connection:
            return {row.slack_user: Preference(row.muted, row.away_until) for row in connection.execute(query)}

    def set_muted(self, slack_user: str, *, muted: bool) -> None:
        self._set(slack_user, muted=muted)

    def set_away(self, slack_user: str, *, until: date | None) -> None:
        self._set(slack_user, away_until=until)

    def _set(self, slack_user: str, **values: Any) -> None:
        with self._database.write() as connection:
            with suppress(IntegrityError), connection.begin_nested():  # said something before, or just now elsewhere
                connection.execute(insert(preferences).values(slack_user=slack_user, muted=False))
            connection.execute(update(preferences).where(preferences.c.slack_user == slack_user).values(**values))


_COUNTED = WRITING | UNDOABLE | {PlanState.UNDOING}  # a plan that was undone counts no more


def balances_of(connection: Connection, queue: str, tag: str) -> dict[str, Fraction]:
    """The balance of every reviewer of a queue, over all its plans that were approved and not undone."""
    mine = (plans.c.queue == queue) & (plans.c.tag == tag)
    found = defaultdict(Fraction, _kept(connection, queue, tag))
    for row in connection.execute(select(plans).where(mine, _counted())):
        for share in plan_of(row).shares:
            found[share.reviewer.id] += share.carried
    return dict(found)


def keep_balances(connection: Connection, doomed: ColumnElement[bool]) -> None:
    """Keep what the plans that are about to be deleted leave to the next ones."""
    rows = connection.execute(select(plans).where(doomed, _counted())).all()
    for queue, tag in dict.fromkeys((row.queue, row.tag) for row in rows):
        total = defaultdict(Fraction, _kept(connection, queue, tag))
        for share in (share for row in rows if (row.queue, row.tag) == (queue, tag) for share in plan_of(row).shares):
            total[share.reviewer.id] += share.carried
        _store(connection, queue, tag, total)


def _counted() -> ColumnElement[bool]:
    return plans.c.state.in_(_COUNTED) & plans.c.decided_at.is_not(None)


def _kept(connection: Connection, queue: str, tag: str) -> dict[str, Fraction]:
    mine = (balances.c.queue == queue) & (balances.c.tag == tag)
    return {row.reviewer_id: Fraction(row.rows) for row in connection.execute(select(balances).where(mine))}


def _store(connection: Connection, queue: str, tag: str, total: Mapping[str, Fraction]) -> None:
    mine = (balances.c.queue == queue) & (balances.c.tag == tag)
    connection.execute(delete(balances).where(mine))
    records = [
        {"queue": queue, "tag": tag, "reviewer_id": reviewer_id, "rows": str(carried)}
        for reviewer_id, carried in total.items()
        if carried
    ]
    if records:
        connection.execute(insert(balances), records)
