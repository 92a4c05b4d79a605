"""Schedules as people see and change them: who may, where, and what they are told."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.command import parsed
from bot.domain.plan import PlanState
from bot.domain.queue import QueueChange, queue_of
from bot.domain.schedule import BY_SETTINGS, Outcome, Schedule, ScheduleCommand
from bot.domain.weekly import parsed_weekly
from bot.errors import CommandError, NotAllowedError, SlackUnavailableError
from bot.services.permissions import Permissions
from bot.services.ports.slack import ReplyTo
from bot.services.schedules import ScheduleKeeper
from bot.settings import PolicySettings
from tests.integration.stored import NOW, PROJECT, Store, new_plan
from tests.unit.fakes import FakeClock, FakeDirectory, FakeSlack

FRIDAY = datetime(2026, 5, 15, 12, tzinfo=UTC)
MONDAY = datetime(2026, 5, 18, 7, tzinfo=UTC)
BERLIN = parsed_weekly("mon,thu 09:00 Europe/Berlin")
ADMIN, SHARED = "U0ADM", "C0SHARED"


class World:
    """The service with everything it talks to, on a Friday."""

    def __init__(self, store: Store, *, allowed: frozenset[str] = frozenset()) -> None:
        self.store = store
        self.clock = FakeClock(FRIDAY)
        self.slack = FakeSlack(shared={SHARED})
        self.directory = FakeDirectory(admins=frozenset({ADMIN}))
        self._ids = iter(["k3f9", "k3f9", "m7pq", "x2aa", "x3aa"])
        self.keeper = ScheduleKeeper(
            store.schedules,
            queues=store.queues,
            permissions=Permissions(PolicySettings(allowed_channels=allowed), self.directory),
            slack=self.slack,
            clock=self.clock,
            new_id=lambda: next(self._ids),
        )

    def type(self, text: str, *, user: str = ADMIN, channel: str = "C0REV") -> str:
        """The answer to a command about schedules; raises what it is refused with."""
        asked = parsed(f"schedule {text}", lambda: {queue.name for queue in self.store.queues.all()})
        assert isinstance(asked, ScheduleCommand)
        return self.keeper.carry_out(asked, ReplyTo(user, channel, None)).text

    def add_queue(self, name: str = "gold", **texts: str) -> None:
        fields = {"project": "p", "tag": "gold", "reviewers": "ben@example.com"} | texts
        change = QueueChange(None, queue_of(name, fields, project_id=PROJECT))
        assert self.store.queues.apply([change], who=ADMIN, now=FRIDAY)


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


def test_an_added_schedule_belongs_to_its_queue_channel_and_owner(world: World) -> None:
    world.add_queue()

    said = world.type("add mon,thu 09:00 Europe/Berlin gold")

    expected = Schedule("k3f9", BERLIN, "gold", "C0REV", owner=ADMIN, next_fire_at=MONDAY)
    assert world.store.schedules.all() == (expected,)
    assert "*k3f9* · `gold` in <#C0REV> · mon,thu 09:00 Europe/Berlin · by <@U0ADM>" in said
    assert "next: Mon 18 May 09:00, Thu 21 May 09:00, Mon 25 May 09:00; for you Mon 18 May 03:00," in said


def test_a_queue_s_own_channel_is_its_schedule_s(world: World) -> None:
    world.add_queue(channel="C0GOLD")

    world.type("add mon 09:00 UTC gold", channel="D0ADM")

    assert world.store.schedules.all()[0].channel == "C0GOLD"


def test_an_identical_schedule_is_not_added_twice(world: World) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")

    said = world.type("add thu,mon 9am europe/berlin")

    assert said == "There is this schedule already: `k3f9`. Nothing was added."
    assert len(world.store.schedules.all()) == 1


def test_an_id_that_is_taken_is_not_given_again(world: World) -> None:
    world.type("add mon 09:00 UTC")

    world.type("add tue 09:00 UTC")

    assert {schedule.id for schedule in world.store.schedules.all()} == {"k3f9", "m7pq"}


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [
        ("D0ADM", "A schedule belongs to a channel"),
        (SHARED, "This channel is shared with another organisation."),
        ("C0OTHER", "The command cannot be used here."),
    ],
)
def test_no_schedule_is_added_where_its_plans_have_no_place(store: Store, channel: str, sentence: str) -> None:
    world = World(store, allowed=frozenset({"C0REV"}) if channel == "C0OTHER" else frozenset())

    with pytest.raises(NotAllowedError, match=sentence):
        world.type("add mon 09:00 UTC", channel=channel)

    assert store.schedules.all() == ()


def test_a_channel_that_slack_does_not_tell_about_gets_no_schedule(world: World) -> None:
    world.slack.is_away = True

    with pytest.raises(SlackUnavailableError):
        world.type("add mon 09:00 UTC")


@pytest.mark.parametrize(
    "text", ["add mon 09:00 UTC", "pause k3f9", "pause k3f9 until 2026-06-01", "resume k3f9", "remove k3f9"]
)
def test_only_admins_change_schedules(world: World, text: str) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")
    before = world.store.schedules.all()

    with pytest.raises(NotAllowedError, match="may change queues and schedules"):
        world.type(text, user="U0BEN")

    assert world.store.schedules.all() == before


def test_a_schedule_is_paused_and_resumed(world: World) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")

    paused = world.type("pause k3f9")
    listed = world.type("list", user="U0BEN")
    world.clock.now = MONDAY
    resumed = world.type("resume k3f9")

    assert paused == "The schedule `k3f9` is paused. `/assign-reviews schedule resume k3f9` lets it go on."
    assert "\npaused\n" in listed
    assert "next:" not in listed
    assert resumed == "The schedule `k3f9` goes on. Its next time is Thu 21 May 09:00."


def test_a_pause_until_a_day_is_listed_with_it(world: World) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")

    said = world.type("pause k3f9 until 2026-05-20")

    assert said == "The schedule `k3f9` is paused. It goes on by itself on 2026-05-20."
    assert "\npaused until 2026-05-20\nnext: Thu 21 May 09:00," in world.type("list")


@pytest.mark.parametrize(
    ("until", "nearest"),
    [("2026-05-15", "2026-05-16"), ("friday", "2026-05-22"), ("2029-01-01", "2027-05-15"), ("1 june", "2026-06-01")],
)
def test_a_day_that_cannot_be_is_answered_with_the_nearest(world: World, until: str, nearest: str) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")

    with pytest.raises(CommandError, match=f"`/assign-reviews schedule pause k3f9 until {nearest}`"):
        world.type(f"pause k3f9 until {until}")


def test_a_schedule_is_removed(world: World) -> None:
    world.type("add mon 09:00 UTC")

    said = world.type("remove k3f9")

    assert said == "The schedule `k3f9` is removed. Its plans stay as they are."
    assert world.store.schedules.all() == ()
    with pytest.raises(CommandError, match=r"There is no schedule `k3f9`. `/assign-reviews schedule list` has their"):
        world.type("remove k3f9")


def test_that_of_the_settings_is_shown_and_not_removed(world: World) -> None:
    world.store.schedules.sync(Schedule(BY_SETTINGS, BERLIN, "default", "C0REV", next_fire_at=MONDAY))

    with pytest.raises(CommandError, match=r"comes from the bot's settings \(`WEEKLY_POST`\): the operator changes it"):
        world.type("remove weekly")

    assert "*weekly* · `default` in <#C0REV> · mon,thu 09:00 Europe/Berlin · from the settings" in world.type("list")


def test_a_schedule_that_fires_at_this_moment_is_not_changed_over_it(world: World) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")
    outdated = world.store.schedules.all()[0]
    world.store.schedules.fire(outdated, next_fire_at=MONDAY + timedelta(days=3), plan=new_plan(), fire_key="k")

    assert not world.store.schedules.change(outdated, outdated.paused(), now=FRIDAY)


def test_a_schedule_is_run_in_its_channel_alone(world: World) -> None:
    world.add_queue(channel="C0GOLD")
    world.type("add mon 09:00 UTC gold")

    assert world.keeper.to_run("k3f9", "C0GOLD") == "gold"
    with pytest.raises(NotAllowedError, match=r"The schedule `k3f9` belongs to <#C0GOLD>\. Run it there."):
        world.keeper.to_run("k3f9", "C0REV")


def test_a_queue_knows_how_many_schedules_end_with_it(world: World) -> None:
    world.add_queue()
    world.type("add mon 09:00 UTC gold")
    world.type("add tue 09:00 UTC gold")
    world.type("add tue 09:00 UTC")

    assert [world.keeper.ending_with(name) for name in ("gold", "default", "other")] == [2, 1, 0]


def test_without_schedules_the_list_says_how_to_add_one(world: World) -> None:
    assert "There is no schedule yet. `/assign-reviews schedule add mon,thu" in world.type("list")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (PlanState.EMPTY, "last: Mon 18 May 09:00, plan `plan`, nothing to assign"),
        (PlanState.DONE, "last: Mon 18 May 09:00, plan `plan`\n"),
        (PlanState.FAILED, "last: Mon 18 May 09:00, plan `plan`, no plan was made"),
        (None, "last: Mon 18 May 09:00, missed"),
    ],
)
def test_the_list_says_how_the_last_time_went(world: World, state: PlanState | None, said: str) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")
    schedule = world.store.schedules.all()[0]
    plan = new_plan() if state else None
    world.store.schedules.fire(schedule, next_fire_at=MONDAY + timedelta(days=3), plan=plan, fire_key="k")
    if state:
        world.store.change(state=state.value, finished_at=NOW)

    assert said in world.type("list")
    assert isinstance(world.store.schedules.all()[0].last, Outcome)


def test_while_slack_does_not_say_where_the_viewer_is_only_the_schedule_s_zone_is_shown(world: World) -> None:
    world.type("add mon,thu 09:00 Europe/Berlin")
    world.slack.is_away = True

    listed = world.type("list")

    assert "next: Mon 18 May 09:00, Thu 21 May 09:00, Mon 25 May 09:00\n" in listed
    assert "for you" not in listed
