"""Plans in a real database: which transitions are let through, and who wins when two people decide at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any, Self

import pytest
from sqlalchemy import event

from bot.domain.plan import NO_PROPOSAL, RESTING, UNDOABLE, Origin, PlanState, Progress
from bot.domain.surfaces import Shown, Surface
from bot.errors import LeaseLostError
from bot.services.ports.work import Lease
from tests.integration.stored import (
    ALL_STATES,
    ANA,
    BATCHES,
    BO,
    EXPIRES,
    NOW,
    PROJECT,
    PROPOSAL,
    REVISION,
    Store,
    new_plan,
    opened,
    together,
)

S = PlanState
COUNTS = {"assigned": 2, "dropped": 1, "missing": 0}
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Transition:
    """One way to change a plan's state; `act` returns whether it did (None where it does not say)."""

    name: str
    act: Callable[[Store, Lease], Any]
    allowed: frozenset[PlanState]
    who: str
    to: str
    notes_from: bool = True

    def __str__(self) -> str:
        return self.name


def _transition(name: str, *allowed: PlanState, to: str, who: str, act: Callable[[Store, Lease], Any]) -> Transition:
    return Transition(name, act, frozenset(allowed), who, to, notes_from=name != "stop")


def _reading_ends(state: PlanState) -> Callable[[Store, Lease], bool]:
    return lambda store, lease: store.plans.end_reading(lease, state=state, reason="why", now=NOW)


TRANSITIONS = (
    _transition(
        "approve",
        S.PROPOSED,
        to="checking",
        who="UADA",
        act=lambda store, _: store.plans.approve("plan", edition=1, who="UADA", now=NOW),
    ),
    _transition(
        "cancel",
        S.READING,
        S.PROPOSED,
        to="cancelled",
        who="UADA",
        act=lambda store, _: store.plans.cancel("plan", edition=1, who="UADA", now=NOW),
    ),
    _transition(
        "stop",
        S.CHECKING,
        S.RUNNING,
        to="stop asked",
        who="UADA",
        act=lambda store, _: store.plans.stop("plan", edition=1, who="UADA", now=NOW),
    ),
    _transition(
        "expire", S.PROPOSED, to="expired", who="bot", act=lambda store, _: bool(store.plans.expire(now=EXPIRES))
    ),
    _transition(
        "propose",
        S.READING,
        to="proposed",
        who="bot",
        act=lambda store, lease: store.plans.propose(lease, PROPOSAL, state=S.PROPOSED, now=NOW),
    ),
    _transition(
        "show",
        S.READING,
        to="shown",
        who="bot",
        act=lambda store, lease: store.plans.propose(lease, PROPOSAL, state=S.SHOWN, now=NOW),
    ),
    _transition("find nothing", S.READING, to="empty", who="bot", act=_reading_ends(S.EMPTY)),
    _transition("fail", S.READING, to="failed", who="bot", act=_reading_ends(S.FAILED)),
    _transition(
        "begin_running",
        S.CHECKING,
        to="running",
        who="bot",
        act=lambda store, lease: store.plans.begin_running(lease, now=NOW),
    ),
    _transition(
        "begin_reporting",
        S.RUNNING,
        to="reporting",
        who="bot",
        act=lambda store, lease: store.plans.begin_reporting(lease, reason="why", now=NOW),
    ),
    _transition(
        "propose again",
        S.CHECKING,
        to="proposed",
        who="bot",
        act=lambda store, lease: store.plans.propose_again(lease, REVISION, expires_at=EXPIRES, now=NOW),
    ),
    _transition(
        "retry",
        S.PARTIAL,
        S.STOPPED,
        to="checking",
        who="UADA",
        act=lambda store, _: store.plans.retry("plan", edition=1, who="UADA", now=NOW),
    ),
    _transition(
        "begin_undo",
        S.DONE,
        S.PARTIAL,
        S.STOPPED,
        to="undoing",
        who="UADA",
        act=lambda store, _: store.plans.begin_undo(
            "plan", edition=1, who="UADA", now=NOW, finished_after=NOW - INSTANT
        ),
    ),
    _transition(
        "end_undo",
        S.UNDOING,
        to="undone",
        who="bot",
        act=lambda store, lease: store.plans.end_undo(lease, state=S.UNDONE, reason=None, counts=COUNTS, now=NOW),
    ),
    _transition(
        "finish",
        S.REPORTING,
        to="done",
        who="bot",
        act=lambda store, lease: store.plans.finish(lease, state=S.DONE, counts=COUNTS, now=NOW),
    ),
)
TABLE = [
    pytest.param(transition, state, id=f"{transition}-{state}") for transition in TRANSITIONS for state in ALL_STATES
]


@pytest.mark.parametrize(("transition", "state"), TABLE)
def test_a_transition_passes_from_its_own_states_only(store: Store, transition: Transition, state: PlanState) -> None:
    """One guarded UPDATE with one line in `events`, or nothing at all."""
    store.add(state=state, finished_at=NOW)
    lease = store.claim()
    before = store.everything()
    steps = store.steps()

    result = transition.act(store, lease)

    if state in transition.allowed:
        came_from = state.value if transition.notes_from else None
        assert result in (True, None)
        assert store.steps() == [*steps, (transition.who, came_from, transition.to)]
        assert store.get().state == (transition.to if transition.notes_from else state)
        assert store.get().revision == 2
    else:
        assert not result
        assert store.everything() == before


def test_a_plan_comes_back_as_it_was_stored(store: Store) -> None:
    plan = new_plan(
        tag="it's 100% \u201cready\u201d 🦜", limit=10, channel=None, origin=Origin.TERMINAL, requested_by=None
    )

    store.plans.add(plan, who="terminal")

    assert store.plans.get("plan") == plan
    assert store.steps() == [("terminal", None, "reading")]


def test_what_was_read_is_stored_whole(store: Store) -> None:
    plan = store.proposed()

    assert plan == replace(
        new_plan(),
        state=S.PROPOSED,
        revision=2,
        expires_at=EXPIRES,
        counts=PROPOSAL.counts,
        shares=PROPOSAL.shares,
        left_out=PROPOSAL.left_out,
        notes=PROPOSAL.notes,
        without_room=PROPOSAL.without_room,
    )
    assert store.batches.of("plan") == BATCHES
    read = {"matched": 5, "assigned": 1, "finished": 1, "unassigned": 3, "unaddressable": 0}
    assert store.events()[-1]["counts"] == read


def test_the_statuses_that_were_read_stand_in_the_audit_trail_one_by_one(store: Store) -> None:
    """Every count there is a number: `history` and the log say them as such."""
    store.add()
    counts = replace(PROPOSAL.counts, statuses=(("APPROVED", 2), ("ON HOLD", 1)))

    store.plans.propose(store.claim(), replace(PROPOSAL, counts=counts), state=S.PROPOSED, now=NOW)

    noted = store.events()[-1]["counts"]
    assert noted["status APPROVED"] == 2
    assert noted["status ON HOLD"] == 1
    assert {type(count) for count in noted.values()} == {int}
    assert store.get().counts == counts


def test_the_reason_of_a_failed_reading_is_kept(store: Store) -> None:
    store.add()

    store.plans.end_reading(store.claim(), state=S.FAILED, reason="The key is wrong.", now=NOW)

    assert (store.get().reason, store.get().shares) == ("The key is wrong.", NO_PROPOSAL.shares)


def test_what_a_decision_leaves_behind(store: Store) -> None:
    store.proposed()

    store.plans.approve("plan", edition=1, who="UADA", now=NOW)

    plan = store.get()
    assert (plan.state, plan.decided_by, plan.decided_at) == (S.CHECKING, "UADA", NOW)


def test_what_a_stop_leaves_behind(store: Store) -> None:
    """Stopping is a wish, not a state; whoever asked first is named, and asking again changes nothing."""
    store.add(state=S.RUNNING)

    first = store.plans.stop("plan", edition=1, who="UADA", now=NOW)
    second = store.plans.stop("plan", edition=1, who="UBEN", now=NOW)

    assert (first, second) == (True, False)
    assert (store.get().state, store.get().stopped_by) == (S.RUNNING, "UADA")
    assert store.steps()[1:] == [("UADA", None, "stop asked")]


@pytest.mark.parametrize("before", sorted(UNDOABLE))
def test_what_an_undo_leaves_behind(store: Store, before: PlanState) -> None:
    """Who asked for it, and where the plan comes back to when it ends early."""
    store.add(state=before, finished_at=NOW)

    store.plans.begin_undo("plan", edition=1, who="UADA", now=NOW, finished_after=NOW - INSTANT)

    assert (store.get().undone_by, store.get().undone_from) == ("UADA", before)


@pytest.mark.parametrize(
    ("ended", "began"), [(NOW - INSTANT, False), (NOW, False), (NOW + INSTANT, True), (None, False)]
)
def test_an_undo_begins_only_while_the_end_is_recent(store: Store, ended: datetime | None, began: bool) -> None:
    store.add(state=S.DONE, finished_at=ended)

    assert store.plans.begin_undo("plan", edition=1, who="UADA", now=NOW, finished_after=NOW) is began
    assert store.get().state is (S.UNDOING if began else S.DONE)


def test_what_the_end_of_an_assignment_leaves_behind(store: Store) -> None:
    store.add(state=S.REPORTING)

    store.plans.finish(store.claim(), state=S.PARTIAL, counts=COUNTS, now=NOW)

    assert store.get().state is S.PARTIAL
    assert store.column("writing_project") is None
    assert store.events()[-1]["counts"] == COUNTS


def test_an_unknown_plan_is_decided_by_nobody(store: Store) -> None:
    before = store.everything()

    results = [
        store.plans.approve("gone", edition=1, who="UADA", now=NOW),
        store.plans.cancel("gone", edition=1, who="UADA", now=NOW),
        store.plans.stop("gone", edition=1, who="UADA", now=NOW),
    ]

    assert results == [False, False, False]
    assert store.plans.get("gone") is None
    assert store.everything() == before


@pytest.mark.parametrize("clicked", [0, 1, 3])
def test_only_the_edition_that_is_shown_can_be_approved(store: Store, clicked: int) -> None:
    store.add(state=S.PROPOSED, edition=2)

    approved = store.plans.approve("plan", edition=clicked, who="UADA", now=NOW)

    assert not approved
    assert store.steps()[1:] == []


@pytest.mark.parametrize("moment", [EXPIRES - INSTANT, EXPIRES, EXPIRES + INSTANT])
def test_at_every_instant_a_plan_can_be_approved_or_expires_never_both(store: Store, moment: datetime) -> None:
    """Expiry is the exact complement of approval."""
    store.add("approved", S.PROPOSED)
    store.add("expired", S.PROPOSED)

    approved = store.plans.approve("approved", edition=1, who="UADA", now=moment)
    store.plans.cancel("approved", edition=1, who="UADA", now=moment)  # so that only the other one can expire
    expired = store.plans.expire(now=moment)

    assert (approved, expired) == ((True, 0) if moment < EXPIRES else (False, 1))


def test_the_instant_counts_not_the_zone_it_is_written_in(store: Store) -> None:
    store.add(state=S.PROPOSED)
    tokyo = timezone(timedelta(hours=9))

    too_late = store.plans.approve("plan", edition=1, who="UADA", now=EXPIRES.astimezone(tokyo))
    in_time = store.plans.approve("plan", edition=1, who="UADA", now=(EXPIRES - INSTANT).astimezone(tokyo))

    assert (too_late, in_time) == (False, True)


def test_every_overdue_plan_expires_and_no_other(store: Store) -> None:
    for number in range(3):
        store.add(f"old-{number}", S.PROPOSED)
    store.add("fresh", S.PROPOSED, expires_at=EXPIRES + timedelta(hours=1))
    store.add("decided", S.CHECKING)

    assert store.plans.expire(now=EXPIRES) == 3
    assert [store.get(name).state for name in ("old-0", "old-1", "old-2", "fresh", "decided")] == [
        *[S.EXPIRED] * 3,
        S.PROPOSED,
        S.CHECKING,
    ]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 5, 18, 9, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 3, 29, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-11, minutes=-30))),
    ],
)
def test_times_come_back_as_the_same_instant_in_utc(store: Store, moment: datetime) -> None:
    store.plans.add(new_plan(created_at=moment), who="UASKER")

    plan = store.get()

    assert plan.created_at == moment
    assert plan.created_at.tzinfo is UTC
    assert (plan.window.start, plan.window.end) == (moment - timedelta(days=7), moment)


# ---- superseding -----------------------------------------------------------------------------------------------------


def test_a_new_question_supersedes_the_readings_of_its_queue_and_tag(store: Store) -> None:
    store.add("proposed", S.PROPOSED)
    store.add("tag", tag="other")
    store.add("queue", queue="other")
    store.add("dry", dry_run=True)
    store.add("same")

    store.plans.add(new_plan("newer"), who="UBEN")

    states = {name: store.get(name).state.value for name in ("same", "tag", "queue", "dry", "proposed", "newer")}
    assert states == {
        "same": "superseded",
        "tag": "reading",
        "queue": "reading",
        "dry": "reading",
        "proposed": "proposed",  # it can be approved until the newer one is there
        "newer": "reading",
    }
    assert store.get("same").superseded_by == "newer"
    assert store.steps("same")[1:] == [("UBEN", "reading", "superseded")]


def test_a_proposal_supersedes_the_proposed_plan_of_its_queue_and_tag(store: Store) -> None:
    store.add("same", S.PROPOSED)
    store.add("tag", S.PROPOSED, tag="other")
    store.add("queue", S.PROPOSED, queue="other")
    store.add("running", S.RUNNING)
    store.add("shown", S.SHOWN, dry_run=True)
    store.add("newer", requested_by="UBEN")

    store.plans.propose(store.claim("newer"), PROPOSAL, state=S.PROPOSED, now=NOW)

    states = {name: store.get(name).state.value for name in ("same", "tag", "queue", "running", "shown", "newer")}
    assert states == {
        "same": "superseded",
        "tag": "proposed",
        "queue": "proposed",
        "running": "running",
        "shown": "shown",
        "newer": "proposed",
    }
    assert store.get("same").superseded_by == "newer"
    assert store.steps("same")[1:] == [("UBEN", "proposed", "superseded")]


def test_a_dry_run_supersedes_nothing(store: Store) -> None:
    store.add("proposed", S.PROPOSED)
    store.add("reading")

    store.plans.add(new_plan("dry", dry_run=True), who="UBEN")
    store.plans.propose(store.claim("dry"), PROPOSAL, state=S.SHOWN, now=NOW)

    assert [store.get(name).state for name in ("reading", "proposed", "dry")] == [S.READING, S.PROPOSED, S.SHOWN]


@pytest.mark.postgresql
def test_of_two_proposals_at_once_one_supersedes_the_other(postgresql_url: str) -> None:
    """A queue has one live plan, also when two readings end at the same moment."""
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        store.plans.add(new_plan("first"), who="UADA")
        store.plans.add(new_plan("second"), who="UBEN")
        store.change("first", state=S.READING.value, superseded_by=None)  # as when both were asked for at once
        first, second = store.claim("first"), store.claim("second")

        with interrupted_before(store, "INSERT INTO batches") as interrupted:
            interrupted.by(lambda: rival.plans.propose(second, PROPOSAL, state=S.PROPOSED, now=NOW))
            store.plans.propose(first, PROPOSAL, state=S.PROPOSED, now=NOW)

        assert sorted([store.get("first").state.value, store.get("second").state.value]) == ["proposed", "superseded"]


# ---- one plan of a project writes at a time --------------------------------------------------------------------------


def test_one_plan_of_a_project_is_written_at_a_time(store: Store) -> None:
    store.add("first", S.CHECKING)
    store.add("second", S.CHECKING)
    store.add("elsewhere", S.CHECKING, project_id="another")

    began = [store.plans.begin_running(store.claim(name), now=NOW) for name in ("first", "second", "elsewhere")]

    assert began == [True, False, True]
    assert store.get("second").state is S.CHECKING
    assert len(store.steps("second")) == 1


@pytest.mark.parametrize("after", sorted(RESTING - {S.SHOWN, S.EMPTY, S.CANCELLED, S.EXPIRED, S.SUPERSEDED}))
def test_the_next_plan_of_a_project_begins_when_the_one_before_is_reported(store: Store, after: PlanState) -> None:
    store.add("first", S.CHECKING)
    store.add("second", S.CHECKING)
    first, second = store.claim("first"), store.claim("second")
    store.plans.begin_running(first, now=NOW)
    store.plans.begin_reporting(first, reason=None, now=NOW)
    before = store.plans.begin_running(second, now=NOW)

    store.plans.finish(first, state=after, counts=COUNTS, now=NOW)

    assert (before, store.plans.begin_running(second, now=NOW)) == (False, True)


@pytest.mark.postgresql
def test_of_two_plans_that_begin_at_once_one_is_told_to_wait(postgresql_url: str) -> None:
    """The unique index decides, and its refusal is an answer, not a fault of the database."""
    with opened(postgresql_url) as store, opened(postgresql_url) as rival:
        store.add("first", S.CHECKING)
        store.add("second", S.CHECKING)
        first, second = store.claim("first"), store.claim("second")

        with interrupted_before(store, "UPDATE plans") as interrupted:
            interrupted.by(lambda: rival.plans.begin_running(second, now=NOW))
            began = store.plans.begin_running(first, now=NOW)

        assert sorted([began, *interrupted.results]) == [False, True]
        assert sorted([store.get("first").state, store.get("second").state]) == [S.CHECKING, S.RUNNING]


def test_plans_that_begin_at_once_are_never_two(store: Store, rival: Store) -> None:
    """The losers may come again; what counts is that no two write."""
    for name in ("first", "second"):
        store.add(name, S.CHECKING)
    first, second = store.claim("first"), store.claim("second")

    results = together(lambda: _begun(store, first), lambda: _begun(rival, second), lambda: _begun(store, first))

    running = [name for name in ("first", "second") if store.get(name).state is S.RUNNING]
    assert len(running) == 1
    assert sum(results) >= 1
    assert store.column("writing_project", running[0]) == PROJECT


def _begun(store: Store, lease: Lease) -> bool:
    return store.plans.begin_running(lease, now=NOW)


# ---- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("newer", "older", "is_replaced"),
    [
        ("C0ONE", "C0TWO", True),
        ("C0ONE", "D0ANA", True),
        ("D0ANA", "C0ONE", False),
        ("D0ANA", "D0BEN", False),
        ("D0ANA", "D0ANA", True),
        (None, "C0ONE", True),
    ],
)
@pytest.mark.parametrize("state", [S.READING, S.PROPOSED])
def test_a_plan_in_direct_messages_replaces_none_that_others_see(
    store: Store, state: PlanState, newer: str | None, older: str, is_replaced: bool
) -> None:
    store.add("older", state, channel=older)

    if state is S.READING:
        store.add("newer", channel=newer)
    else:
        store.proposed("newer", channel=newer)

    assert (store.get("older").state is S.SUPERSEDED) == is_replaced


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "made_before", "expires_in", "is_due"),
    [
        (S.PROPOSED, 23 * HOUR, HOUR, True),
        (S.PROPOSED, HOUR, HOUR, True),
        (S.PROPOSED, HOUR - INSTANT, HOUR, False),
        (S.PROPOSED, 23 * HOUR, HOUR + INSTANT, False),
        (S.PROPOSED, 23 * HOUR, -INSTANT, False),
        (S.CHECKING, 23 * HOUR, HOUR, False),
        (S.CANCELLED, 23 * HOUR, HOUR, False),
    ],
)
def test_a_reminder_is_asked_for_once_and_drawn_at_once(
    store: Store, state: PlanState, made_before: timedelta, expires_in: timedelta, is_due: bool
) -> None:
    store.add(state=state, created_at=NOW - made_before, expires_at=NOW + expires_in, drawn=1, draw_at=9e9)

    asked = [store.surfaces.remind(now=NOW) for _ in range(2)]

    assert asked == [int(is_due), 0]
    assert (store.get().revision, store.column("draw_at")) == ((2, None) if is_due else (1, 9e9))
    assert (Surface.REMINDER in store.surfaces.of("plan")) == is_due


def test_what_slack_shows_is_remembered(store: Store) -> None:
    store.add("older", S.SUPERSEDED, superseded_by="plan")
    store.add(state=S.PROPOSED)
    lease = store.claim()

    message, again = Shown("1.1", "a", NOW), Shown("1.7", "b", NOW, tries=3, retry_at=EXPIRES)
    note, file = Shown(drawn="c", drawn_at=NOW), Shown(drawn="1", drawn_at=NOW, problem="no room")
    store.surfaces.record(lease, Surface.MESSAGE, message)
    store.surfaces.link(lease, "https://slack.example.com/1")
    store.surfaces.record(lease, Surface.MESSAGE, again)
    store.surfaces.record(lease, Surface.NOTE, note)
    store.surfaces.record(lease, Surface.RESULT_FILE, file)
    store.surfaces.drawn(lease, 1)

    plan = store.get()
    assert store.surfaces.of("plan") == {Surface.MESSAGE: again, Surface.NOTE: note, Surface.RESULT_FILE: file}
    assert store.surfaces.of("older") == {}
    assert (plan.message_ts, plan.message_url, plan.drawn) == ("1.1", "https://slack.example.com/1", 1)
    assert plan.request.response_url is None  # a capability, and not needed any more
    assert plan.revision == 1  # what is shown is no news
    assert store.get("older").revision == 2  # it can link to the newer one now


def test_progress_is_recorded_and_the_plan_handed_back(store: Store) -> None:
    store.add()
    lease = store.claim()

    store.plans.record_progress(lease, Progress(2, 1500, "waiting"))
    again = store.plans.record_progress(lease, Progress(3, 2500))

    assert again.state is S.READING
    assert store.get().progress == Progress(3, 2500)
    assert store.get().revision == 1


@pytest.mark.parametrize("state", ALL_STATES)
def test_only_old_plans_at_rest_are_forgotten_with_all_that_belongs_to_them(store: Store, state: PlanState) -> None:
    store.proposed()
    store.change(state=state.value)

    too_young = store.plans.forget(before=NOW)
    forgotten = store.plans.forget(before=NOW + INSTANT)

    assert (too_young, forgotten) == (0, int(state in RESTING))
    left = {name: len(rows) for name, rows in store.everything().items()}
    stored = {"plans": 1, "batches": 2, "events": 2, "reasons": 1}
    expected = dict.fromkeys(stored, 0) if state in RESTING else stored
    assert {name: left[name] for name in expected} == expected


def test_what_people_got_too_much_is_carried_over_from_the_approved_plans_of_the_queue(store: Store) -> None:
    """Half a row each way for every plan; what came to nothing, was undone, or is another tag's does not count."""
    for plan_id, tag in (("one", "needs-review"), ("two", "needs-review"), ("other", "other")):
        store.proposed(plan_id, tag=tag)
        store.plans.approve(plan_id, edition=1, who="UADA", now=NOW)
        store.change(plan_id, state=PlanState.DONE.value)
    store.proposed("undone")
    store.plans.approve("undone", edition=1, who="UADA", now=NOW)
    store.change("undone", state=PlanState.UNDONE.value)
    store.proposed("cancelled")
    store.plans.cancel("cancelled", edition=1, who="UADA", now=NOW)

    found = store.plans.balances("default", "needs-review")

    assert found == {ANA.id: Fraction(1), BO.id: Fraction(-1)}
    assert store.plans.balances("default", "other") == {ANA.id: Fraction(1, 2), BO.id: Fraction(-1, 2)}
    assert store.plans.balances("default", "never asked for") == {}


def test_what_is_carried_over_outlives_the_plans_it_comes_from(store: Store) -> None:
    for plan_id in ("one", "two"):
        store.proposed(plan_id)
        store.plans.approve(plan_id, edition=1, who="UADA", now=NOW)
        store.change(plan_id, state=PlanState.DONE.value)
        store.plans.forget(before=NOW + INSTANT)

    assert store.plans.get("two") is None
    assert store.plans.balances("default", "needs-review") == {ANA.id: Fraction(1), BO.id: Fraction(-1)}


def test_why_a_row_is_whose_is_kept_with_its_plan(store: Store) -> None:
    store.proposed("one")

    assert store.plans.reasons("one") == {"row-3": "your turn for the remainder"}
    assert store.plans.reasons("never made") == {}


def test_what_somebody_began_and_did_not_end_is_found(store: Store) -> None:
    store.add("later", S.RUNNING, decided_by="terminal", created_at=NOW + INSTANT)
    store.add("earlier", S.CHECKING, decided_by="terminal")
    store.add("taken back", S.UNDOING, decided_by="UADA", undone_by="terminal", created_at=NOW + 2 * INSTANT)
    store.add("done", S.DONE, decided_by="terminal")
    store.add("undone by ada", S.UNDOING, decided_by="terminal", undone_by="UADA")
    store.add("approved by ada", S.REPORTING, project_id="another", decided_by="UADA")

    assert [plan.id for plan in store.plans.unfinished("terminal")] == ["earlier", "later", "taken back"]


LEASED: dict[str, Callable[[Store, Lease], Any]] = {
    "record_progress": lambda store, lease: store.plans.record_progress(lease, Progress(1)),
    "propose": lambda store, lease: store.plans.propose(lease, PROPOSAL, state=S.PROPOSED, now=NOW),
    "end_reading": lambda store, lease: store.plans.end_reading(lease, state=S.EMPTY, reason=None, now=NOW),
    "begin_running": lambda store, lease: store.plans.begin_running(lease, now=NOW),
    "begin_reporting": lambda store, lease: store.plans.begin_reporting(lease, reason=None, now=NOW),
    "finish": lambda store, lease: store.plans.finish(lease, state=S.DONE, counts=COUNTS, now=NOW),
    "record": lambda store, lease: store.surfaces.record(lease, Surface.REPLY, Shown("1.1")),
    "link": lambda store, lease: store.surfaces.link(lease, "https://slack.example.com/1"),
    "rest": lambda store, lease: store.surfaces.rest(lease, 1.0),
    "drawn": lambda store, lease: store.surfaces.drawn(lease, 1),
    "recover": lambda store, lease: store.batches.recover(lease, now=NOW),
    "save": lambda store, lease: store.batches.save(lease, BATCHES, progress=Progress(1)),
    "save nothing": lambda store, lease: store.batches.save(lease, []),
    "split": lambda store, lease: store.batches.split(lease, (BATCHES[0], BATCHES[1])),
    "propose_again": lambda store, lease: store.plans.propose_again(lease, REVISION, expires_at=EXPIRES, now=NOW),
    "occupy": lambda store, lease: store.plans.occupy(lease),
    "end_undo": lambda store, lease: store.plans.end_undo(lease, state=S.UNDONE, reason=None, counts=COUNTS, now=NOW),
    "add undo": lambda store, lease: store.undone.add(lease, BATCHES),
    "save undo": lambda store, lease: store.undone.save(lease, BATCHES, progress=Progress(1)),
}


FROM = {
    "begin_running": S.CHECKING,
    "begin_reporting": S.RUNNING,
    "finish": S.REPORTING,
    "propose_again": S.CHECKING,
    "end_undo": S.UNDOING,
}


@pytest.mark.parametrize("method", LEASED)
def test_who_lost_the_lease_changes_nothing(store: Store, rival: Store, method: str) -> None:
    """Every method that takes a lease checks the fence first, in the transaction that would change something."""
    store.add(state=FROM.get(method, S.READING))
    stale = store.claim()
    store.change(lease_until=0.0)
    rival.claim()
    before = store.everything()

    with pytest.raises(LeaseLostError):
        LEASED[method](store, stale)

    assert store.everything() == before


@pytest.mark.parametrize("method", LEASED)
def test_who_holds_a_lease_on_a_plan_that_is_gone_is_told_so(store: Store, method: str) -> None:
    with pytest.raises(LeaseLostError):
        LEASED[method](store, Lease("gone", 1))


class interrupted_before:  # noqa: N801 - reads as the act it is
    """Let a rival act just before a store's next statement that begins like this; `results` has what it got.

    The rival gets a moment: it is through by then, or waits for the store's transaction to end.
    """

    def __init__(self, store: Store, statement: str) -> None:
        self.results: list[Any] = []
        self._engine = store.database.engine
        self._statement = statement
        self._act: Callable[[], Any] | None = None
        self._pool = ThreadPoolExecutor(1)
        self._rival: Future[Any] | None = None

    def __enter__(self) -> Self:
        event.listen(self._engine, "before_cursor_execute", self._before)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._before)
        self._pool.shutdown()
        if kind is None:
            assert self._rival is not None, f"no statement began with {self._statement}"
            self.results.append(self._rival.result())

    def by(self, act: Callable[[], Any]) -> None:
        self._act = act

    def _before(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self._act is not None and statement.startswith(self._statement):
            act, self._act = self._act, None
            self._rival = self._pool.submit(act)
            wait([self._rival], timeout=0.5)


@pytest.fixture(autouse=True)
def _no_warnings_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert caplog.records == []
