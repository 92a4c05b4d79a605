"""An undo on a real store: what is sent is stored before, and only what was seen unassigned counts as taken back."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.notice import NoticeCount
from bot.domain.plan import UNDOABLE, Batch, BatchState, Plan, PlanState, Reviewer, Share
from bot.domain.row_changes import Unassignment
from bot.domain.undo import UndoCounts, counted_undo
from bot.domain.writing import MAX_TRIES, Outcome, WriteResult
from bot.errors import BraintrustUnavailableError
from bot.services.step import StepContext
from bot.services.writing.ledger import FRESH_SECONDS
from bot.services.writing.undo import NO_FORM, NOT_SEEN, UndoSteps
from bot.settings import WorkSettings
from tests.integration.stored import NOW, Store, opened
from tests.integration.world import SETTLE_SECONDS, FakeWork, Progressing, Time
from tests.unit.builders import a_row
from tests.unit.fakes import FakeBraintrust

PAIRS = tuple((f"row-{index}", f"r{index % 2 + 1}") for index in range(6))
IDS = tuple(row_id for row_id, _ in PAIRS)
SHARES = (Share(Reviewer("r1", "Ana", "U0ANA"), 3), Share(Reviewer("r2", "Ben", "U0BEN"), 3))
FIRST, REST = IDS[:1], IDS[1:]
"""The row on which a form is tried, and the others."""
ACKNOWLEDGED, TOO_LARGE = WriteResult(Outcome.ACKNOWLEDGED), WriteResult(Outcome.TOO_LARGE)
LOST = WriteResult(Outcome.UNKNOWN, "a reset")
UNREACHABLE = WriteResult(Outcome.UNREACHABLE, "no connection")
FORBIDDEN = WriteResult(Outcome.REFUSED, "The key may not write (403).")


def limited(seconds: float | None) -> WriteResult:
    return WriteResult(Outcome.RATE_LIMITED, retry_after_seconds=seconds)


class World:
    """Six rows, written and untouched, of a plan that rests; and all that it takes to take them back."""

    def __init__(self, store: Store, *, size: int = 10, hours: int = 24, parallel: int = 1) -> None:
        self.store = store
        self.time = Time()
        self.braintrust = FakeBraintrust(*(a_row(row_id, who) for row_id, who in PAIRS))
        self.braintrust.monotonic = self.time.monotonic
        self.announcer = Progressing()
        self.pauses: list[float] = []
        work = WorkSettings(batch_size=size, parallel_requests=parallel, settle_seconds=SETTLE_SECONDS)
        context = StepContext(self.braintrust, self.announcer, work, self.time.now, store.books, self.time.monotonic)
        self.undoing = UndoSteps(context, hours=hours)
        store.proposed()
        lease = store.claim()
        for batch in store.batches.of("plan"):
            store.batches.save(lease, [replace(batch, state=BatchState.FAILED)])
        store.batches.add(lease, [Batch(1, PAIRS, state=BatchState.CONFIRMED)])
        store.leases.release(lease, wake_in_seconds=None)
        store.change(state="done", finished_at=NOW)

    def begin(self) -> bool:
        return self.undoing.begin(self.plan.id, edition=self.plan.edition, who="U0BOSS", now=self.time.now())

    def undo(self, *, left: float = 30.0, before_round: Callable[[int], None] = lambda _: None) -> Plan:
        """Begin, unless that happened, and carry it out; the plan as it rests."""
        if self.plan.state is not PlanState.UNDOING:
            assert self.begin()
        self.store.change(lease_until=None, wake_at=None)
        work = FakeWork(self.store.claim(), self.time, left=left, pauses=self.pauses, before_round=before_round)
        self.undoing.take_back(work, self.plan)
        return self.plan

    def change(self, row_id: str, **changes: Any) -> None:
        """Somebody does something with a row."""
        self.braintrust.rows[row_id] = replace(self.braintrust.rows[row_id], **changes)

    def known(self, *batches: Batch) -> None:
        """An earlier process began the undo, and came so far."""
        assert self.begin()
        lease = self.store.claim()
        self.store.undone.add(lease, batches)
        self.store.leases.release(lease, wake_in_seconds=None)

    @property
    def plan(self) -> Plan:
        return self.store.get()

    @property
    def waits(self) -> bool:
        """Whether people see now that the undo waits."""
        return bool(self.announcer.shown and self.announcer.shown[-1].progress.waiting)

    @property
    def counts(self) -> UndoCounts:
        return counted_undo(self.store.undone.of("plan"))

    @property
    def sent(self) -> list[tuple[str, ...]]:
        """The rows of each request."""
        return [rows for rows, _ in self.braintrust.unassigned]

    @property
    def assigned(self) -> set[str]:
        return {row.id for row in self.braintrust.rows.values() if row.assigned}


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Store]:
    with opened(sqlite_url) as store:
        yield store


@pytest.fixture
def world(sqlite: Store) -> World:
    return World(sqlite)


# ---- the steps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", PlanState)
def test_only_an_assignment_that_came_to_rest_can_be_taken_back(world: World, state: PlanState) -> None:
    plan = replace(world.plan, state=state)

    assert world.undoing.is_possible(plan) == (state in UNDOABLE)


@pytest.mark.parametrize(
    ("ago", "hours", "possible"),
    [
        (timedelta(0), 24, True),
        (timedelta(hours=24, seconds=-60), 24, True),
        (timedelta(hours=24), 24, False),
        (timedelta(0), 0, False),
        (None, 24, False),
    ],
)
def test_an_assignment_can_be_taken_back_for_some_hours(
    sqlite: Store, ago: timedelta | None, hours: int, possible: bool
) -> None:
    world = World(sqlite, hours=hours)
    sqlite.change(finished_at=None if ago is None else NOW - ago)

    assert world.undoing.is_possible(world.plan) == possible
    assert world.begin() == possible
    assert world.undoing.hours == hours


def test_the_second_who_begins_is_too_late(world: World) -> None:
    plan = world.plan

    assert [
        world.undoing.begin(plan.id, edition=plan.edition, who=who, now=world.time.now()) for who in ("U0ASK", "U0BOSS")
    ] == [True, False]


def test_an_undo_ends_undone_with_its_counts_in_the_audit_trail(world: World) -> None:
    world.change("row-1", status="COMPLETE")

    plan = world.undo()

    assert (plan.state, plan.reason) == (PlanState.UNDONE, None)
    assert world.store.events()[-1]["counts"] == {"taken back": 5, "reviewed": 1, "changed": 0}


def test_what_was_taken_back_is_what_the_reviewers_are_to_be_told(world: World) -> None:
    world.store.change(shares=[[s.reviewer.id, s.reviewer.name, 3, {"slack_id": s.reviewer.slack_id}] for s in SHARES])
    world.change("row-1", status="COMPLETE")
    lease = world.store.claim()
    world.store.notices.arrange(lease, [NoticeCount("r1", "U0ANA", 3), NoticeCount("r2", "U0BEN", 3)])
    world.store.leases.release(lease, wake_in_seconds=None)

    world.undo()

    told = world.store.everything()["notices"]
    assert [(row["slack_user"], row["rows"], row["taken_back"]) for row in told] == [("U0ANA", 3, 3), ("U0BEN", 3, 2)]


def test_a_preview_reads_and_changes_nothing(world: World) -> None:
    world.change("row-0", status="COMPLETE")
    del world.braintrust.rows["row-1"]

    assert world.undoing.preview(world.plan) == UndoCounts(taken_back=4, reviewed=1, changed=1)
    assert (world.sent, world.store.undone.of("plan"), world.plan.state) == ([], (), PlanState.DONE)


def test_a_preview_does_not_count_again_what_was_taken_back_before(world: World) -> None:
    world.known(Batch(1, (("row-0", "r1"),), state=BatchState.CONFIRMED))
    world.change("row-0", assignees=())

    assert world.undoing.preview(world.plan) == UndoCounts(taken_back=5)


def test_an_undo_waits_for_another_plan_of_the_project(world: World) -> None:
    assert world.begin()
    world.store.add("other", PlanState.RUNNING)

    plan = world.undo()

    assert plan.state is PlanState.UNDOING
    assert [shown.progress.waiting for shown in world.announcer.shown] == [
        "Another plan of this project is written first."
    ]
    assert world.braintrust.queries == []


def test_where_braintrust_cannot_be_read_the_plan_is_what_it_was_and_says_why(world: World) -> None:
    world.braintrust.refusals["id IN"] = BraintrustUnavailableError("Braintrust does not answer.")

    plan = world.undo()

    assert (plan.state, plan.reason) == (PlanState.DONE, "Braintrust does not answer.")


def test_an_undo_of_a_stopped_assignment_is_not_stopped(world: World) -> None:
    world.store.change(state="stopped", stopped_by="U0BOSS")

    assert world.undo().state is PlanState.UNDONE
    assert world.assigned == set()


# ---- the run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parallel", [1, 4])
def test_untouched_rows_are_taken_back_batch_by_batch(sqlite: Store, parallel: int) -> None:
    world = World(sqlite, size=3, parallel=parallel)

    world.undo()

    assert world.counts == UndoCounts(taken_back=6)
    assert sorted(world.sent) == [("row-0",), ("row-1", "row-2"), ("row-3", "row-4", "row-5")]
    assert world.assigned == set()
    assert [shown.progress.rows for shown in world.announcer.shown][-1] == 6


def test_an_undo_takes_few_queries(world: World) -> None:
    """One for all rows, one that sees the row on which the form was tried, and one that sees the others."""
    world.undo()

    assert (len(world.braintrust.queries), len(world.sent)) == (3, 2)


def test_touched_rows_are_kept_and_never_sent(world: World) -> None:
    world.change("row-0", status="COMPLETE")
    world.change("row-1", assignees=("stranger",))
    world.change("row-2", assignees=("r1", "stranger"))
    del world.braintrust.rows["row-3"]

    world.undo()

    assert world.counts == UndoCounts(taken_back=2, reviewed=1, changed=3)
    assert world.sent == [("row-4",), ("row-5",)]


def test_what_is_sent_is_stored_before(world: World) -> None:
    stored: list[set[str]] = []

    def note() -> None:
        sending = [batch for batch in world.store.undone.of("plan") if batch.state is BatchState.SENDING]
        stored.append({row_id for batch in sending for row_id, _ in batch.kept})

    world.braintrust.on_unassign = note

    world.undo()

    assert stored == [set(FIRST), set(REST)]


@pytest.mark.parametrize("works", Unassignment)
def test_forms_are_tried_on_one_row_until_one_is_seen_to_work(world: World, works: Unassignment) -> None:
    world.braintrust.takes = frozenset({works})

    world.undo()

    tried = list(Unassignment)[: list(Unassignment).index(works) + 1]
    assert world.braintrust.unassigned == [*((FIRST, form) for form in tried), (REST, works)]
    assert world.counts == UndoCounts(taken_back=6)


def test_rows_that_are_kept_do_not_hold_up_the_search_for_a_form(world: World) -> None:
    """They are in the same batch as the row on which it is tried, and no part of the trial."""
    world.braintrust.takes = frozenset({Unassignment.NULL})
    world.change("row-2", status="COMPLETE")

    world.undo()

    assert world.sent == [FIRST, FIRST, FIRST, ("row-1", "row-3", "row-4", "row-5")]
    assert world.counts == UndoCounts(taken_back=5, reviewed=1)


def test_a_form_that_is_refused_does_not_keep_another_one_from_being_tried(world: World) -> None:
    world.braintrust.answers = [WriteResult(Outcome.REFUSED, "I do not know _array_delete (400).")]

    assert world.undo().state is PlanState.UNDONE
    assert [form for _, form in world.braintrust.unassigned] == [
        Unassignment.ARRAY_DELETE,
        Unassignment.EMPTY_LIST,
        Unassignment.EMPTY_LIST,
    ]


def test_where_every_form_is_refused_the_reason_is_told(world: World) -> None:
    world.braintrust.answers = [FORBIDDEN] * 3

    plan = world.undo()

    assert (plan.state, plan.reason) == (PlanState.DONE, "The key may not write (403).")
    assert world.sent == [FIRST] * 3


def test_where_no_form_works_nothing_is_lost(world: World) -> None:
    world.braintrust.takes = frozenset()

    plan = world.undo()

    assert (plan.state, plan.reason) == (PlanState.DONE, NO_FORM)
    assert world.counts == UndoCounts()
    assert world.sent == [FIRST] * len(Unassignment)
    assert world.assigned == set(IDS)


def test_no_form_is_looked_for_where_nothing_can_be_taken_back(world: World) -> None:
    for row_id in IDS:
        world.change(row_id, status="COMPLETE")

    assert world.undo().state is PlanState.UNDONE
    assert (world.sent, world.counts) == ([], UndoCounts(reviewed=6))
    assert len(world.braintrust.queries) == 1


def test_a_row_that_changes_under_our_hands_tells_nothing_about_a_form(world: World) -> None:
    world.braintrust.answers = [LOST]

    def finished() -> None:
        if len(world.sent) == 1:
            world.change("row-0", status="COMPLETE")

    world.braintrust.on_unassign = finished

    world.undo()

    assert world.sent == [FIRST, ("row-1",), ("row-2", "row-3", "row-4", "row-5")]
    assert world.counts == UndoCounts(taken_back=5, reviewed=1)


@pytest.mark.parametrize("answer", [LOST, UNREACHABLE, limited(7.0)])
def test_without_an_acknowledgement_it_is_waited_before_anything_is_sent_again(
    world: World, answer: WriteResult
) -> None:
    world.braintrust.answers = [ACKNOWLEDGED, answer]
    began = world.time.monotonic()

    world.undo()

    least = {Outcome.UNKNOWN: SETTLE_SECONDS, Outcome.UNREACHABLE: 1, Outcome.RATE_LIMITED: 7}[answer.outcome]
    assert world.sent == [FIRST, REST, REST]
    assert least <= world.time.monotonic() - began < least + 20
    assert world.counts == UndoCounts(taken_back=6)


@pytest.mark.parametrize("asked", [0.0, 300.0, None])
def test_a_rate_limit_that_lets_nothing_through_ends_the_undo(world: World, asked: float | None) -> None:
    world.braintrust.answers = [limited(asked)] * 10_000

    plan = world.undo(before_round=lambda _: world.time.jump(20) if world.waits else None)

    assert plan.state is PlanState.DONE
    assert "let nothing through for an hour" in (plan.reason or "")
    assert len(world.sent) < 200


def test_a_request_that_had_an_effect_without_an_answer_is_not_repeated(world: World) -> None:
    def applied() -> None:
        for row_id in world.sent[-1]:
            world.change(row_id, assignees=())

    world.braintrust.on_unassign = applied
    world.braintrust.answers = [ACKNOWLEDGED, LOST]

    world.undo()

    assert world.sent == [FIRST, REST]
    assert world.counts == UndoCounts(taken_back=6)


def test_what_an_earlier_process_sent_is_waited_for_before_it_is_sent_again(world: World) -> None:
    """It may land for as long as a request that was given up."""
    sent = Batch(1, (("row-2", "r1"), ("row-3", "r2")), state=BatchState.SENDING, attempts=1, attempt_began_at=NOW)
    world.known(sent)
    began = world.time.monotonic()

    world.undo()

    assert world.time.monotonic() - began >= SETTLE_SECONDS
    assert world.sent == [FIRST, ("row-2", "row-3"), ("row-1", "row-4", "row-5")]
    assert world.counts == UndoCounts(taken_back=6)


def test_nobody_waits_for_what_an_earlier_process_sent_once_it_is_seen(world: World) -> None:
    world.known(Batch(1, (("row-2", "r1"),), state=BatchState.SENDING, attempts=1, attempt_began_at=NOW))
    world.change("row-2", assignees=())

    world.undo()

    assert world.pauses == []
    assert world.counts == UndoCounts(taken_back=6)


@pytest.mark.parametrize("state", [BatchState.SENDING, BatchState.UNKNOWN, BatchState.WRITTEN])
def test_what_an_earlier_process_sent_is_looked_at_all_at_once(world: World, state: BatchState) -> None:
    """A row that was taken back before tells nothing about a form: no other one is tried alone for that."""
    sent = Batch(1, PAIRS[:3], state=state, attempts=1, attempt_began_at=NOW)
    world.known(sent, replace(sent, seq=2, rows=PAIRS[3:]))
    for row_id in IDS:
        world.change(row_id, assignees=())

    world.undo()

    assert (len(world.braintrust.queries), world.sent, world.pauses) == (1, [], [])
    assert world.counts == UndoCounts(taken_back=6)


def test_an_undo_goes_on_where_only_what_was_on_its_way_is_left(world: World) -> None:
    """Which form the process of before had found, it did not say: it is found again."""
    pairs = PAIRS[1:]
    world.known(
        Batch(1, PAIRS[:1], state=BatchState.CONFIRMED, attempts=1),
        Batch(2, pairs, state=BatchState.SENDING, attempts=1, attempt_began_at=NOW),
    )
    world.change("row-0", assignees=())

    assert world.undo().state is PlanState.UNDONE
    assert world.counts == UndoCounts(taken_back=6)
    assert sorted(row_id for rows in world.sent for row_id in rows) == sorted(REST)


def test_an_acknowledged_change_may_take_a_while_to_be_visible(world: World) -> None:
    began = world.time.monotonic()

    hide(world, seconds=10.0)

    world.undo()

    assert world.sent == [FIRST, REST]
    assert 10 < world.time.monotonic() - began < 60
    assert world.counts == UndoCounts(taken_back=6)


def hide(world: World, *, seconds: float) -> None:
    """Let what is sent become visible only after so long."""
    page, since = world.braintrust.page, dict.fromkeys(IDS, 0.0)

    def note() -> None:
        for row_id in world.sent[-1]:
            since[row_id] = world.time.monotonic()

    def paged(query: str, **options: Any) -> Any:
        found = page(query, **options)
        now = world.time.monotonic()
        owners = dict(PAIRS)
        rows = [
            replace(row, assignees=(owners[row.id],)) if not row.assigned and now - since[row.id] < seconds else row
            for row in found.rows
        ]
        return replace(found, rows=tuple(rows))

    world.braintrust.on_unassign = note
    world.braintrust.page = paged  # type: ignore[method-assign]


def test_what_is_never_seen_ends_the_undo_and_is_not_counted(world: World) -> None:
    def only_the_first() -> None:
        world.braintrust.takes = frozenset(Unassignment) if len(world.sent) == 1 else frozenset()

    world.braintrust.on_unassign = only_the_first

    plan = world.undo()

    assert (plan.state, plan.reason) == (PlanState.DONE, NOT_SEEN)
    assert world.counts == UndoCounts(taken_back=1)
    assert world.sent == [FIRST, REST]


def test_a_second_undo_takes_back_what_the_first_one_left(world: World) -> None:
    world.braintrust.answers = [ACKNOWLEDGED, FORBIDDEN]

    first = world.undo()
    second = world.undo()

    assert (first.state, first.reason) == (PlanState.DONE, "The key may not write (403).")
    assert second.state is PlanState.UNDONE
    assert world.counts == UndoCounts(taken_back=6)
    assert world.assigned == set()


def test_rows_are_looked_at_again_where_the_last_look_is_too_old_to_write_on(world: World) -> None:
    """Braintrust asks to wait; somebody finishes a row in the meantime."""
    world.braintrust.answers = [ACKNOWLEDGED, limited(FRESH_SECONDS + 1)]
    world.braintrust.on_unassign = lambda: world.change("row-1", status="COMPLETE") if len(world.sent) == 2 else None

    world.undo()

    assert world.sent == [FIRST, REST, REST[1:]]
    assert world.counts == UndoCounts(taken_back=5, reviewed=1)


def test_too_many_bytes_are_sent_in_halves(world: World) -> None:
    world.braintrust.answers = [ACKNOWLEDGED, TOO_LARGE]

    world.undo()

    assert world.sent == [FIRST, REST, ("row-1", "row-2"), ("row-3", "row-4", "row-5")]
    assert world.counts == UndoCounts(taken_back=6)


def test_a_single_row_that_is_too_large_is_given_up_with_its_reason(sqlite: Store) -> None:
    world = World(sqlite, size=1)
    world.braintrust.answers = [TOO_LARGE] * MAX_TRIES

    plan = world.undo()

    assert (plan.state, plan.reason) == (PlanState.DONE, "Braintrust finds a single row too large (413).")
    assert world.sent == [FIRST]


def test_rows_that_somebody_begins_with_while_they_are_taken_back_stay_theirs(world: World) -> None:
    """The request is lost; meanwhile one row is reviewed and one goes to somebody else."""
    world.braintrust.answers = [ACKNOWLEDGED, LOST]

    def begun() -> None:
        if len(world.sent) == 2:
            world.change("row-1", status="COMPLETE")
            world.change("row-2", assignees=("stranger",))

    world.braintrust.on_unassign = begun

    world.undo()

    assert world.counts == UndoCounts(taken_back=4, reviewed=1, changed=1)
    assert world.sent == [FIRST, REST, ("row-3", "row-4", "row-5")]


def test_what_another_plan_wrote_later_is_neither_promised_nor_taken_back(world: World) -> None:
    """Both plans gave the row to the same person, so the row itself does not tell."""
    world.store.add("later", PlanState.DONE)
    lease = world.store.claim("later")
    written = Batch(1, (("row-2", "r1"),), state=BatchState.CONFIRMED, attempt_began_at=NOW + timedelta(hours=1))
    world.store.batches.add(lease, [written])
    lease = world.store.claim()
    [ours] = [batch for batch in world.store.batches.of("plan") if batch.rows == PAIRS]
    world.store.batches.save(lease, [replace(ours, attempt_began_at=NOW)])
    world.store.leases.release(lease, wake_in_seconds=None)

    preview = world.undoing.preview(world.plan)
    world.undo()

    assert preview == world.counts == UndoCounts(taken_back=5, changed=1)
    assert world.assigned == {"row-2"}


ANSWERS = st.lists(st.sampled_from([ACKNOWLEDGED, LOST, UNREACHABLE, limited(1.0), TOO_LARGE]), max_size=8)
TOUCHES = st.dictionaries(
    st.sampled_from(IDS),
    st.sampled_from([{"status": "COMPLETE"}, {"assignees": ("stranger",)}, {"assignees": ()}]),
)


@settings(max_examples=12, deadline=None)
@given(ANSWERS, TOUCHES, st.integers(1, 6))
def test_whatever_happens_every_row_is_accounted_for_once_and_only_untouched_ones_are_sent(
    sqlite_copy: Callable[[], str], answers: list[WriteResult], touches: dict[str, dict[str, Any]], size: int
) -> None:
    with opened(sqlite_copy()) as store:
        world = World(store, size=size)
        for row_id, touch in touches.items():
            world.change(row_id, **touch)
        world.braintrust.answers = list(answers)

        plan = world.undo()

        counts = world.counts
        settled = counts.taken_back + counts.reviewed + counts.changed
        assert not {row_id for rows in world.sent for row_id in rows} & touches.keys()
        assert counts.taken_back == len(set(IDS) - touches.keys() - world.assigned)
        assert (plan.state is PlanState.UNDONE) == (settled == len(PAIRS))
        assert (plan.reason is None) == (plan.state is PlanState.UNDONE)
