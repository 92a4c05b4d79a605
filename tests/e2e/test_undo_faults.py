"""Everything that can fail while rows are taken back: lost answers, people, a stop, kill -9 at every moment.

Whatever happens, rows, thread and database agree in the end, and what somebody else wrote is left alone.  The worlds
of a test run side by side: many of them wait, and a process that dies keeps its lease for a while.
"""

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Literal

import pytest

from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID
from sandbox.http.faults import AppliedLate, CutBody, Fault, Garbage, Reset, Status, WrongCount
from sandbox.http.request import Asked, Kind
from sandbox.slack.records import Message
from tests.e2e.conftest import DATABASES, StartWorld, dealt
from tests.e2e.undoing import assert_taken_back, assigned, previewed, undone
from tests.e2e.world import World

SETTINGS: dict[str, Any] = {"BATCH_SIZE": "50", "PAGE_SIZE": "100", "SETTLE_SECONDS": "4", "PARALLEL_REQUESTS": "1"}
PART = int(SETTINGS["BATCH_SIZE"])
REQUESTS = 6  # one row that tells which form works, then five parts of 234 rows
TAKEOVER_SECONDS = 90
AT_ONCE_SECONDS = 120  # less than a lease


@dataclass(frozen=True)
class Undo:
    """A plan whose rows were assigned, and the button that takes them back."""

    world: World
    plan: Message
    preview: Message

    def confirm(self) -> None:
        self.world.press(self.preview, "undo_confirm")

    def reply(self) -> Message:
        return undone(self.world, self.plan, seconds=TAKEOVER_SECONDS)

    def part(self, number: int) -> list[str]:
        """The rows of one part, in the order in which they are taken back."""
        return sorted(self.world.newly_assigned())[number * PART :][:PART]

    def sent(self) -> int:
        """How many requests to write arrived so far."""
        return self.world.braintrust.requests.count("insert")


Scenario = Callable[[Undo], list[str]]
"""Takes the rows back, whatever happens; the rows that are kept, because people changed them."""


# --- answers ---


def answers_get_lost(undo: Undo, *, faults: list[Fault], sent_again: int) -> list[str]:
    """One request after the other, from the one for a single row on."""
    before = undo.sent()
    for fault in faults:
        undo.world.braintrust.faults.next("insert", fault)
    undo.confirm()
    undo.reply()
    assert undo.world.braintrust.faults.armed() == []
    assert undo.sent() == before + REQUESTS + sent_again
    return []


def nothing_is_seen_for_seconds(undo: Undo) -> list[str]:
    """And every other look fails at first; still nothing is sent twice."""
    before = undo.sent()
    undo.world.braintrust.faults.lag_seconds = 3.0
    faults: list[Fault] = [Status(503), Reset(), Garbage(), CutBody(), Status(429, headers={"Retry-After": "1"})]
    for nth, fault in enumerate(faults):
        undo.world.braintrust.faults.next("query", fault, nth=nth + 1)
    undo.confirm()
    undo.reply()
    assert undo.world.braintrust.faults.armed() == []
    assert undo.sent() == before + REQUESTS
    return []


# --- people ---


def people_are_at_work(undo: Undo) -> list[str]:
    """After the preview, between two parts, and while nobody knows whether a request had an effect."""
    first, third, fourth = undo.part(0)[:4], undo.part(2)[7:11], undo.part(3)[-4:]
    interfere(undo.world, first)
    once(undo.world, "query", third[0], partial(interfere, undo.world, third))
    once(undo.world, "insert", fourth[0], partial(interfere, undo.world, fourth))
    undo.world.braintrust.faults.next("insert", Reset(), when=lambda body: fourth[0] in body)
    undo.confirm()
    undo.reply()
    return [*first, *third, *fourth]


def interfere(world: World, rows: Sequence[str]) -> None:
    """Finish, hand on, share and delete one row each."""
    finished, taken, shared, gone = rows
    row = world.braintrust.rows.get(DEFAULT_PROJECT_ID, shared)
    assert row is not None
    world.braintrust.rows.finish_by_hand(DEFAULT_PROJECT_ID, finished)
    world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, taken, ["somebody-else"])
    world.braintrust.rows.assign_by_hand(DEFAULT_PROJECT_ID, shared, [*row.assignments, "somebody-else"])
    world.braintrust.rows.delete(DEFAULT_PROJECT_ID, gone)


def once(world: World, kind: Kind, row_id: str, act: Callable[[], None]) -> None:
    """Let something happen right before the first request of a kind that names a row."""
    times = count()

    def hook(asked: Asked) -> None:
        if row_id in asked.text and next(times) == 0:
            act()

    world.braintrust.faults.on_request(kind, hook)


# --- the end of the process ---


def the_process_is_stopped(undo: Undo) -> list[str]:
    """SIGTERM with requests on their way: they are finished and stored, and the next process goes on at once.

    It looks on one more row which form works.
    """
    before = undo.sent()
    undo.world.braintrust.faults.latency(0.5, kind="insert")
    undo.confirm()
    undo.world.braintrust.requests.wait_for("insert", before + 3)
    assert undo.world.stop_bot(signal.SIGTERM) == 0
    undo.world.start_bot()
    undone(undo.world, undo.plan, seconds=AT_ONCE_SECONDS)
    assert undo.sent() == before + REQUESTS + 1
    return []


def the_process_is_killed(
    undo: Undo,
    kind: Kind,
    part: int,
    *,
    at: Literal["arrival", "answer"] = "arrival",
    after_requests: int = 0,
    landing: Literal["before the takeover", "during the takeover"] = "before the takeover",
    tried_again: int = 0,
) -> list[str]:
    """With a look or a request that names a part's first row on its way: it lands although its process is dead.

    Nothing is sent again; where something is left to send, the next process finds the form out on one more row.
    """
    requests, faults = undo.world.braintrust.requests, undo.world.braintrust.faults
    before = undo.sent()
    row_id, mark = undo.part(part)[0], before + after_requests
    with faults.hold(kind, at=at, when=lambda text: row_id in text and undo.sent() >= mark) as gate:
        undo.confirm()
        gate.wait_for_arrivals(1, timeout_seconds=90)
        undo.world.kill_bot()
        undo.world.start_bot()
        if landing == "during the takeover":
            requests.wait_for("query", requests.count("query") + 1, timeout_seconds=TAKEOVER_SECONDS)
    undo.reply()
    assert undo.sent() == before + REQUESTS + tried_again
    return []


ANSWERS: dict[str, Scenario] = {
    "applied": partial(
        answers_get_lost,
        faults=[AppliedLate(3.0), Reset(applied=True), Status(500, applied=True), WrongCount(), CutBody()],
        sent_again=0,
    ),
    "not applied": partial(
        answers_get_lost,
        faults=[Reset(), Garbage(), Status(503), Status(429, headers={"Retry-After": "1"}), Status(429)],
        sent_again=5,
    ),
    "not seen": nothing_is_seen_for_seconds,
    "people": people_are_at_work,
    "stop": the_process_is_stopped,
}

KILLS: dict[str, Scenario] = {
    "before the first row": partial(the_process_is_killed, kind="query", part=0),
    "with the first row": partial(the_process_is_killed, kind="insert", part=0, tried_again=1),
    "between two parts": partial(the_process_is_killed, kind="query", part=2),
    "with a part": partial(the_process_is_killed, kind="insert", part=2, landing="during the takeover", tried_again=1),
    "with a part's answer": partial(the_process_is_killed, kind="insert", part=3, at="answer", tried_again=1),
    "at the look afterwards": partial(the_process_is_killed, kind="query", part=1, after_requests=3),
}


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(("scenarios", "lease"), [(ANSWERS, "300"), (KILLS, "10")], ids=["faults", "kills"])
def test_whatever_happens_while_rows_are_taken_back_everything_agrees_in_the_end(
    start_world: StartWorld, scenarios: dict[str, Scenario], lease: str, database: str
) -> None:
    scenarios = dealt(scenarios, database)
    worlds = [start_world(database=database, **SETTINGS, LEASE_SECONDS=lease) for _ in scenarios]

    with ThreadPoolExecutor(len(scenarios)) as pool:
        ended = list(pool.map(carried_out, worlds, scenarios.values()))

    for world, name, (reply, kept) in zip(worlds, scenarios, ended, strict=True):
        try:
            assert_taken_back(world, reply, kept=kept)
        except AssertionError as error:
            error.add_note(name)
            raise


def carried_out(world: World, scenario: Scenario) -> tuple[Message, list[str]]:
    """What the thread says in the end, and the rows that are kept."""
    plan, report = assigned(world)
    undo = Undo(world, plan, previewed(world, report))
    kept = scenario(undo)
    return undo.reply(), kept
