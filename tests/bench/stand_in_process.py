"""The Braintrust stand-in in a process of its own, so that its work does not hold up the bot's or the script's."""

import math
import multiprocessing
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sandbox.braintrust.seed import seed_rows, seed_users
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.http.request_log import Seen
from tests.bench.measure import Requests, cpu_seconds

API_KEY = "sk-bench"
TAG = "needs-review"
DAYS = 7
QUERIES_PER_MINUTE = 20  # Braintrust's Starter and Pro plans
PROJECT_ID = DEFAULT_PROJECT_ID
_SEEDED = [user for user in seed_users() if user["email"]]

_FIRST_ID = re.compile(r"id IN \['([^']+)'")
_SPAWN = multiprocessing.get_context("spawn")
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class World:
    """What Braintrust holds and how it answers.  The same world has the same rows every time."""

    rows: int
    assigned: int
    latency_seconds: float
    reviewers: int = len(_SEEDED)
    minute_seconds: float | None = None
    """How long a minute takes in which it answers 20 queries; None: it answers any number."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as the server saw it, in this machine's monotonic seconds."""

    purpose: str
    started: float
    ended: float | None
    row_ids: tuple[str, ...]


def reviewers_of(world: World) -> dict[str, str]:
    """The names of those who review, by their ids."""
    return {str(user["id"]): f"{user['given_name']} {user['family_name']}" for user in _people(world)}


class StandInProcess:
    """Braintrust, freshly filled, between `with` and its end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, world), name="braintrust", daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._process.start()
        self.url = self._pipe.recv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def cpu(self) -> float:
        """The CPU seconds that it has used so far."""
        return cpu_seconds(self._process.pid or 0)

    def stop(self) -> None:
        """End the process with whatever it is doing; it may be called twice."""
        self._process.terminate()
        self._process.join(_STOP_SECONDS)

    def requests(self) -> list[Sent]:
        """Every request so far, in the order of arrival."""
        found: list[Sent] = self._ask("requests")
        return found

    def open_rows(self) -> frozenset[str]:
        """The matching rows that were unassigned when the process began."""
        return frozenset(self._ask("open_rows"))

    def assignees(self) -> dict[str, tuple[str, ...]]:
        """Who has each row now that was written since."""
        found: dict[str, tuple[str, ...]] = self._ask("assignees")
        return found

    def _ask(self, question: str) -> Any:
        self._pipe.send(question)
        return self._pipe.recv()


def counted(sent: list[Sent]) -> Requests:
    """The requests by what they were for."""
    counts = Counter(request.purpose for request in sent)
    known = {name: counts.pop(name, 0) for name in ("pages", "loads", "checks", "writes", "read_backs")}
    return Requests(**known, others=counts.total())


def writing_span(sent: list[Sent]) -> tuple[float, float]:
    """When the first write began and the last was answered; not numbers without any, which `mistakes` says in words."""
    writes = [request for request in sent if request.purpose == "writes"]
    started = min((write.started for write in writes), default=math.nan)
    return started, max((write.ended for write in writes if write.ended is not None), default=math.nan)


def mistakes(stand_in: StandInProcess, sent: list[Sent], planned: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong: every open row has to be in `planned`, written once, and given to who it was planned for."""
    written = Counter(row_id for request in sent for row_id in request.row_ids)
    open_rows, assignees = stand_in.open_rows(), stand_in.assignees()
    shares = Counter(planned.values())
    most, least = max(shares.values(), default=0), min(shares.values(), default=0)
    wrong = {
        "rows were written more than once": sum(times > 1 for times in written.values()),
        "rows were written though they were not open": len(written.keys() - open_rows),
        "open rows were not written": len(open_rows - written.keys()),
        "rows are not as they were planned": len(open_rows ^ planned.keys())
        + sum(assignees.get(row_id) != (who,) for row_id, who in planned.items()),
        "rows more for one reviewer than for another": max(most - least - 1, 0),
        "reviewers got nothing": len(reviewers_of(stand_in.world).keys() - shares.keys()),
    }
    return tuple(f"{count:,} {what}" for what, count in wrong.items() if count)


class _Served:
    """The other side of the pipe."""

    def __init__(self, world: World) -> None:
        self._stand_in = BraintrustStandIn(api_key=API_KEY)
        self._stand_in.directory.users = _people(world)
        rows, now = self._stand_in.rows, datetime.now(UTC)
        seed_rows(rows, PROJECT_ID, count=world.rows, tag=TAG, assigned=world.assigned, finished=0, now=now)
        window_start = now.timestamp() - DAYS * 86_400
        self._open = [
            row.id
            for row in rows.all(PROJECT_ID)
            if TAG in row.tags and row.created.timestamp() > window_start and not row.assignments
        ]
        self._stand_in.faults.latency(world.latency_seconds)
        if world.minute_seconds is not None:
            self._stand_in.faults.rate_limit(QUERIES_PER_MINUTE, window_seconds=world.minute_seconds)
        self._stand_in.start()

    @property
    def url(self) -> str:
        return self._stand_in.url

    def requests(self) -> list[Sent]:
        written: set[str] = set()
        sent: list[Sent] = []
        for seen in self._stand_in.requests.all():
            sent.append(Sent(_purpose(seen, written), seen.started, seen.ended, seen.row_ids))
            written.update(seen.row_ids)
        return sent

    def open_rows(self) -> list[str]:
        return self._open

    def assignees(self) -> dict[str, tuple[str, ...]]:
        return {row.id: row.assignments for row in self._stand_in.rows.all(PROJECT_ID) if row.history}


def _people(world: World) -> list[dict[str, Any]]:
    """The people of the demo, and as many more as are needed."""
    more = [
        _SEEDED[0]
        | {"id": str(UUID(int=number, version=4)), "email": f"reviewer-{number}@example.com"}
        | {"given_name": "Reviewer", "family_name": str(number)}
        for number in range(len(_SEEDED), world.reviewers)
    ]
    return [*_SEEDED[: world.reviewers], *more]


def _purpose(seen: Seen, written: set[str]) -> str:
    """What a request was for.  A row is asked for by its id to check it, or, once it was written, to read it back."""
    if seen.kind != "query":
        return "writes" if seen.kind == "insert" else seen.kind
    if named := _FIRST_ID.search(seen.text):
        return "read_backs" if named[1] in written else "checks"
    if "unpivot" in seen.text:
        return "loads"
    return "pages"


def _serve(pipe: Connection, world: World) -> None:
    served = _Served(world)
    pipe.send(served.url)
    while True:
        pipe.send(getattr(served, pipe.recv())())
