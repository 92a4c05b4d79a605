"""The journal: the log hears each change of a plan, once the database has it, and only then."""

import logging
from datetime import timedelta

import pytest

from bot.domain.plan import PlanState
from bot.errors import LeaseLostError
from tests.integration.stored import EXPIRES, NOW, PROPOSAL, REVISION, Store
from tests.integration.test_store_outcomes import unanswered_commits

S = PlanState


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "bot.adapters.store.journal")
    return caplog


def events(heard: pytest.LogCaptureFixture) -> list[tuple[str, ...]]:
    """What the log heard: the event, the plan, its state, and by whom."""
    return [
        (record.getMessage(), *(str(vars(record)[name]) for name in ("plan", "state", "by")))
        for record in heard.records
    ]


def test_the_whole_way_of_a_plan_is_heard(store: Store, heard: pytest.LogCaptureFixture) -> None:
    store.proposed()
    store.plans.approve("plan", edition=store.get("plan").edition, who="U0ADA", now=NOW)
    lease = store.claim()
    store.plans.propose_again(lease, REVISION, expires_at=EXPIRES, now=NOW)
    store.plans.approve("plan", edition=store.get("plan").edition, who="U0ADA", now=NOW)
    store.plans.begin_running(lease, now=NOW)
    store.plans.stop("plan", edition=store.get("plan").edition, who="U0BEN", now=NOW)
    store.plans.begin_reporting(lease, reason=None, now=NOW)
    store.plans.finish(lease, state=S.STOPPED, counts={"assigned": 2, "dropped": 0, "missing": 1}, now=NOW)
    store.plans.retry("plan", edition=store.get("plan").edition, who="U0CHLOE", now=NOW)
    store.plans.begin_running(lease, now=NOW)
    store.plans.begin_reporting(lease, reason=None, now=NOW)
    store.plans.finish(lease, state=S.DONE, counts={"assigned": 3, "dropped": 0, "missing": 0}, now=NOW)
    store.plans.begin_undo(
        "plan", edition=store.get("plan").edition, who="U0ADA", now=NOW, finished_after=NOW - timedelta(hours=1)
    )
    store.plans.end_undo(lease, state=S.UNDONE, reason=None, counts={"taken_back": 3}, now=NOW)

    assert events(heard) == [
        ("a plan was asked for", "plan", "reading", "UASKER"),
        ("a plan was proposed", "plan", "proposed", "bot"),
        ("a plan was approved", "plan", "checking", "U0ADA"),
        ("a plan was proposed again", "plan", "proposed", "bot"),
        ("a plan was approved", "plan", "checking", "U0ADA"),
        ("a plan is written", "plan", "running", "bot"),
        ("a plan was stopped", "plan", "stop asked", "U0BEN"),
        ("a plan was written", "plan", "reporting", "bot"),
        ("a plan was assigned", "plan", "stopped", "bot"),
        ("a plan was retried", "plan", "checking", "U0CHLOE"),
        ("a plan is written", "plan", "running", "bot"),
        ("a plan was written", "plan", "reporting", "bot"),
        ("a plan was assigned", "plan", "done", "bot"),
        ("a plan is taken back", "plan", "undoing", "U0ADA"),
        ("a plan was taken back", "plan", "undone", "bot"),
    ]
    assert vars(heard.records[12])["assigned"] == 3
    assert {record.levelno for record in heard.records} == {logging.INFO}


def test_other_ends_are_heard(store: Store, heard: pytest.LogCaptureFixture) -> None:
    store.proposed("first")
    store.proposed("second")
    store.plans.cancel("second", edition=store.get("second").edition, who="U0ADA", now=NOW)
    store.proposed("third")
    store.plans.expire(now=EXPIRES)

    ends = [event for event in events(heard) if event[0] not in ("a plan was asked for", "a plan was proposed")]
    assert ends == [
        ("a plan was replaced", "first", "superseded", "UASKER"),
        ("a plan was cancelled", "second", "cancelled", "U0ADA"),
        ("a plan expired", "third", "expired", "bot"),
    ]


@pytest.mark.parametrize("state", [S.READING, S.REPORTING])
def test_a_failure_is_heard_with_its_reason_but_without_an_address(
    store: Store, heard: pytest.LogCaptureFixture, state: PlanState
) -> None:
    reason = "Braintrust knows neither ana@acme.test nor <mailto:o'brien@acme.test|her>."
    store.add(state=state, reason=reason)
    lease = store.claim()

    if state is S.READING:
        store.plans.end_reading(lease, state=S.FAILED, reason=reason, now=NOW)
    else:
        store.plans.finish(lease, state=S.FAILED, counts={"assigned": 0}, now=NOW)

    failure = heard.records[-1]
    assert (failure.getMessage(), failure.levelno) == ("a plan failed", logging.WARNING)
    assert vars(failure)["reason"] == "Braintrust knows neither … nor <mailto:…|her>."


def test_what_is_not_carried_out_is_not_heard(store: Store, heard: pytest.LogCaptureFixture) -> None:
    store.add(state=S.READING)
    old = store.claim()
    store.change(fence=old.fence + 1)
    heard.clear()

    with pytest.raises(LeaseLostError):
        store.plans.propose(old, PROPOSAL, state=S.PROPOSED, now=NOW)
    store.plans.approve("plan", edition=store.get("plan").edition, who="U0ADA", now=NOW)

    assert events(heard) == []


@pytest.mark.parametrize(
    ("carried_out", "times"), [(True, 1), (False, 1)], ids=["carried out", "carried out at the second time"]
)
def test_a_decision_whose_answer_is_lost_is_heard_when_it_is_known(
    store: Store, heard: pytest.LogCaptureFixture, carried_out: bool, times: int
) -> None:
    store.add(state=S.PROPOSED)
    heard.clear()

    with unanswered_commits(store, carried_out=carried_out, times=times):
        store.plans.approve("plan", edition=1, who="U0ADA", now=NOW)

    assert [event for event, *_ in events(heard)] == [
        "a plan was approved, unless the database lost it",
        "a plan was approved",
    ]
    assert [record.levelno for record in heard.records] == [logging.WARNING, logging.INFO]
