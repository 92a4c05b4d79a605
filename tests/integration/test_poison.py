"""Values that no field can hold, in answers of the right form: a plan ends or goes on, whatever the database is."""

import json
from collections.abc import Iterator

import pytest

from bot import app
from bot.adapters.store.store import Store
from bot.domain.command import PlanCommand
from bot.domain.plan import Origin, Plan, PlanState
from bot.services.planning import Asker
from bot.settings import DatabaseSettings, Settings
from sandbox.braintrust.stand_in import DEFAULT_PROJECT_ID, BraintrustStandIn
from sandbox.http.faults import Status
from tests.integration.stored import ANA
from tests.integration.world import TAG, FakeWork, Time
from tests.unit.fakes import FakeAnnouncer

pytestmark = pytest.mark.long

NESTED = tuple("[" * depth + "]" * depth for depth in (50, 900, *range(944, 1_000, 18)))
POISON = (
    *NESTED,
    *("9" * digits for digits in (17, 400, 4_300, 4_301)),
    "-1",
    "1e400",
    "NaN",
    "0.5",
    json.dumps("\ud800"),
    json.dumps("a\x00b"),
    json.dumps("\u202e\n"),
    json.dumps("x" * 3_000),
    json.dumps("9" * 5_000),
    json.dumps("{" + "-" * 60 + ANA.id + "}"),
    json.dumps("urn:uuid:" + ANA.id + "-" * 90),
    '{"a": "\\ud800"}',
    "[[]]",
    "null",
    "true",
)
GOOD_ROW = {
    "id": '"row-1"',
    "tags": json.dumps([TAG]),
    "assignments": "null",
    "status": "null",
    "group_key": '"a"',
}
GOOD_USER = {"id": json.dumps(ANA.id), "given_name": '"Ana"', "family_name": '"Ruiz"', "email": '"ana@example.com"'}


def row(**fields: str) -> str:
    """A row as JSON; each field is JSON already, because Python would refuse to write some of it."""
    said = GOOD_ROW | fields
    status = written(status=said.pop("status"))
    return written(**said, review_lists=written(__bt_default_review_list=status))


def user(**fields: str) -> str:
    return written(**(GOOD_USER | fields))


def load(**fields: str) -> str:
    return written(**({"assignee": json.dumps(ANA.id), "n": "3"} | fields))


def written(**fields: str) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in fields.items()) + "}"


@pytest.fixture(scope="module")
def braintrust() -> Iterator[BraintrustStandIn]:
    with BraintrustStandIn() as server:
        yield server


@pytest.fixture
def core(braintrust: BraintrustStandIn, database_url: str) -> Iterator[app.Core]:
    store = Store(DatabaseSettings(database_url))
    settings = Settings.from_env(
        {
            "BRAINTRUST_API_KEY": braintrust.api_key,
            "BRAINTRUST_API_URL": braintrust.url,
            "BRAINTRUST_PROJECT_ID": DEFAULT_PROJECT_ID,
            "REVIEW_TAG": TAG,
            "REVIEWERS": ANA.id,
            "REVIEW_STRATEGY": "balanced",
            "REVIEW_GROUP_BY": "trace",
        }
    )
    yield app.Core(settings, store, announcer=FakeAnnouncer())
    store.database.close()


def read(core: app.Core, braintrust: BraintrustStandIn, *, rows: str, loads: str = "", users: str = "") -> Plan:
    """A plan that was read to its end, of answers with these rows, open loads and users."""
    braintrust.faults.clear()
    found, counted = (Status(200, written(data=f"[{records}]")) for records in (rows, loads or load()))
    braintrust.faults.always("query", found, when=lambda query: "as (assignee)" not in query)
    braintrust.faults.always("query", counted, when=lambda query: "as (assignee)" in query)
    braintrust.faults.always("user", Status(200, written(objects=f"[{users or user()}]")))
    plan = core.planner.request(PlanCommand(), Asker(Origin.TERMINAL)).plan
    claim = core.store.leases.claim({plan.state}, only=plan.id)
    assert claim is not None
    core.steps[plan.state](FakeWork(claim.lease, Time()), plan)  # whatever it raises is what nobody foresaw
    became = core.store.plans.get(plan.id)
    assert became is not None
    return became


def assert_ended(plan: Plan, poison: str) -> None:
    assert plan.state in (PlanState.FAILED, PlanState.EMPTY, PlanState.PROPOSED), poison[:80]
    assert len(plan.reason or "") < 600


@pytest.mark.parametrize("field", GOOD_ROW)
def test_a_row_with_a_value_that_cannot_be_ends_nothing_and_is_not_read_for_ever(
    core: app.Core, braintrust: BraintrustStandIn, field: str
) -> None:
    for poison in POISON:
        assert_ended(read(core, braintrust, rows=", ".join((row(), row(**{field: poison})))), poison)


@pytest.mark.parametrize("field", GOOD_USER)
def test_a_user_with_a_value_that_cannot_be_ends_nothing(
    core: app.Core, braintrust: BraintrustStandIn, field: str
) -> None:
    for poison in POISON:
        assert_ended(read(core, braintrust, rows=row(), users=", ".join((user(), user(**{field: poison})))), poison)


@pytest.mark.parametrize("field", ["assignee", "n"])
def test_a_count_that_cannot_be_ends_nothing(core: app.Core, braintrust: BraintrustStandIn, field: str) -> None:
    for poison in POISON:
        assert_ended(read(core, braintrust, rows=row(), loads=load(**{field: poison})), poison)


def test_a_list_of_odd_users_has_the_good_ones(core: app.Core, braintrust: BraintrustStandIn) -> None:
    """An id that is no UUID would not even fit where it is stored."""
    odd = [json.dumps("-" * 90 + ANA.id), json.dumps("\uff11" * 32), "5", "null", json.dumps(ANA.id + "\u0000")]

    plan = read(core, braintrust, rows=row(), users=", ".join([*(user(id=value) for value in odd), user()]))

    assert [(share.reviewer.name, share.rows) for share in plan.shares] == [("Ana Ruiz", 1)]
