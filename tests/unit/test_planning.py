"""From a command to a plan to be read: what was typed, else the settings, with a window fixed from now on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.command import PlanCommand
from bot.domain.model import Origin, PlanRequest, PlanState, Window
from bot.errors import CommandError, SlackUnavailableError
from bot.services.permissions import Entrance, Permissions
from bot.services.planning import Asker, Planning, Requested
from bot.services.roster import RosterReader
from bot.services.staffing import Staffing
from bot.settings import BraintrustSettings, PolicySettings, QueueSettings, Settings
from tests.unit.builders import NOW, PROJECT
from tests.unit.fakes import (
    Calls,
    FakeAnnouncer,
    FakeBraintrust,
    FakeClock,
    FakeDirectory,
    FakeMatches,
    FakePlans,
    FakePreferences,
    FakeSlack,
    FakeWork,
)

SETTINGS = Settings(
    braintrust=BraintrustSettings(project_id=PROJECT),
    queue=QueueSettings(tag="From settings", days=7, reviewers=("ana@example.com",)),
)
ANA = Asker(Origin.COMMAND, "U0ANA", "C0REV", "https://hooks.slack.com/commands/1")


class World:
    """The service with everything it talks to."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.plans = FakePlans()
        self.clock = FakeClock(NOW)
        self.wake = Calls()
        self.braintrust = FakeBraintrust()
        self.slack = FakeSlack(shared={"C0SHARED"})
        self.directory = FakeDirectory(outsiders=frozenset({"U0GUEST"}))
        self.planning = Planning(
            plans=self.plans,
            braintrust=self.braintrust,
            staffing=a_staffing(self.braintrust, settings),
            entrance=Entrance(self.slack, Permissions(settings.policy, self.directory)),
            announcer=FakeAnnouncer(),
            settings=settings,
            clock=self.clock,
            new_id=lambda: "k7f3q2",
            wake=self.wake,
        )


def a_staffing(braintrust: FakeBraintrust, settings: Settings) -> Staffing:
    """Everybody named by e-mail or id, without Slack."""
    roster = RosterReader(
        braintrust=braintrust,
        people=None,
        preferences=FakePreferences(),
        matches=FakeMatches(),
        settings=settings.people,
        clock=FakeClock(NOW),
    )
    return Staffing(roster=roster, braintrust=braintrust, settings=settings, clock=FakeClock(NOW))


def with_queue(**changes: Any) -> Settings:
    return replace(SETTINGS, queue=replace(SETTINGS.queue, **changes))


def with_policy(*approvers: str, four_eyes: bool) -> Settings:
    return replace(SETTINGS, policy=PolicySettings(approvers=frozenset(approvers), four_eyes=four_eyes))


def test_without_options_the_settings_are_asked_for() -> None:
    plan = World().planning.plan_for(PlanCommand(), ANA)

    assert plan.request == PlanRequest(
        queue="default",
        project_id=PROJECT,
        tag="From settings",
        days=7,
        reviewers=("ana@example.com",),
        limit=None,
        dry_run=False,
        origin=Origin.COMMAND,
        requested_by="U0ANA",
        channel="C0REV",
        response_url="https://hooks.slack.com/commands/1",
    )


def test_what_was_typed_wins_over_the_settings() -> None:
    command = PlanCommand(tag="Typed", days=14, limit=200, reviewers=("ben@example.com",), dry_run=True)

    request = World().planning.plan_for(command, ANA).request

    assert PlanCommand(request.tag, request.days, request.limit, request.reviewers, request.dry_run) == command


def test_the_window_ends_now_and_is_as_long_as_asked() -> None:
    plan = World().planning.plan_for(PlanCommand(days=14), ANA)

    assert plan.window == Window(NOW - timedelta(days=14), NOW)
    assert (plan.id, plan.state, plan.created_at) == ("k7f3q2", PlanState.READING, NOW)
    assert (plan.version, plan.revision, plan.drawn) == (1, 1, 0)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (with_queue(tag=""), "No tag is set."),
        (with_queue(reviewers=()), "No reviewers are set."),
    ],
)
def test_what_is_neither_typed_nor_set_is_asked_for(settings: Settings, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        World(settings).planning.plan_for(PlanCommand(), ANA)


def test_a_plan_that_nobody_could_approve_is_refused_before_it_is_read() -> None:
    world = World(with_policy("U0ANA", four_eyes=True))

    with pytest.raises(CommandError, match="You are the only approver"):
        world.planning.plan_for(PlanCommand(), ANA)


@pytest.mark.parametrize(
    ("settings", "command", "asker"),
    [
        (with_policy("U0ANA", "U0BEN", four_eyes=True), PlanCommand(), ANA),
        (with_policy("U0BEN", four_eyes=True), PlanCommand(), ANA),
        (with_policy("U0ANA", four_eyes=False), PlanCommand(), ANA),
        (with_policy(four_eyes=True), PlanCommand(), ANA),
        (with_policy("U0ANA", four_eyes=True), PlanCommand(dry_run=True), ANA),
        (with_policy("U0ANA", four_eyes=True), PlanCommand(), Asker(Origin.SCHEDULE, channel="C0REV")),
    ],
)
def test_a_plan_that_somebody_can_approve_is_made(settings: Settings, command: PlanCommand, asker: Asker) -> None:
    plan = World(settings).planning.plan_for(command, asker)

    assert plan.state is PlanState.READING


def test_making_a_plan_stores_nothing() -> None:
    world = World()

    world.planning.plan_for(PlanCommand(), ANA)

    assert world.plans.added == []
    assert world.wake.count == 0


@pytest.mark.parametrize(("asker", "who"), [(ANA, "U0ANA"), (Asker(Origin.TERMINAL), "terminal")])
def test_a_request_stores_its_plan_and_wakes_the_worker(asker: Asker, who: str) -> None:
    world = World()

    requested = world.planning.request(PlanCommand(), asker)

    assert requested.is_new
    assert world.plans.added == [(requested.plan, who)]
    assert world.wake.count == 1


def test_a_request_for_the_same_is_answered_with_the_plan_that_is_there() -> None:
    world = World()
    live = replace(world.planning.plan_for(PlanCommand(), replace(ANA, user="U0BEN")), id="first1")
    world.plans.stored[live.id] = live

    requested = world.planning.request(PlanCommand(), ANA)

    assert requested == Requested(live, is_new=False)
    assert world.plans.added == []


def test_a_request_for_something_else_is_a_plan_of_its_own() -> None:
    world = World()
    live = replace(world.planning.plan_for(PlanCommand(days=3), ANA), id="first1")
    world.plans.stored[live.id] = live

    requested = world.planning.request(PlanCommand(), ANA)

    assert (requested.plan.id, requested.is_new) == ("k7f3q2", True)


def test_a_request_that_cannot_be_asked_for_stores_nothing() -> None:
    world = World(with_queue(tag=""))

    with pytest.raises(CommandError):
        world.planning.request(PlanCommand(), ANA)

    assert world.plans.added == []
    assert world.wake.count == 0


@pytest.mark.parametrize(
    ("asker", "sentence"),
    [
        (replace(ANA, channel="C0SHARED"), "This channel is shared with another organisation."),
        (replace(ANA, user="U0GUEST"), "Guests and people from other organisations cannot ask for a plan."),
    ],
)
def test_a_plan_that_is_not_let_in_ends_with_the_sentence_and_without_a_query(asker: Asker, sentence: str) -> None:
    world = World()
    plan = world.planning.request(PlanCommand(), asker).plan

    world.planning.read(FakeWork(plan.id), plan)

    ended = world.plans.stored[plan.id]
    assert ended.state is PlanState.FAILED
    assert ended.reason is not None
    assert ended.reason.startswith(sentence)
    assert world.braintrust.queries == []
    assert world.slack.joined == []


def test_while_nobody_can_say_who_asks_the_plan_is_neither_read_nor_refused() -> None:
    world = World()
    plan = world.planning.request(PlanCommand(), ANA).plan
    world.directory.is_away = True

    with pytest.raises(SlackUnavailableError):
        world.planning.read(FakeWork(plan.id), plan)

    assert world.plans.stored[plan.id].state is PlanState.READING
    assert world.braintrust.queries == []
