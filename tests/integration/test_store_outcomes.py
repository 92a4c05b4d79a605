"""A COMMIT whose answer is lost is neither taken for done nor for not done: what is stored tells."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.plan import PlanState, Progress
from bot.errors import OutcomeUnknownError
from tests.integration.stored import EXPIRES, NOW, Store, new_plan

S = PlanState
EARLIER = NOW - timedelta(hours=1)
DECISIONS: dict[str, tuple[PlanState, Callable[[Store], bool], str]] = {
    "approve": (S.PROPOSED, lambda store: store.plans.approve("plan", edition=1, who="U0ADA", now=NOW), "checking"),
    "cancel": (S.PROPOSED, lambda store: store.plans.cancel("plan", edition=1, who="U0ADA", now=NOW), "cancelled"),
    "stop": (S.RUNNING, lambda store: store.plans.stop("plan", edition=1, who="U0ADA", now=NOW), "stop asked"),
    "retry": (S.PARTIAL, lambda store: store.plans.retry("plan", edition=1, who="U0ADA", now=NOW), "checking"),
    "undo": (
        S.DONE,
        lambda store: store.plans.begin_undo("plan", edition=1, who="U0ADA", now=NOW, finished_after=EARLIER),
        "undoing",
    ),
}
every_decision = pytest.mark.parametrize("name", DECISIONS)


@contextmanager
def unanswered_commits(store: Store, *, carried_out: bool, times: int = 1) -> Iterator[list[bool]]:
    """The connection breaks at the next COMMITs, after they were carried out or before; the list tells of each."""
    dialect: Any = store.database.engine.dialect
    commit = dialect.do_commit
    broken: list[bool] = []

    def broken_commit(connection: Any) -> None:
        if len(broken) == times:
            commit(connection)
            return
        broken.append(carried_out)
        if carried_out:
            commit(connection)
        raise dialect.loaded_dbapi.OperationalError("the connection was closed")

    dialect.do_commit = broken_commit
    yield broken
    dialect.do_commit = commit


def decided(store: Store, after: str) -> int:
    """How often the decision stands in the audit trail."""
    return sum(event["to_state"] == after and event["who"] == "U0ADA" for event in store.events())


@every_decision
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_decision_is_carried_out_once_and_known_to_be(store: Store, name: str, carried_out: bool) -> None:
    state, act, after = DECISIONS[name]
    store.add(state=state, finished_at=NOW)

    with unanswered_commits(store, carried_out=carried_out) as broken:
        known = act(store)

    assert broken == [carried_out]
    assert (known, decided(store, after)) == (True, 1)


@every_decision
def test_a_decision_that_came_too_late_is_known_to_have(store: Store, name: str) -> None:
    """Its own transaction changed nothing, whatever is heard of it; another one's success is not taken for its own."""
    state, act, after = DECISIONS[name]
    store.add(state=state, finished_at=NOW)
    assert act(store)

    with unanswered_commits(store, carried_out=True):
        known = act(store)

    assert (known, decided(store, after)) == (False, 1)


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_plan_is_added_once(store: Store, carried_out: bool) -> None:
    with unanswered_commits(store, carried_out=carried_out):
        stored = store.plans.add(new_plan(), who="U0ADA")

    assert stored == store.get()
    assert len(store.everything()["plans"]) == 1


def test_while_the_database_is_away_nobody_is_told_that_nothing_was_changed(store: Store) -> None:
    store.add(state=S.PROPOSED)

    with unanswered_commits(store, carried_out=False, times=99), pytest.raises(OutcomeUnknownError) as failed:
        store.plans.approve("plan", edition=1, who="U0ADA", now=NOW)

    assert "not known whether this was done" in str(failed.value)
    assert store.get().state is S.PROPOSED


@pytest.mark.parametrize("carried_out", [True, False])
def test_what_cannot_be_learned_is_said_to_be_unknown(store: Store, carried_out: bool) -> None:
    """A worker's own steps are not looked for: they begin again from what is stored."""
    store.add(state=S.READING, expires_at=EXPIRES)
    lease = store.claim()

    with unanswered_commits(store, carried_out=carried_out), pytest.raises(OutcomeUnknownError) as failed:
        store.plans.record_progress(lease, Progress(pages=3))

    assert "not known whether this was done" in str(failed.value)
    assert store.get().progress == (Progress(pages=3) if carried_out else Progress())
