"""A COMMIT is lost on its way to PostgreSQL, or the answer to it: nobody can hear whether it was carried out.

What people are told is true all the same, a decision counts once, and rows, report and database agree in the end.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sandbox.slack.records import Message
from tests.e2e.commit_proxy import CommitProxy, Matches, inserts, updates
from tests.e2e.test_fault_suite import PATIENCE, SMALL, assert_all_assigned, plans_of
from tests.e2e.world import ADA, World, plan_id
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.postgresql
either_way = pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "not carried out"])
TO_THE_END = ["reading", "proposed", "checking", "running", "reporting", "done"]
CALM = "The bot's database does not answer, so nothing was changed. Please try again in a minute."
UNKNOWN = (
    "The bot's database does not answer, so it is not known whether this was done. "
    "Please look at the plan's message in a minute, before you try again."
)
LOSSES = [
    (updates("batches"), (0, 3)),
    (updates("batches"), (1, 4)),
    (updates("batches"), (2, 9)),
    (inserts("events"), (1, 2, 3)),  # after that of the approval
]
StartProxied = Callable[[], tuple[World, CommitProxy]]


@pytest.fixture
def start_proxied(tmp_path: Path, postgresql: PostgresServer) -> Iterator[StartProxied]:
    """Start a world whose bot reaches its database through a proxy; a test may start several."""
    with ExitStack() as started:

        def start() -> tuple[World, CommitProxy]:
            folder = tmp_path / f"world-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return started.enter_context(_proxied(folder, postgresql))

        yield start


@contextmanager
def _proxied(folder: Path, server: PostgresServer) -> Iterator[tuple[World, CommitProxy]]:
    name = server.create()
    url = server.url(name)
    try:
        with CommitProxy(url) as proxy, World(folder, database=url, DATABASE_URL=proxy.url, **SMALL) as world:
            yield world, proxy
    finally:
        server.drop(name)


@either_way
def test_an_approval_counts_once_and_its_approver_is_told_so(start_proxied: StartProxied, carried_out: bool) -> None:
    world, proxy = start_proxied()
    plan = ready(world)

    proxy.lose(inserts("events"), carried_out=carried_out)
    world.press(plan, "approve")
    told = world.answer(ADA, "You approved")
    report = world.report(plan, seconds=PATIENCE)

    assert len(proxy.lost) == 1
    assert told == f"You approved plan `{plan_id(plan.text)}`. Its thread follows the assignment."
    assert world.transitions(plan) == TO_THE_END
    assert_all_assigned(world, report)


def test_an_approval_that_could_not_be_given_is_said_not_to_count_and_can_be_given_again(
    start_proxied: StartProxied,
) -> None:
    world, proxy = start_proxied()
    plan = ready(world)

    proxy.lose(inserts("events"), carried_out=False, numbers=range(2))
    world.press(plan, "approve")
    told = world.answer(ADA, "database")
    before = world.transitions(plan)
    world.press(world.now(plan), "approve")
    report = world.report(plan, seconds=PATIENCE)

    assert len(proxy.lost) == 2
    assert told == CALM
    assert before == ["reading", "proposed"]
    assert world.transitions(plan) == TO_THE_END
    assert_all_assigned(world, report)


@either_way
def test_where_nobody_can_know_whether_an_approval_counts_its_approver_is_told_so(
    start_proxied: StartProxied, carried_out: bool
) -> None:
    """The database is away right after the COMMIT was lost, so that nothing can be looked up."""
    world, proxy = start_proxied()
    plan = ready(world)

    proxy.lose(inserts("events"), carried_out=carried_out, then=proxy.go_away)
    world.press(plan, "approve")
    told = world.answer(ADA, "database")
    before = world.transitions(plan)
    proxy.come_back()
    if not carried_out:
        world.press(world.now(plan), "approve")
    report = world.report(plan, seconds=PATIENCE)

    assert len(proxy.lost) == 1
    assert told == UNKNOWN
    assert before == ["reading", "proposed", *(["checking"] if carried_out else [])]
    assert world.transitions(plan) == TO_THE_END
    assert_all_assigned(world, report)


@either_way
def test_a_plan_is_cancelled_once_and_nothing_is_assigned(start_proxied: StartProxied, carried_out: bool) -> None:
    world, proxy = start_proxied()
    plan = ready(world)

    proxy.lose(inserts("events"), carried_out=carried_out)
    world.press(plan, "cancel")
    told = world.answer(ADA, "is cancelled")
    world.shows(plan, f"Cancelled by <@{ADA}>")

    assert len(proxy.lost) == 1
    assert told == f"Plan `{plan_id(plan.text)}` is cancelled. Nothing was assigned."
    assert world.transitions(plan) == ["reading", "proposed", "cancelled"]
    assert world.newly_assigned() == {}


@either_way
def test_a_command_is_stored_once(start_proxied: StartProxied, carried_out: bool) -> None:
    world, proxy = start_proxied()

    proxy.lose(inserts("plans"), carried_out=carried_out)
    told = world.type()
    world.answer(ADA, "The plan is ready")
    [plan] = plans_of(world)
    world.press(plan, "approve")
    report = world.report(plan, seconds=PATIENCE)

    assert len(proxy.lost) == 1
    assert told.startswith("Reading rows tagged")
    assert world.stored_plans() == [plan_id(plan.text)]
    assert world.transitions(plan) == TO_THE_END
    assert_all_assigned(world, report)


def test_an_assignment_that_loses_commits_goes_on_by_itself(start_proxied: StartProxied) -> None:
    """Those that store what becomes of batches, and those by which the plan moves on, side by side."""
    losses = [(meant, numbers, carried_out) for meant, numbers in LOSSES for carried_out in (True, False)]
    worlds = [start_proxied() for _ in losses]

    with ThreadPoolExecutor(len(losses)) as pool:
        reports = list(pool.map(assigned_through, worlds, losses))

    for (world, proxy), report, (_, numbers, _) in zip(worlds, reports, losses, strict=True):
        assert len(proxy.lost) == len(numbers)
        assert world.transitions(report) == TO_THE_END
        assert_all_assigned(world, report)


def assigned_through(proxied: tuple[World, CommitProxy], loss: tuple[Matches, tuple[int, ...], bool]) -> Message:
    """The report of an assignment that loses some COMMITs."""
    world, proxy = proxied
    meant, numbers, carried_out = loss
    plan = ready(world)
    proxy.lose(meant, carried_out=carried_out, numbers=numbers)
    world.press(plan, "approve")
    return world.report(plan, seconds=PATIENCE)


def ready(world: World) -> Message:
    """A plan that waits for approval, and of which nothing more is to be said."""
    plan = world.proposed()
    world.answer(ADA, "The plan is ready")
    return plan
