"""Databases of earlier versions, with plans in every state, are brought to the newest one and worked on with."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, insert

from bot.adapters.store.database import Database
from bot.adapters.store.schema import revisions
from bot.domain.notice import notice_counts
from bot.domain.plan import Batch, BatchState, PlanState, Reviewer
from bot.domain.surfaces import Shown, Surface
from bot.domain.undo import UndoCounts, counted_undo, taken_back, to_take_back
from tests.conftest import BOTH
from tests.integration.schema import copy_of, described, migrate
from tests.integration.stored import NOW, PROJECT, Store, opened
from tests.postgresql import PostgresServer

pytestmark = [
    pytest.mark.long,
    pytest.mark.xdist_group("upgrade"),  # so the databases that are upgraded once are at hand for all
]

ANA, BO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

# The first migration was published five times, and each time it made more: what the earlier ones did not make yet.
NOTHING: tuple[str, ...] = ()
WITHOUT_TOKENS = ("ALTER TABLE events DROP COLUMN token",)
WITHOUT_UNDO = (
    *WITHOUT_TOKENS,
    "DROP TABLE undos",
    *(f"ALTER TABLE plans DROP COLUMN {name}" for name in ("finished_at", "undone_by", "undone_from", "unassignment")),
)
WITHOUT_DRIFT = (*WITHOUT_UNDO, *(f"ALTER TABLE plans DROP COLUMN {name}" for name in ("horizon", "drift")))
WITHOUT_LINKS = (*WITHOUT_DRIFT, "ALTER TABLE plans DROP COLUMN message_url")
EDITIONS = {
    "as it is": NOTHING,
    "without tokens": WITHOUT_TOKENS,
    "without undo": WITHOUT_UNDO,
    "without drift": WITHOUT_DRIFT,
    "without links": WITHOUT_LINKS,
}


@pytest.fixture(scope="module", params=EDITIONS)
def edition(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module", params=BOTH)
def copies(
    edition: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], AbstractContextManager[str]]:
    """Copies of a database that was upgraded, by their addresses: upgrading takes much longer than copying."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("upgraded") / "bot.db"
        _upgraded(f"sqlite:///{path}", edition)
        return partial(_copied_file, path)
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = server.create()
    _upgraded(server.url(name), edition)
    return partial(_copied_database, server, name)


@pytest.fixture
def upgraded(copies: Callable[[], AbstractContextManager[str]]) -> Iterator[Store]:
    """A store whose database was at the first version, as it was published one day, with one plan in each state."""
    with copies() as url, opened(url) as store:
        yield store


@contextmanager
def _copied_file(path: Path) -> Iterator[str]:
    copied = Path(shutil.copy(path, path.with_name("copy.db")))
    yield f"sqlite:///{copied}"
    for left in path.parent.glob("copy.db*"):
        left.unlink()


@contextmanager
def _copied_database(server: PostgresServer, name: str) -> Iterator[str]:
    copied = server.copy(name)
    yield server.url(copied)
    server.drop(copied)


def _upgraded(url: str, edition: str, *, by_way_of: str | None = None) -> None:
    database = Database(url)
    with database.write() as connection:
        migrate(connection, to="0001")
        for statement in EDITIONS[edition]:
            connection.exec_driver_sql(statement)
    _add_plans(database)
    if by_way_of is not None:
        with database.write() as connection:
            migrate(connection, to=by_way_of)
    database.migrate()
    database.close()


def _add_plans(database: Database) -> None:
    tables = MetaData()
    with database.write() as connection:
        tables.reflect(connection)
        for number, state in enumerate(PlanState):
            known = tables.tables["plans"].columns.keys()
            plan = {name: value for name, value in _plan(state.value, number).items() if name in known}
            connection.execute(insert(tables.tables["plans"]).values(**plan))
            batch = {"plan_id": plan["id"], "seq": 1, "rows": _json([["row-1", ANA], ["row-2", BO]])}
            outcome = {"dropped": _json([]), "state": "confirmed", "attempts": 1}
            connection.execute(insert(tables.tables["batches"]).values(**batch, **outcome))
            for before, after in ((None, "reading"), ("reading", state.value)):
                step = {"who": "bot", "from_state": before, "to_state": after, "at": _instant(0), "counts": _json({})}
                connection.execute(insert(tables.tables["events"]).values(plan_id=plan["id"], **step))


def _plan(state: str, number: int) -> dict[str, Any]:
    return {
        "id": state,
        "queue": "default",
        "project_id": PROJECT,
        "tag": "needs-review",
        "days": 7,
        "asked_reviewers": _json(["ana@example.com"]),
        "dry_run": False,
        "origin": "command",
        "requested_by": "U0ASK",
        "channel": "C0REV",
        "window_start": _instant(-7),
        "window_end": _instant(0),
        "created_at": _instant(0),
        "state": state,
        "version": 1,
        "revision": 3,
        "drawn": 3,
        "expires_at": _instant(1),
        "decided_by": "U0BOSS",
        "decided_at": _instant(0),
        "undone_from": "done" if state == "undoing" else None,
        "counts": _json({"matched": 5, "assigned": 1, "finished": 1, "unassigned": 3}),
        "shares": _json([[ANA, "Ana", 1], [BO, "Bo", 1]]),
        "unknown_reviewers": _json(["zoe@example.com"]),
        "notes": _json(["a note"]),
        "rotation": number,
        "reason": "Braintrust refused it." if state == "failed" else None,
        "answered": True,
        "progress": _json({"pages": 0, "rows": 0, "waiting": None}),
        "fence": 4,
        "writing_project": PROJECT if state == "running" else None,
    }


def _instant(days: int) -> Any:
    return (NOW + timedelta(days=days)).replace(tzinfo=None)


def _json(value: Any) -> Any:
    """JSON as the reflected column takes it."""
    return json.loads(json.dumps(value))


def test_every_plan_is_still_there_and_says_the_same(upgraded: Store) -> None:
    for state in PlanState:
        plan = upgraded.get(state.value)
        assert (plan.state, plan.version, plan.notes, plan.decided_by) == (state, 1, ("a note",), "U0BOSS")
        assert [(share.reviewer, share.rows) for share in plan.shares] == [
            (Reviewer(ANA, "Ana"), 1),
            (Reviewer(BO, "Bo"), 1),
        ]
        assert upgraded.batches.of(plan.id) == (
            Batch(1, (("row-1", ANA), ("row-2", BO)), BatchState.CONFIRMED, attempts=1),
        )


def test_a_plan_that_was_being_reported_ends_and_tells_nobody(upgraded: Store) -> None:
    """Its reviewers were not looked up in Slack, and what rested before is no news."""
    lease = upgraded.claim("reporting")
    plan = upgraded.get("reporting")

    upgraded.notices.arrange(lease, notice_counts(plan, upgraded.batches.of(plan.id), {}))
    upgraded.plans.finish(lease, state=PlanState.DONE, counts={}, now=NOW)

    assert upgraded.get("reporting").state is PlanState.DONE
    assert upgraded.notices.claim(now=NOW) is None
    assert upgraded.everything()["notices"] == []


def test_a_plan_that_was_answered_owes_nobody_a_message(upgraded: Store) -> None:
    assert {tuple(upgraded.surfaces.of(state.value)) for state in PlanState} == {(Surface.ALERT, Surface.NOTE)}


def test_a_plan_that_waits_can_still_be_approved(upgraded: Store) -> None:
    assert upgraded.plans.approve("proposed", edition=1, who="U0BOSS", now=NOW)


def test_the_reason_of_an_end_stands_beside_the_step_that_led_there(upgraded: Store) -> None:
    assert [event["reason"] for event in upgraded.events("failed")] == [None, "Braintrust refused it."]
    assert [event["reason"] for event in upgraded.events("done")] == [None, None]


def test_what_people_say_can_be_stored_afterwards(upgraded: Store) -> None:
    upgraded.preferences.set_muted("U0ANA", muted=True)

    assert upgraded.preferences.of(["U0ANA"])["U0ANA"].muted


def test_every_edition_of_a_version_becomes_the_same_schema(empty_database_url: str, edition: str) -> None:
    """Also where a version that did not notice has gone on from it."""
    _upgraded(empty_database_url, edition, by_way_of="0003")

    with opened(empty_database_url) as store, store.database.read() as connection:
        assert described(connection) == copy_of(revisions()[-1]).read_text()


def test_a_plan_can_be_taken_back_whose_database_once_could_not(upgraded: Store) -> None:
    """The states of undone rows have a table, and decisions a token."""
    upgraded.change("done", finished_at=NOW)

    assert upgraded.plans.begin_undo("done", edition=1, who="U0BOSS", now=NOW, finished_after=NOW - timedelta(hours=1))
    batch = Batch(1, (("row-1", ANA),), state=BatchState.CONFIRMED)
    upgraded.undone.add(upgraded.claim("undoing"), [batch])

    assert upgraded.undone.of("undoing") == (batch,)


def test_what_is_known_of_an_undo_is_carried_over(empty_database_url: str) -> None:
    """What was settled is settled, and what was on its way is found out as after any death of a process."""
    database, tables = Database(empty_database_url), MetaData()
    assigned = [["taken", ANA], ["reviewed", BO], ["changed", ANA], ["sent", BO], ["waits", ANA]]
    with database.write() as connection:
        migrate(connection, to="0008")
        tables.reflect(connection)
        plans = tables.tables["plans"]
        plan = _plan("undoing", 0) | {"left_out": _json([]), "without_room": 0, "edition": 1}
        known = {name: value for name, value in plan.items() if name in plans.columns}
        connection.execute(insert(plans).values(**known))
        batch = {"plan_id": "undoing", "seq": 1, "rows": _json(assigned), "dropped": _json([]), "attempts": 1}
        connection.execute(insert(tables.tables["batches"]).values(**batch, state="confirmed"))
        parts = [{"taken": "taken_back", "sent": "sending"}, {"reviewed": "reviewed", "changed": "changed"}]
        for part, states in enumerate(parts):
            values = {"plan_id": "undoing", "part": part, "states": _json(states)}
            connection.execute(insert(tables.tables["undos"]).values(**values))
    database.close()

    with opened(empty_database_url) as store:
        store.database.migrate()
        undone = store.undone.of("undoing")

        assert taken_back(undone) == {"taken"}
        assert counted_undo(undone) == UndoCounts(taken_back=1, reviewed=1, changed=1)
        assert [batch.rows for batch in undone if batch.state is BatchState.SENDING] == [(("sent", BO),)]
        [rest] = to_take_back(store.batches.of("undoing"), undone, size=10)
        assert rest.rows == (("waits", ANA),)


COLUMNS = {"message_ts": "1.1", "reply_ts": "1.2", "answered": True, "version": 2, "finished_at": _instant(0)}


@pytest.mark.parametrize(
    ("columns", "surfaces"),
    [
        (
            {"plan_file": "attached", "result_file": "The channel is archived.", "alerted": None},
            {
                Surface.MESSAGE: Shown("1.1", drawn_at=NOW),
                Surface.REPLY: Shown("1.2", drawn_at=NOW),
                Surface.PLAN_FILE: Shown(drawn="2", drawn_at=NOW),
                Surface.RESULT_FILE: Shown(drawn=str(NOW), drawn_at=NOW, problem="The channel is archived."),
                Surface.NOTE: Shown(drawn="as it was drawn before", drawn_at=NOW),
                Surface.ALERT: Shown(drawn="as it was drawn before", drawn_at=NOW),
            },
        ),
        (
            {"reply_ts": None, "alerted": False},
            {
                Surface.MESSAGE: Shown("1.1", drawn_at=NOW),
                Surface.NOTE: Shown(drawn="as it was drawn before", drawn_at=NOW + timedelta(minutes=2)),
            },
        ),
        ({"message_ts": None, "reply_ts": None, "answered": False, "alerted": None}, {}),
    ],
    ids=["assigned", "owed a direct message", "not shown yet"],
)
def test_what_slack_shows_is_carried_over(
    empty_database_url: str, columns: dict[str, Any], surfaces: dict[Surface, Shown]
) -> None:
    database, tables = Database(empty_database_url), MetaData()
    with database.write() as connection:
        migrate(connection, to="0006")
        tables.reflect(connection)
        known = tables.tables["plans"].columns.keys()
        plan = _plan("done", 0) | {"left_out": _json([]), "without_room": 0} | COLUMNS | columns
        values = {name: value for name, value in plan.items() if name in known}
        connection.execute(insert(tables.tables["plans"]).values(**values))
    database.close()

    with opened(empty_database_url) as store:
        store.database.migrate()

        assert store.surfaces.of("done") == surfaces
