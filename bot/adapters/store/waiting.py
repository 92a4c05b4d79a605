"""Plans that wait in the database, for the metrics: looked up when somebody asks, and left out while it cannot be."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from typing_extensions import override

from bot.adapters.store.database import Database
from bot.adapters.store.tables import events, plans
from bot.domain.plan import WORKED_ON, PlanState
from bot.errors import StoreError
from bot.services.ports.work import Clock

_LIVE = (*WORKED_ON, PlanState.READING, PlanState.PROPOSED)


class WaitingPlans(Collector):
    """How long the oldest plan of each state has been in it, and when a scheduled plan was last asked for."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @override
    def collect(self) -> Iterable[Metric]:
        """Prometheus's hook: somebody asks."""
        try:
            now = self._clock()
            since, fired = self._looked_up()
        except StoreError:
            return
        what = "How long the oldest plan in a state has been in it."
        oldest = GaugeMetricFamily("assign_reviews_oldest_waiting_seconds", what, labels=["state"])
        for state, at in since.items():
            oldest.add_metric([state], max((now - at).total_seconds(), 0.0))
        yield oldest
        if fired is not None:
            name, what = "assign_reviews_schedule_last_fired_timestamp", "When a scheduled plan was last asked for."
            yield GaugeMetricFamily(name, what, value=fired.timestamp())

    def _looked_up(self) -> tuple[dict[str, datetime], datetime | None]:
        """(since when the oldest plan is in each state, when the last scheduled plan was asked for)."""
        reached = select(plans.c.state, func.max(events.c.at).label("at")).join(events)
        live = reached.where(plans.c.state.in_(_LIVE)).group_by(plans.c.id, plans.c.state)
        fired = select(func.max(plans.c.created_at)).where(plans.c.fire_key.is_not(None))
        since: dict[str, datetime] = {}
        with self._database.read() as connection:
            for state, at in connection.execute(live):
                since[str(state)] = min(at, since.get(str(state), at))
            return since, connection.execute(fired).scalar_one()
