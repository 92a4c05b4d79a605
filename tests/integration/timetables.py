"""A timetable with everything it talks to: a real store, and a clock, people and Slack that tests set."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.domain.schedule import Schedule
from bot.domain.weekly import WeeklyTime, next_time, parsed_weekly
from bot.services.planning import Planner
from bot.services.ports.schedules import FiringBook
from bot.services.timetable import Timetable
from bot.settings import BraintrustSettings, PolicySettings, QueueSettings, Settings
from tests.integration.stored import PROJECT, Store
from tests.unit.fakes import Calls, FakeClock, FakePeople, FakeSlack

EVERY_MONDAY = parsed_weekly("mon 09:00 Europe/Berlin")
OWNER = Person("U0ANA", "Ana")
ADMIN = "U0ADM"
_numbers = count()  # of plans, whichever process asks for them


class World:
    """One process that fires schedules."""

    def __init__(
        self, store: Store, now: datetime, *, weekly: WeeklyTime | None = None, book: FiringBook | None = None
    ) -> None:
        self.store = store
        self.clock = FakeClock(now)
        self.slack = FakeSlack()
        self.people = FakePeople(OWNER)
        queue = QueueSettings(tag="t", reviewers=("ana@example.com",), channel="C0REV", weekly_post=weekly)
        self.settings = Settings(
            braintrust=BraintrustSettings(project_id=PROJECT),
            queue=queue,
            policy=PolicySettings(admins=frozenset({"S0GROUP", ADMIN})),
        )
        planner = Planner(
            store.plans,
            queues=store.queues,
            settings=self.settings,
            clock=self.clock,
            new_id=lambda: f"p{next(_numbers)}",
            wake=Calls(),
        )
        self.timetable = Timetable(
            book or store.schedules,
            planner=planner,
            people=self.people,
            slack=self.slack,
            settings=self.settings,
            clock=self.clock,
        )

    def tick(self, *, at: datetime | None = None) -> int:
        """How many plans were asked for."""
        self.clock.now = at or self.clock.now
        return self.timetable.tick()

    def add(self, schedule_id: str = "k3f9", weekly: WeeklyTime = EVERY_MONDAY, **changes: Any) -> Schedule:
        """A schedule that somebody adds now."""
        following = next_time(weekly, after=self.clock.now)
        values: dict[str, Any] = {
            "queue": "default",
            "channel": "C0REV",
            "owner": OWNER.id,
            "next_fire_at": following,
        } | changes
        schedule = Schedule(schedule_id, weekly, **values)
        assert self.store.schedules.add(schedule)
        return schedule

    def schedule(self, schedule_id: str = "k3f9") -> Schedule:
        """The schedule as it is stored."""
        found = self.store.schedules.get(schedule_id)
        assert found is not None
        return found

    @property
    def plans(self) -> list[Plan]:
        """What was asked for, the newest first."""
        return self.store.plans.recent()

    def fire_keys(self) -> list[str]:
        """The occurrences that there is a plan of."""
        return sorted(row["fire_key"] for row in self.store.everything()["plans"])


def later(moment: datetime, **by: float) -> datetime:
    """A moment so much later."""
    return moment + timedelta(**by)
