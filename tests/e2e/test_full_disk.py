"""The disk under the database is full for a while: who acts is told that nothing was changed, and nothing is lost.

A limit on the size of files stands in for the disk: what grows the database fails in the middle of a page.
"""

import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox.slack.records import Message
from tests.e2e.conftest import StartWorld
from tests.e2e.test_fault_suite import PATIENCE, SMALL, assert_all_assigned, on_nth, plans_of
from tests.e2e.world import ADA, World, plan_id

if not hasattr(resource, "prlimit"):
    pytest.skip("only Linux limits the files of another process", allow_module_level=True)

HALF_A_PAGE = 2048
CALM = "The bot's database does not answer, so nothing was changed. Please try again in a minute."


class Disk:
    """The disk under a bot's database.  The bot's log is a file too, but far smaller: it goes on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._journal = Path(world.database_url.removeprefix("sqlite:///") + "-wal")
        self._limits: dict[int, tuple[int, int]] = {}

    def fill(self) -> None:
        """From now on the database cannot grow by a whole page."""
        room = self._journal.stat().st_size + HALF_A_PAGE
        assert room > 2 * len(self._world.log())
        for process in self._world.processes():
            _, hard = self._limits[process.pid] = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, hard))

    def make_room(self) -> None:
        """There is room again, as there was before."""
        for pid, limits in self._limits.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def full_disk(world: World) -> Iterator[None]:
    disk = Disk(world)
    disk.fill()
    yield
    disk.make_room()


def test_a_command_on_a_full_disk_is_answered_and_works_once_there_is_room(start_world: StartWorld) -> None:
    world = start_world(**SMALL)

    with full_disk(world):
        told = world.type()
        assert world.stored_plans() == []
    plan = world.proposed()
    world.press(plan, "approve")
    report = world.report(plan, seconds=PATIENCE)

    assert told == CALM
    assert "disk I/O error" in world.log()
    assert plans_of(world) == [world.now(plan)]
    assert world.stored_plans() == [plan_id(plan.text)]
    assert_all_assigned(world, report)


def test_a_bot_on_a_full_disk_is_alive_but_not_ready(start_world: StartWorld) -> None:
    world = start_world(**SMALL)
    with full_disk(world):
        told = wait_for_readiness(world, HTTPStatus.SERVICE_UNAVAILABLE)
        alive = requests.get(f"{world.address}/healthz", timeout=30)

    wait_for_readiness(world, HTTPStatus.OK)
    assert told.json() == {"status": "the database takes no changes"}
    assert alive.ok


def wait_for_readiness(world: World, status: HTTPStatus) -> requests.Response:
    again = retry_if_result(lambda response: response.status_code != status)
    patient = Retrying(stop=stop_after_delay(90), wait=wait_fixed(0.2), retry=again)
    return patient(requests.get, f"{world.address}/readyz", timeout=30)


def test_an_approval_on_a_full_disk_is_answered_and_can_be_given_once_there_is_room(start_world: StartWorld) -> None:
    world = start_world(**SMALL)
    plan = world.proposed()
    world.answer(ADA, "The plan is ready")

    with full_disk(world):
        world.press(plan, "approve")
        told = world.answer(ADA, "database")
        assert world.transitions(plan) == ["reading", "proposed"]
    world.press(world.now(plan), "approve")
    report = world.report(plan, seconds=PATIENCE)

    assert told == CALM
    assert "disk I/O error" in world.log()
    assert world.transitions(plan) == ["reading", "proposed", "checking", "running", "reporting", "done"]
    assert_all_assigned(world, report)


def test_a_reading_on_a_full_disk_goes_on_by_itself_once_there_is_room(start_world: StartWorld) -> None:
    world = start_world(**SMALL)
    disk = Disk(world)
    on_nth(world, "query", 2, lambda _: disk.fill())

    world.type()
    world.wait_for_log("a step met a fault")
    disk.make_room()
    world.answer(ADA, "The plan is ready")
    [plan] = plans_of(world)
    world.press(plan, "approve")
    report = world.report(plan, seconds=PATIENCE)

    assert "disk I/O error" in world.log()
    assert_all_assigned(world, report)


Moment = Callable[[World, Callable[[Any], None]], None]
MOMENTS: dict[str, Moment] = {
    "when the plan is checked": lambda w, fill: on_nth(w, "query", 1, fill, when="id IN"),
    "with the first batch": lambda w, fill: on_nth(w, "insert", 1, fill),
    "in the middle": lambda w, fill: on_nth(w, "insert", 3, fill),
    "with the last batch": lambda w, fill: on_nth(w, "insert", 5, fill),
}


def test_an_assignment_on_a_full_disk_goes_on_by_itself_once_there_is_room(start_world: StartWorld) -> None:
    """Requests that were on their way had their effect: it is found, and they are not sent again."""
    worlds = {moment: start_world(**SMALL) for moment in MOMENTS}

    with ThreadPoolExecutor(len(MOMENTS)) as pool:
        reports = list(pool.map(lambda moment: assigned_through(worlds[moment], MOMENTS[moment]), MOMENTS))

    for world, report in zip(worlds.values(), reports, strict=True):
        assert "disk I/O error" in world.log()
        assert_all_assigned(world, report)
        assert world.transitions(report) == ["reading", "proposed", "checking", "running", "reporting", "done"]


def assigned_through(world: World, moment: Moment) -> Message:
    """The report of an assignment through a disk that is full from `moment` until a step has failed of it."""
    disk = Disk(world)
    moment(world, lambda _: disk.fill())
    plan = world.proposed()
    world.press(plan, "approve")
    world.wait_for_log("a step met a fault")
    disk.make_room()
    return world.report(plan, seconds=PATIENCE)
