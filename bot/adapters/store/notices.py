"""Stored notices: the `NoticeBook` and `NoticeQueue` ports on a database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.tables import database_clock, notices, plans
from bot.adapters.store.transitions import change, owned, recorded_patiently
from bot.domain.notice import Notice, NoticeCount, NoticeState
from bot.domain.plan import UNDOABLE, PlanState
from bot.services.ports.work import Lease

CLAIM_SECONDS = 30.0  # a request to Slack takes up to 15
_FREE: dict[str, Any] = {"lease_until": None}


class NoticeStore:
    """What reviewers are told, from waiting to sent.

    Each claim raises `attempts`, and is recorded only while it is the newest: it is a lease and its fence in one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def arrange(self, lease: Lease, counts: Sequence[NoticeCount]) -> None:
        with owned(self._database, lease) as (connection, plan):
            query = select(notices).where(notices.c.plan_id == plan.id).with_for_update()
            known = {row.reviewer_id: row for row in connection.execute(query)}
            for count in counts:
                if count.reviewer_id in known:
                    _renew(connection, known[count.reviewer_id], count)
                elif count.left > 0:
                    connection.execute(insert(notices).values(_record(plan.id, count)))

    def claim(self, *, now: datetime) -> Notice | None:
        is_free = or_(notices.c.lease_until.is_(None), notices.c.lease_until < database_clock())
        query = select(notices).join(plans).where(is_free, _has_something_to_say(now)).order_by(notices.c.due_at)
        with self._database.write() as connection:
            locking = query.limit(1).with_for_update(of=notices, skip_locked=True)
            row = connection.execute(locking).one_or_none()
            if row is None:
                return None
            notice = _notice_of(row)
            values = {"attempts": row.attempts + 1, "lease_until": database_clock() + CLAIM_SECONDS}
            connection.execute(update(notices).where(_mine(notice)).values(**values))
        return replace(notice, attempt=row.attempts + 1)

    def opened(self, notice: Notice, channel: str) -> bool:
        return self._record(notice, channel=channel, lease_until=database_clock() + CLAIM_SECONDS)

    def sent(self, notice: Notice, *, ts: str | None = None) -> None:
        values = {"state": NoticeState.SENT, "shown": notice.revision, "ts": ts or notice.ts}
        recorded_patiently(self._record, notice, **values, **_FREE)

    def put_off(self, notice: Notice, *, until: datetime) -> None:
        self._record(notice, due_at=until, **_FREE)

    def try_again(self, notice: Notice, *, in_seconds: float) -> None:
        self._record(notice, lease_until=database_clock() + in_seconds)

    def drop(self, notice: Notice) -> None:
        self._record(notice, state=NoticeState.OFF, **_FREE)

    def fail(self, notice: Notice) -> None:
        with self._database.write() as connection:
            connection.execute(select(plans.c.id).where(plans.c.id == notice.plan_id).with_for_update())
            values = {"state": NoticeState.FAILED, **_FREE}
            if connection.execute(update(notices).where(_mine(notice)).values(**values)).rowcount:
                change(connection, (plans.c.id == notice.plan_id,))

    def failed(self, plan_id: str) -> frozenset[str]:
        failed = (notices.c.plan_id == plan_id) & (notices.c.state == NoticeState.FAILED)
        with self._database.read() as connection:
            return frozenset(connection.execute(select(notices.c.reviewer_id).where(failed)).scalars())

    def _record(self, notice: Notice, **values: Any) -> bool:
        with self._database.write() as connection:
            return connection.execute(update(notices).where(_mine(notice)).values(**values)).rowcount == 1


def _record(plan_id: str, count: NoticeCount) -> dict[str, Any]:
    return {
        "plan_id": plan_id,
        "reviewer_id": count.reviewer_id,
        "slack_user": count.slack_user,
        "rows": count.rows,
        "taken_back": count.taken_back,
        "state": NoticeState.WAITING,
        "revision": 1,
        "shown": 0,
        "attempts": 0,
    }


def _renew(connection: Connection, row: Row[Any], count: NoticeCount) -> None:
    """The new numbers; one that Slack has no message of waits again, as if it had never been tried."""
    values: dict[str, Any] = {}
    if (row.rows, row.taken_back) != (count.rows, count.taken_back):
        values |= {"rows": count.rows, "taken_back": count.taken_back, "revision": row.revision + 1}
    if row.ts is None and count.left > 0:
        values |= {"state": NoticeState.WAITING}
    if values:
        mine = (notices.c.plan_id == row.plan_id) & (notices.c.reviewer_id == row.reviewer_id)
        connection.execute(update(notices).where(mine).values(**values))


def _has_something_to_say(now: datetime) -> ColumnElement[bool]:
    """To be sent, to be dropped because everything was taken back, or to be edited."""
    waits = notices.c.state == NoticeState.WAITING
    is_due = or_(notices.c.due_at.is_(None), notices.c.due_at <= now)
    undone = plans.c.state == PlanState.UNDONE
    changed = (notices.c.state == NoticeState.SENT) & (notices.c.shown < notices.c.revision)
    rests = plans.c.state.in_(UNDOABLE)
    return or_(and_(waits, is_due, rests), and_(waits, undone), and_(changed, or_(rests, undone)))


def _mine(notice: Notice) -> ColumnElement[bool]:
    key = (notices.c.plan_id == notice.plan_id) & (notices.c.reviewer_id == notice.count.reviewer_id)
    return key & (notices.c.attempts == notice.attempt)


def _notice_of(row: Row[Any]) -> Notice:
    return Notice(
        plan_id=row.plan_id,
        count=NoticeCount(row.reviewer_id, row.slack_user, row.rows, row.taken_back),
        state=NoticeState(row.state),
        revision=row.revision,
        attempt=row.attempts,
        due_at=row.due_at,
        channel=row.channel,
        ts=row.ts,
    )
