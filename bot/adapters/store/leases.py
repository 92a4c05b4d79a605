"""Who works on which plan: leases and fences, by the database's clock."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, or_, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.tables import database_clock, plans
from bot.domain.model import WORKED_ON, PlanState
from bot.services.ports.store import Claim
from bot.services.ports.work import LEASE_SECONDS, Lease


class LeaseStore:
    """Claims plans for one worker."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner

    def claim(self, states: Collection[PlanState], *, only: str | None = None) -> Claim | None:
        """The plan that has waited longest for work in `states`, or (without any) only for being shown.

        Two workers never get the same one: PostgreSQL skips rows that another claim has locked, SQLite has one writer.
        `only` names a single plan.
        """
        waits = plans.c.state.in_([state.value for state in states]) if states else _is_only_stale()
        conditions = [_is_free(), waits, *([plans.c.id == only] if only else [])]
        found = select(plans.c.id, plans.c.fence, plans.c.lease_owner, _may_be_drawn().label("may_be_drawn"))
        oldest = found.where(*conditions).order_by(plans.c.created_at).limit(1)
        with self._database.write() as connection:
            row = connection.execute(oldest.with_for_update(skip_locked=True)).one_or_none()
            if row is None:
                return None
            lease = Lease(row.id, row.fence + 1)
            values = {"lease_owner": self._owner, "lease_until": database_clock() + LEASE_SECONDS, "fence": lease.fence}
            connection.execute(update(plans).where(plans.c.id == row.id).values(**values))
        return Claim(
            lease, was_abandoned=row.lease_owner not in (None, self._owner), may_be_drawn=bool(row.may_be_drawn)
        )

    def renew(self, lease: Lease) -> bool:
        """Extend a lease by `LEASE_SECONDS` from now; False when another worker has taken the plan."""
        return self._update(lease, lease_until=database_clock() + LEASE_SECONDS)

    def release(self, lease: Lease, *, wake_in_seconds: float | None) -> None:
        """Give the plan back; with `wake_in_seconds`, nobody claims it before, unless somebody decides about it."""
        wake_at = None if wake_in_seconds is None else database_clock() + wake_in_seconds
        self._update(lease, lease_owner=None, lease_until=None, wake_at=wake_at)

    def _update(self, lease: Lease, **values: object) -> bool:
        mine = (
            (plans.c.id == lease.plan_id) & (plans.c.fence == lease.fence) & (plans.c.lease_owner == self._owner)
        )  # the owner is gone once the lease was given back: a late renewal must not revive it
        with self._database.write() as connection:
            return connection.execute(update(plans).where(mine).values(**values)).rowcount == 1


def _is_free() -> ColumnElement[bool]:
    clock = database_clock()
    is_unowned = or_(plans.c.lease_until.is_(None), plans.c.lease_until < clock)
    return is_unowned & or_(plans.c.wake_at.is_(None), plans.c.wake_at <= clock)


def _is_only_stale() -> ColumnElement[bool]:
    """Whether a plan has to be shown, and nothing else is done with it: whoever does shows it, too."""
    is_worked_on = plans.c.state.in_([state.value for state in WORKED_ON | {PlanState.READING}])
    return (plans.c.drawn < plans.c.revision) & ~is_worked_on & _may_be_drawn()


def _may_be_drawn() -> ColumnElement[bool]:
    return or_(plans.c.draw_at.is_(None), plans.c.draw_at <= database_clock())
