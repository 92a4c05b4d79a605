"""One run of an undo: what is sent is stored before, and only what was seen unassigned counts as taken back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.model import PlanState
from bot.domain.undo import Unassignment, UndoCounts, UndoState
from bot.domain.writing import (
    MAX_TRIES,
    Acknowledged,
    RateLimited,
    Refused,
    TooLarge,
    Unknown,
    Unreachable,
    WriteResult,
)
from bot.errors import BraintrustRejectedError, BraintrustUnavailableError
from bot.services.taking_back import FRESH_SECONDS, NO_FORM, NOT_SEEN, VISIBLE_SECONDS, WRITE_SECONDS, TakingBack
from bot.settings import WorkSettings
from tests.unit.builders import a_plan, a_row
from tests.unit.fakes import FakeAnnouncer, FakeBraintrust, FakePlans, FakeUndos, FakeWork

PAIRS = {f"row-{index}": f"r{index % 2 + 1}" for index in range(6)}
KNOWN = "array_delete"  # the form, where a test is not about finding it


class World:
    """One run with everything it talks to: six rows, written and untouched."""

    def __init__(
        self,
        *,
        form: str | None = KNOWN,
        size: int = 10,
        known: Mapping[str, UndoState] | None = None,
    ) -> None:
        self.plan = a_plan(PlanState.UNDOING, unassignment=form)
        self.plans = FakePlans(self.plan)
        self.undos = FakeUndos()
        self.undos.states = dict(known or {})
        self.braintrust = FakeBraintrust(*(a_row(row_id, who) for row_id, who in PAIRS.items()))
        self.work = FakeWork()
        self.announcer = FakeAnnouncer()
        self.run = TakingBack(
            self.plan,
            PAIRS,
            self.undos.of(self.plan.id),
            work=self.work,
            plans=self.plans,
            undos=self.undos,
            braintrust=self.braintrust,
            announcer=self.announcer,
            settings=WorkSettings(batch_size=size),
            monotonic=self.work.monotonic,
        )

    def change(self, row_id: str, **changes: Any) -> None:
        """Somebody does something with a row."""
        self.braintrust.rows[row_id] = replace(self.braintrust.rows[row_id], **changes)

    @property
    def sent(self) -> list[tuple[str, ...]]:
        """The rows of each request."""
        return [rows for rows, _ in self.braintrust.unassigned]

    @property
    def assigned(self) -> set[str]:
        return {row.id for row in self.braintrust.rows.values() if row.assigned}


def test_untouched_rows_are_taken_back_part_by_part() -> None:
    world = World(size=4)

    assert world.run.carry_out() is None
    assert world.run.counts == UndoCounts(taken_back=6)
    assert world.sent == [("row-0", "row-1", "row-2", "row-3"), ("row-4", "row-5")]
    assert world.assigned == set()


def test_touched_rows_are_kept_and_never_sent() -> None:
    world = World()
    world.change("row-0", status="COMPLETE")
    world.change("row-1", assignees=("stranger",))
    world.change("row-2", assignees=("r1", "stranger"))
    del world.braintrust.rows["row-3"]

    assert world.run.carry_out() is None
    assert world.run.counts == UndoCounts(taken_back=2, reviewed=1, changed=3)
    assert world.sent == [("row-4", "row-5")]


def test_what_is_sent_is_stored_before() -> None:
    world = World()
    stored: list[dict[str, UndoState]] = []
    world.braintrust.on_unassign = lambda: stored.append(dict(world.undos.states))

    world.run.carry_out()

    assert stored == [dict.fromkeys(PAIRS, UndoState.SENDING)]


def test_what_was_taken_back_is_stored_in_the_end() -> None:
    world = World(size=4)

    world.run.carry_out()

    assert world.undos.states == dict.fromkeys(PAIRS, UndoState.TAKEN_BACK)
    assert [progress.rows for progress in world.announcer.progress][-1] == 6


@pytest.mark.parametrize("works", Unassignment)
def test_forms_are_tried_on_one_row_until_one_is_seen_to_work(works: Unassignment) -> None:
    world = World(form=None)
    world.braintrust.takes = frozenset({works})

    assert world.run.carry_out() is None
    tried = list(Unassignment)[: list(Unassignment).index(works) + 1]
    assert world.braintrust.unassigned == [
        *((("row-0",), form) for form in tried),
        (("row-1", "row-2", "row-3", "row-4", "row-5"), works),
    ]
    assert world.undos.form is works
    assert world.run.counts == UndoCounts(taken_back=6)


def test_a_form_that_is_refused_does_not_keep_another_one_from_being_tried() -> None:
    world = World(form=None)
    world.braintrust.answers = [Refused("I do not know _array_delete (400).")]

    assert world.run.carry_out() is None
    assert [form for _, form in world.braintrust.unassigned] == [
        Unassignment.ARRAY_DELETE,
        Unassignment.EMPTY_LIST,
        Unassignment.EMPTY_LIST,
    ]
    assert world.run.counts == UndoCounts(taken_back=6)


def test_where_no_form_works_nothing_is_lost() -> None:
    world = World(form=None)
    world.braintrust.takes = frozenset()

    assert world.run.carry_out() == NO_FORM
    assert world.run.counts == UndoCounts()
    assert world.sent == [("row-0",)] * len(Unassignment)
    assert world.assigned == PAIRS.keys()


def test_a_form_that_is_known_is_not_looked_for() -> None:
    world = World(form="null")

    world.run.carry_out()

    assert [form for _, form in world.braintrust.unassigned] == [Unassignment.NULL]


def test_no_form_is_looked_for_where_nothing_can_be_taken_back() -> None:
    world = World(form=None)
    for row_id in PAIRS:
        world.change(row_id, status="COMPLETE")

    assert world.run.carry_out() is None
    assert world.sent == []
    assert world.run.counts == UndoCounts(reviewed=6)


@pytest.mark.parametrize("answer", [Unknown("a time-out"), Unreachable("no connection"), RateLimited(7.0)])
def test_without_an_acknowledgement_it_is_waited_and_looked_before_anything_is_sent_again(answer: WriteResult) -> None:
    world = World()
    world.braintrust.answers = [answer]

    assert world.run.carry_out() is None
    assert world.sent == [tuple(PAIRS)] * 2
    assert world.work.pauses == [7.0 if answer == RateLimited(7.0) else 60.0]
    assert world.run.counts == UndoCounts(taken_back=6)


@pytest.mark.parametrize("asked", [0.0, 300.0, None])
def test_a_rate_limit_that_lets_nothing_through_ends_the_undo(asked: float | None) -> None:
    world = World()
    world.braintrust.answers = [RateLimited(asked)] * 10_000

    with pytest.raises(BraintrustUnavailableError, match="let nothing through for an hour"):
        world.run.carry_out()

    assert min(world.work.pauses) >= 1
    assert 3_000 < sum(world.work.pauses) <= 3_600


def test_a_request_that_had_an_effect_without_an_answer_is_not_repeated() -> None:
    world = World()

    def applied_and_then_reset() -> None:
        for row_id in PAIRS:
            world.change(row_id, assignees=())

    world.braintrust.on_unassign = applied_and_then_reset
    world.braintrust.answers = [Unknown("a reset")]

    assert world.run.carry_out() is None
    assert world.sent == [tuple(PAIRS)]
    assert world.run.counts == UndoCounts(taken_back=6)


def test_what_an_earlier_process_sent_is_waited_for_before_it_is_sent_again() -> None:
    """It may land for as long as a request that was given up; then nothing of it may be on its way any more."""
    world = World(size=2, known={"row-2": UndoState.SENDING, "row-3": UndoState.SENDING})
    pause = world.work.pause

    def landed(seconds: float) -> None:
        pause(seconds)
        world.change("row-2", assignees=())

    world.work.pause = landed  # type: ignore[method-assign]

    assert world.run.carry_out() is None
    assert world.work.pauses == [60.0]
    assert world.sent == [("row-0", "row-1"), ("row-3",), ("row-4", "row-5")]
    assert world.run.counts == UndoCounts(taken_back=6)


def test_nobody_waits_for_what_an_earlier_process_sent_once_it_is_seen() -> None:
    world = World(known={"row-2": UndoState.SENDING})
    world.change("row-2", assignees=())

    assert world.run.carry_out() is None
    assert world.work.pauses == []
    assert world.run.counts == UndoCounts(taken_back=6)


def test_an_acknowledged_change_may_take_a_while_to_be_visible() -> None:
    world = World()
    world.braintrust.takes = frozenset()

    def visible_later() -> None:
        pause = world.work.pause

        def paused(seconds: float) -> None:
            pause(seconds)
            if world.work.monotonic() > 10:
                for row_id in PAIRS:
                    world.change(row_id, assignees=())

        world.work.pause = paused  # type: ignore[method-assign]

    world.braintrust.on_unassign = visible_later

    assert world.run.carry_out() is None
    assert world.sent == [tuple(PAIRS)]
    assert 10 < world.work.monotonic() < VISIBLE_SECONDS


def test_what_is_never_seen_ends_the_undo_and_is_not_counted() -> None:
    world = World()
    world.braintrust.takes = frozenset()

    assert world.run.carry_out() == NOT_SEEN
    assert world.run.counts == UndoCounts()


def test_a_refusal_ends_the_undo_with_its_reason() -> None:
    world = World(size=4)
    world.braintrust.answers = [Acknowledged(), Refused("The key may not write (403).")]

    with pytest.raises(BraintrustRejectedError, match="The key may not write"):
        world.run.carry_out()

    assert world.run.counts == UndoCounts(taken_back=4)
    assert world.undos.states["row-5"] is UndoState.SENDING


def test_what_was_known_before_stays_known_whatever_ends_the_undo() -> None:
    """Also of the parts that it did not come to: nobody asks for their rows twice."""
    world = World(size=2, known={"row-4": UndoState.TAKEN_BACK, "row-5": UndoState.REVIEWED})
    world.braintrust.answers = [Refused("The key may not write (403).")]

    with pytest.raises(BraintrustRejectedError):
        world.run.carry_out()

    assert world.undos.states["row-4"] is UndoState.TAKEN_BACK
    assert world.undos.states["row-5"] is UndoState.REVIEWED


def test_rows_are_looked_at_again_where_the_last_look_is_too_old_to_write_on() -> None:
    """Braintrust asks to wait; somebody finishes a row in the meantime."""
    world = World()
    world.braintrust.answers = [RateLimited(FRESH_SECONDS + 1)]
    world.braintrust.on_unassign = lambda: world.change("row-0", status="COMPLETE") if len(world.sent) == 1 else None

    assert world.run.carry_out() is None
    assert world.sent == [tuple(PAIRS), tuple(PAIRS)[1:]]
    assert world.run.counts == UndoCounts(taken_back=5, reviewed=1)


def test_too_many_bytes_are_sent_in_halves() -> None:
    world = World()
    world.braintrust.answers = [TooLarge()]

    assert world.run.carry_out() is None
    assert world.sent == [tuple(PAIRS), ("row-0", "row-1", "row-2"), ("row-3", "row-4", "row-5")]
    assert world.run.counts == UndoCounts(taken_back=6)


def test_the_second_half_waits_until_the_first_is_known_to_be_taken_back() -> None:
    world = World()
    world.braintrust.answers = [TooLarge(), Unknown("a reset")]

    assert world.run.carry_out() is None
    assert world.sent == [tuple(PAIRS), ("row-0", "row-1", "row-2"), tuple(PAIRS)]


def test_a_single_row_that_is_too_large_is_given_up() -> None:
    world = World(size=1)
    world.braintrust.answers = [TooLarge()] * MAX_TRIES

    assert world.run.carry_out() == NOT_SEEN
    assert world.sent == [("row-0",)] * MAX_TRIES


def test_a_half_that_fails_is_looked_at_before_the_rest_is_sent() -> None:
    world = World()
    world.braintrust.answers = [TooLarge(), Acknowledged(), Unknown("a reset")]

    assert world.run.carry_out() is None
    assert world.sent[1:] == [("row-0", "row-1", "row-2"), ("row-3", "row-4", "row-5"), ("row-3", "row-4", "row-5")]
    assert world.run.counts == UndoCounts(taken_back=6)


def test_nothing_is_sent_on_a_lease_that_is_nearly_over() -> None:
    world = World()
    world.work.left = WRITE_SECONDS - 1

    world.run.carry_out()

    assert world.work.pauses[0] == 1.0
    assert world.run.counts == UndoCounts(taken_back=6)


def test_rows_that_somebody_begins_with_while_they_are_taken_back_stay_theirs() -> None:
    """The first request is lost; meanwhile one row is reviewed and one goes to somebody else."""
    world = World()
    world.braintrust.answers = [Unknown("a reset")]

    def begun() -> None:
        if len(world.sent) == 1:
            world.change("row-0", status="COMPLETE")
            world.change("row-1", assignees=("stranger",))

    world.braintrust.on_unassign = begun

    assert world.run.carry_out() is None
    assert world.run.counts == UndoCounts(taken_back=4, reviewed=1, changed=1)
    assert world.sent[1] == ("row-2", "row-3", "row-4", "row-5")


ANSWERS = st.lists(
    st.sampled_from([Acknowledged(), Unknown("reset"), Unreachable("none"), RateLimited(1.0), TooLarge()]), max_size=8
)
TOUCHES = st.dictionaries(
    st.sampled_from(sorted(PAIRS)),
    st.sampled_from([{"status": "COMPLETE"}, {"assignees": ("stranger",)}, {"assignees": ()}]),
)


@given(ANSWERS, TOUCHES, st.integers(1, 6))
def test_whatever_happens_every_row_is_accounted_for_once_and_only_untouched_ones_are_sent(
    answers: list[WriteResult], touches: dict[str, dict[str, Any]], size: int
) -> None:
    world = World(size=size)
    for row_id, touch in touches.items():
        world.change(row_id, **touch)
    world.braintrust.answers = list(answers)

    reason = world.run.carry_out()

    counts = world.run.counts
    settled = counts.taken_back + counts.reviewed + counts.changed
    assert not {row_id for rows in world.sent for row_id in rows} & touches.keys()
    assert counts.taken_back == len(PAIRS.keys() - touches.keys() - world.assigned)
    assert settled <= len(PAIRS)
    assert (reason is not None) or settled == len(PAIRS)
