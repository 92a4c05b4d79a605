"""A plan whose answers make no sense: it fails with a calm sentence, or goes on, and nothing wrong is written."""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot import app
from bot.adapters.store.store import Store as WholeStore
from bot.domain.command import PlanCommand
from bot.domain.plan import Origin, Plan, PlanState, Reviewer, Share
from bot.messages.surfaces import assignments_file
from bot.services.planning import Asker
from bot.settings import DatabaseSettings, Settings
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.http.faults import Status
from tests.integration.stored import ANA, opened
from tests.integration.world import TAG, FakeWork, Time, World
from tests.unit.builders import HOSTILE_NAMES, a_plan
from tests.unit.fakes import FakeAnnouncer
from tests.unit.test_fuzz_braintrust import GOOD, RAW, damaged

pytestmark = pytest.mark.long

INTERNAL = re.compile(r"Traceback|\w+(?:Error|Exception)\b|NoneType|object at 0x|sk-sandbox")
STRANGERS: dict[str, Any] = {"data": [{"id": "another", "tags": ["needs-review"]}], "cursor": "c"}
Approved = Callable[[], AbstractContextManager[World]]
SMALL = [body for body in RAW if len(body) < 1_000_000]


@pytest.fixture(scope="module")
def braintrust() -> Iterator[BraintrustStandIn]:
    with BraintrustStandIn() as server:
        yield server


@pytest.fixture
def store(sqlite_url: str) -> Iterator[WholeStore]:
    store = WholeStore(DatabaseSettings(sqlite_url))
    yield store
    store.database.close()


@pytest.fixture
def core(braintrust: BraintrustStandIn, store: WholeStore) -> app.Core:
    braintrust.faults.clear()
    braintrust.requests.clear()
    settings = Settings.from_env(
        {
            "BRAINTRUST_API_KEY": braintrust.api_key,
            "BRAINTRUST_API_URL": braintrust.url,
            "BRAINTRUST_PROJECT_ID": DEFAULT_PROJECT_ID,
            "REVIEW_TAG": TAG,
            "REVIEWERS": ANA.id,
        }
    )
    return app.Core(settings, store, announcer=FakeAnnouncer())


def says(body: bytes) -> Status:
    """The fault of answering 200 with this body."""
    return Status(200, body.decode(errors="replace"))


def read(core: app.Core) -> Plan:
    """A plan, read to its end, where nobody waits."""
    plan = core.planner.request(PlanCommand(), Asker(Origin.TERMINAL)).plan
    claimed = core.store.leases.claim({plan.state}, only=plan.id)
    assert claimed is not None
    core.steps[plan.state](FakeWork(claimed.lease, Time()), plan)
    found = core.store.plans.get(plan.id)
    assert found is not None
    return found


@pytest.mark.parametrize(("kind", "good"), [("query", "rows"), ("user", "users")])
def test_a_plan_without_sense_fails_calmly(braintrust: BraintrustStandIn, core: app.Core, kind: Any, good: str) -> None:
    chance = random.Random(good)

    for body in [*(damaged(GOOD[good], chance) for _ in range(25)), *SMALL]:
        braintrust.faults.clear()
        braintrust.faults.always(kind, says(body))
        plan = read(core)
        assert plan.state in (PlanState.FAILED, PlanState.EMPTY, PlanState.PROPOSED)
        if plan.state is PlanState.FAILED:
            reason = plan.reason or ""
            assert reason.endswith((".", ")", "`"))
            assert not INTERNAL.search(reason)
            assert len(reason) < 600

    assert braintrust.requests.count("insert") == 0


@pytest.fixture
def approved(tmp_path: Path, migrated_sqlite: Path) -> Callable[[], AbstractContextManager[World]]:
    """Makes worlds: each has an approved plan of six rows that are free, a database and a Braintrust of its own."""

    @contextmanager
    def made() -> Iterator[World]:
        url = f"sqlite:///{shutil.copyfile(migrated_sqlite, tmp_path / 'bot.db')}"
        with opened(url) as store, BraintrustStandIn() as server:
            world = World(store, server)
            world.add_rows()
            yield world

    return made


def test_nothing_is_written_on_a_check_without_sense(approved: Approved) -> None:
    """What cannot be read is not written, and the plan comes to its end."""
    chance = random.Random(11)

    for body in [*(damaged(STRANGERS, chance) for _ in range(8)), *SMALL[::4]]:
        with approved() as world:
            world.braintrust.faults.always("query", says(body))
            assert world.carry_out() in (PlanState.DONE, PlanState.FAILED), body[:200]
            assert world.inserts == []
            assert not INTERNAL.search(world.plan.reason or "")


def test_an_acknowledgement_without_sense_is_read_back(approved: Approved) -> None:
    """Whatever an answer to a write says: what was written is seen, and nothing is written twice or otherwise."""
    chance = random.Random(12)

    for body in [*(damaged(GOOD["write"], chance) for _ in range(8)), *SMALL[::4]]:
        with approved() as world:
            world.braintrust.faults.next("insert", says(body), times=2)
            world.carry_out()
            world.verify()
            reasons = [world.plan.reason, *(batch.error for batch in world.batches)]
            assert not [reason for reason in reasons if INTERNAL.search(reason or "")]


def test_a_check_with_an_odd_cursor_ends(approved: Approved) -> None:
    """Else the plan is tried again without end, and holds up every other plan of its project."""
    with approved() as world:
        world.braintrust.faults.always("query", says(json.dumps({**STRANGERS, "cursor": "a\\b"}).encode()))

        assert world.carry_out() in (PlanState.DONE, PlanState.FAILED)


def test_a_name_that_is_no_text_still_fits_the_file() -> None:
    """Else the report is drawn again every few seconds, for ever, and the file never comes."""
    plan = a_plan(shares=(Share(Reviewer("r1", "An\ud800a"), 1),))

    assert b"row-1" in assignments_file(plan, [("row-1", "r1")], {})


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_file_hides_nothing_and_reads_as_it_was_written(name: str) -> None:
    plan = a_plan(shares=(Share(Reviewer("r1", name), 1),))

    content = assignments_file(plan, [("row-1", "r1")], {}).decode()

    assert content.replace("\n", "").isprintable()
    assert [entry["reviewer_name"] for entry in json.loads(content)] == [name]
