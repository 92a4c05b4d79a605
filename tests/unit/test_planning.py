"""From a command to a plan to be read: what was typed, else the settings, with a window fixed from now on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.domain.command import PlanCommand
from bot.domain.plan import Origin, Plan, PlanRequest, PlanState, Window
from bot.errors import CommandError, SlackUnavailableError
from bot.services.permissions import Permissions, enter
from bot.services.planning import Asker, Planner, ProposalStep, Requested
from bot.services.reviewers import StaffReader
from bot.services.step import StepContext
from bot.settings import BraintrustSettings, PolicySettings, QueueSettings, Settings
from tests.integration.stored import Store
from tests.unit.builders import NOW, PROJECT
from tests.unit.fakes import (
    Calls,
    FakeAnnouncer,
    FakeBraintrust,
    FakeClock,
    FakeDirectory,
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

    def __init__(self, store: Store, settings: Settings = SETTINGS) -> None:
        self.store = store
        self.clock = FakeClock(NOW)
        self.wake = Calls()
        self.braintrust = FakeBraintrust()
        self.slack = FakeSlack(shared={"C0SHARED"})
        self.directory = FakeDirectory(outsiders=frozenset({"U0GUEST"}))
        self.planner = Planner(
            store.plans,
            queues=store.queues,
            settings=settings,
            clock=self.clock,
            new_id=lambda: "k7f3q2",
            wake=self.wake,
        )
        self.step = ProposalStep(
            StepContext(self.braintrust, FakeAnnouncer(), settings.work, self.clock, store.books),
            staffing=a_staffing(store, self.braintrust, settings),
            enter=partial(enter, slack=self.slack, permissions=Permissions(settings.policy, self.directory)),
            expires_hours=settings.policy.plan_expires_hours,
        )

    def read(self, plan: Plan) -> None:
        """The worker's step."""
        work = FakeWork(plan.id)
        work.lease = self.store.claim(plan.id)
        self.step.carry_out(work, plan)

    @property
    def stored(self) -> list[str]:
        """The ids of all plans."""
        return [plan.id for plan in self.store.plans.recent()]


Worlds = Callable[..., World]


@pytest.fixture
def worlds(store: Store) -> Worlds:
    return partial(World, store)


def a_staffing(store: Store, braintrust: FakeBraintrust, settings: Settings) -> StaffReader:
    """Everybody named by e-mail or id, without Slack."""
    return StaffReader(
        braintrust=braintrust,
        people=None,
        preferences=store.preferences,
        matches=store.matches,
        settings=settings,
        clock=FakeClock(NOW),
    )


def with_queue(**changes: Any) -> Settings:
    return replace(SETTINGS, queue=replace(SETTINGS.queue, **changes))


def with_policy(*approvers: str, four_eyes: bool) -> Settings:
    return replace(SETTINGS, policy=PolicySettings(approvers=frozenset(approvers), four_eyes=four_eyes))


def test_without_options_the_settings_are_asked_for(worlds: Worlds) -> None:
    plan = worlds().planner.plan_for(PlanCommand(), ANA)

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


def test_what_was_typed_wins_over_the_settings(worlds: Worlds) -> None:
    command = PlanCommand(tag="Typed", days=14, limit=200, reviewers=("ben@example.com",), dry_run=True)

    request = worlds().planner.plan_for(command, ANA).request

    assert (request.tag, request.days, request.limit, request.reviewers) == ("Typed", 14, 200, ("ben@example.com",))
    assert request.dry_run


def test_the_window_ends_now_and_is_as_long_as_asked(worlds: Worlds) -> None:
    plan = worlds().planner.plan_for(PlanCommand(days=14), ANA)

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
def test_what_is_neither_typed_nor_set_is_asked_for(settings: Settings, sentence: str, worlds: Worlds) -> None:
    with pytest.raises(CommandError, match=sentence):
        worlds(settings).planner.plan_for(PlanCommand(), ANA)


def test_a_plan_that_nobody_could_approve_is_refused_before_it_is_read(worlds: Worlds) -> None:
    world = worlds(with_policy("U0ANA", four_eyes=True))

    with pytest.raises(CommandError, match="You are the only approver"):
        world.planner.plan_for(PlanCommand(), ANA)


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
def test_a_plan_that_somebody_can_approve_is_made(
    settings: Settings, command: PlanCommand, asker: Asker, worlds: Worlds
) -> None:
    plan = worlds(settings).planner.plan_for(command, asker)

    assert plan.state is PlanState.READING


def test_making_a_plan_stores_nothing(worlds: Worlds) -> None:
    world = worlds()

    world.planner.plan_for(PlanCommand(), ANA)

    assert world.stored == []
    assert world.wake.count == 0


@pytest.mark.parametrize(("asker", "who"), [(ANA, "U0ANA"), (Asker(Origin.TERMINAL), "terminal")])
def test_a_request_stores_its_plan_and_wakes_the_worker(asker: Asker, who: str, worlds: Worlds) -> None:
    world = worlds()

    requested = world.planner.request(PlanCommand(), asker)

    assert requested.is_new
    assert world.store.plans.get(requested.plan.id) == requested.plan
    assert [event.who for event in world.store.plans.history(requested.plan.id)] == [who]
    assert world.wake.count == 1


def test_a_request_for_the_same_is_answered_with_the_plan_that_is_there(worlds: Worlds) -> None:
    world = worlds()
    live = replace(world.planner.plan_for(PlanCommand(), replace(ANA, user="U0BEN")), id="first1")
    world.store.put(live)

    requested = world.planner.request(PlanCommand(), ANA)

    assert requested == Requested(live, is_new=False)
    assert world.stored == [live.id]


def test_a_request_for_something_else_is_a_plan_of_its_own(worlds: Worlds) -> None:
    world = worlds()
    live = replace(world.planner.plan_for(PlanCommand(days=3), ANA), id="first1")
    world.store.put(live)

    requested = world.planner.request(PlanCommand(), ANA)

    assert (requested.plan.id, requested.is_new) == ("k7f3q2", True)


def test_a_request_that_cannot_be_asked_for_stores_nothing(worlds: Worlds) -> None:
    world = worlds(with_queue(tag=""))

    with pytest.raises(CommandError):
        world.planner.request(PlanCommand(), ANA)

    assert world.stored == []
    assert world.wake.count == 0


@pytest.mark.parametrize(
    ("asker", "sentence"),
    [
        (replace(ANA, channel="C0SHARED"), "This channel is shared with another organisation."),
        (replace(ANA, user="U0GUEST"), "Guests and people from other organisations cannot ask for a plan."),
    ],
)
def test_a_plan_that_is_not_let_in_ends_with_the_sentence_and_without_a_query(
    asker: Asker, sentence: str, worlds: Worlds
) -> None:
    world = worlds()
    plan = world.planner.request(PlanCommand(), asker).plan

    world.read(plan)

    ended = world.store.get(plan.id)
    assert ended.state is PlanState.FAILED
    assert ended.reason is not None
    assert ended.reason.startswith(sentence)
    assert world.braintrust.queries == []
    assert world.slack.joined == []


def test_while_nobody_can_say_who_asks_the_plan_is_neither_read_nor_refused(worlds: Worlds) -> None:
    world = worlds()
    plan = world.planner.request(PlanCommand(), ANA).plan
    world.directory.is_away = True

    with pytest.raises(SlackUnavailableError):
        world.read(plan)

    assert world.store.get(plan.id).state is PlanState.READING
    assert world.braintrust.queries == []
