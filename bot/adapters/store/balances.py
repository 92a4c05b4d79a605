"""What is carried over from plan to plan: how many rows more, or fewer, than their exact share people got so far."""

from collections import defaultdict
from collections.abc import Mapping
from fractions import Fraction

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from bot.adapters.store.records import plan_of
from bot.adapters.store.tables import balances, plans
from bot.domain.model import UNDOABLE, WRITING, PlanState

_COUNTED = [state.value for state in WRITING | UNDOABLE | {PlanState.UNDOING}]  # a plan that was undone counts no more


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
