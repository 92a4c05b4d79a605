"""What may still be written, and what was written, is judged by a reading; no row is lost and none changes hands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import Batch, BatchState, DropReason, Plan, Reviewer, Share
from bot.domain.reading import USUAL_OPEN_STATUSES, LogRow
from bot.domain.report import counted_drops
from bot.domain.row_changes import (
    Assignment,
    Change,
    Withdrawal,
    checked,
    has_drifted,
    read_back,
    recounted,
    revision,
    without_others,
)
from bot.domain.writing import batches as cut
from tests.unit.builders import TAG, a_batch, a_plan, a_row

ASSIGNEES = st.sampled_from([(), ("r1",), ("r2",), ("stranger",), ("r1", "r2")])


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """A batch in any condition, some of its rows dropped before."""
    rows = tuple((f"row-{index}", draw(st.sampled_from(["r1", "r2"]))) for index in range(draw(st.integers(0, 8))))
    gone = draw(st.sets(st.sampled_from([row_id for row_id, _ in rows]))) if rows else set()
    dropped = tuple((row_id, draw(st.sampled_from(DropReason))) for row_id in sorted(gone))
    state, attempts = draw(st.sampled_from(BatchState)), draw(st.integers(0, 5))
    return Batch(draw(st.integers(1, 9)), rows, state=state, dropped=dropped, attempts=attempts)


@st.composite
def readings(draw: st.DrawFn) -> dict[str, LogRow]:
    """What Braintrust may show for the rows of such a batch."""
    ids = draw(st.sets(st.sampled_from([f"row-{index}" for index in range(8)])))
    status = st.sampled_from([None, "PENDING", "COMPLETE"])
    tags = st.sampled_from([(TAG,), (), ("other", TAG), ("other",)])
    return {row_id: LogRow(row_id, draw(ASSIGNEES), draw(status), draw(tags)) for row_id in sorted(ids)}


ONE_ROW = Batch(1, (("row-1", "r1"),), state=BatchState.UNKNOWN)


def as_read(row: LogRow | None) -> dict[str, LogRow]:
    return {} if row is None else {row.id: row}


def objection(change: Change, row: LogRow | None) -> DropReason | None:
    """Why a row for r1 may not be sent."""
    return dict(checked(ONE_ROW, as_read(row), change).dropped).get("row-1")


OTHERS = st.frozensets(st.sampled_from([f"row-{index}" for index in range(8)]))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (None, DropReason.GONE),
        (a_row("row-1"), None),
        (a_row("row-1", status="PENDING"), None),
        (a_row("row-1", "r1"), DropReason.ASSIGNED),
        (a_row("row-1", "r1", status="COMPLETE"), DropReason.ASSIGNED),
        (a_row("row-1", "r2"), DropReason.ASSIGNED),
        (a_row("row-1", "r1", "r2"), DropReason.ASSIGNED),
        (a_row("row-1", status="COMPLETE"), DropReason.FINISHED),
        (a_row("row-1", status="COMPLETE", tags=()), DropReason.FINISHED),
        (a_row("row-1", tags=("another tag",)), DropReason.UNTAGGED),
        (a_row("row-1", tags=()), DropReason.UNTAGGED),
        (a_row("row-1", tags=("another tag", TAG)), None),
    ],
)
def test_a_row_is_judged_by_what_it_says_now(row: LogRow | None, expected: DropReason | None) -> None:
    assert objection(Assignment(TAG), row) is expected


def test_a_row_that_somebody_assigned_to_the_same_person_is_not_ours_to_write() -> None:
    batch = a_batch(1)

    after = checked(batch, {"row-0": a_row("row-0", "r1")}, Assignment(TAG))

    assert after.dropped == (("row-0", DropReason.ASSIGNED),)


def test_a_row_of_another_plan_is_left_alone_even_where_it_looks_free() -> None:
    batch = a_batch(2)
    rows = {"row-0": a_row("row-0"), "row-1": a_row("row-1")}

    after = checked(without_others(batch, {"row-1"}), rows, Assignment(TAG))

    assert after.kept == (("row-0", "r1"),)
    assert after.dropped == (("row-1", DropReason.OTHER_PLAN),)


def test_rows_that_are_free_stay_and_others_go_with_their_reason() -> None:
    batch = a_batch(5)
    rows = {
        "row-0": a_row("row-0"),
        "row-1": a_row("row-1", "stranger"),
        "row-2": a_row("row-2", status="COMPLETE"),
        "row-4": a_row("row-4", tags=()),
    }

    after = checked(batch, rows, Assignment(TAG))

    assert after == replace(
        batch,
        dropped=(
            ("row-1", DropReason.ASSIGNED),
            ("row-2", DropReason.FINISHED),
            ("row-3", DropReason.GONE),
            ("row-4", DropReason.UNTAGGED),
        ),
    )


@given(batches(), readings(), OTHERS)
def test_a_check_accounts_for_every_row_once_and_changes_no_reviewer(
    batch: Batch, rows: dict[str, LogRow], others: frozenset[str]
) -> None:
    after = checked(without_others(batch, others), rows, Assignment(TAG))

    dropped = [row_id for row_id, _ in after.dropped]
    assert after.rows == batch.rows
    assert sorted([*dropped, *(row_id for row_id, _ in after.kept)]) == [row_id for row_id, _ in batch.rows]
    assert after.dropped[: len(batch.dropped)] == batch.dropped
    assert replace(after, dropped=batch.dropped) == batch


@given(batches(), readings(), OTHERS)
def test_only_rows_that_were_seen_free_are_kept(batch: Batch, rows: dict[str, LogRow], others: frozenset[str]) -> None:
    after = checked(without_others(batch, others), rows, Assignment(TAG))

    for row_id, _ in after.kept:
        row = rows[row_id]
        assert (row.assignees, row.is_finished(USUAL_OPEN_STATUSES)) == ((), False)
        assert TAG in row.tags
        assert row_id not in others or batch.state in (BatchState.WRITTEN, BatchState.CONFIRMED)


@pytest.mark.parametrize("state", BatchState)
def test_rows_of_another_plan_leave_a_batch_unless_it_was_written_before(state: BatchState) -> None:
    batch = a_batch(2, state=state)

    is_written = state in (BatchState.WRITTEN, BatchState.CONFIRMED)
    assert without_others(batch, {"row-1"}).dropped == (() if is_written else (("row-1", DropReason.OTHER_PLAN),))


@given(batches(), readings())
def test_reading_back_accounts_for_every_row_once_and_changes_no_reviewer(
    batch: Batch, rows: dict[str, LogRow]
) -> None:
    settled, waiting = read_back(batch, rows, Assignment(TAG))

    parts = [settled] if waiting is None else [settled, waiting]
    assert sorted(pair for part in parts for pair in part.rows) == sorted(batch.rows)
    for part in parts:
        dropped = [row_id for row_id, _ in part.dropped]
        assert len(set(dropped)) == len(dropped)
        assert sorted([*dropped, *(row_id for row_id, _ in part.kept)]) == sorted(row_id for row_id, _ in part.rows)


@given(batches(), readings())
def test_reading_back_believes_what_it_sees_and_nothing_else(batch: Batch, rows: dict[str, LogRow]) -> None:
    settled, waiting = read_back(batch, rows, Assignment(TAG))

    shown = {row_id: rows[row_id].assignees if row_id in rows else () for row_id, _ in batch.kept}
    new = {row_id: reason for row_id, reason in settled.dropped if row_id in shown}
    assert settled.state is BatchState.CONFIRMED
    assert {row_id for row_id, _ in settled.kept} == {row_id for row_id, who in batch.kept if shown[row_id] == (who,)}
    assert set(new.values()) <= {DropReason.ASSIGNED}
    assert (
        {row_id for row_id, _ in waiting.kept}
        if waiting
        else set() == {row_id for row_id in shown if not shown[row_id]}
    )


def test_a_batch_that_is_seen_whole_is_confirmed() -> None:
    batch = a_batch(2, state=BatchState.UNKNOWN, attempts=1)

    result = read_back(batch, {"row-0": a_row("row-0", "r1"), "row-1": a_row("row-1", "r2")}, Assignment(TAG))

    assert result == (replace(batch, state=BatchState.CONFIRMED), None)


def test_a_batch_that_is_not_seen_at_all_waits_whole() -> None:
    batch = a_batch(2, state=BatchState.UNKNOWN, attempts=1)

    settled, waiting = read_back(batch, {"row-0": a_row("row-0")}, Assignment(TAG))

    assert settled.rows == ()
    assert waiting == batch


def test_a_half_seen_batch_comes_apart() -> None:
    batch = a_batch(4, state=BatchState.UNKNOWN, attempts=2, dropped=(("row-3", DropReason.GONE),))
    rows = {"row-0": a_row("row-0", "r1"), "row-1": a_row("row-1", "stranger"), "row-2": a_row("row-2")}

    settled, waiting = read_back(batch, rows, Assignment(TAG))

    assert settled.kept == (("row-0", "r1"),)
    assert settled.dropped == (("row-3", DropReason.GONE), ("row-1", DropReason.ASSIGNED))
    assert waiting == replace(batch, rows=(("row-2", "r1"),), dropped=())


# ---- taking back: only what is exactly as it was written, and nobody has begun with ---------------------------------


@pytest.mark.parametrize(
    ("row", "expected", "effect"),
    [
        (a_row("row-1", "r1"), None, False),
        (a_row("row-1", "r1", status="PENDING"), None, False),
        (a_row("row-1", "r1", status="pending"), None, False),
        (a_row("row-1", "r1", tags=()), None, False),
        (a_row("row-1", "r1", status="COMPLETE"), DropReason.FINISHED, DropReason.FINISHED),
        (a_row("row-1", "r1", status="IN_PROGRESS"), DropReason.FINISHED, DropReason.FINISHED),
        (a_row("row-1", "r2"), DropReason.ASSIGNED, DropReason.ASSIGNED),
        (a_row("row-1", "r1", "r2"), DropReason.ASSIGNED, DropReason.ASSIGNED),
        (a_row("row-1", "r2", status="COMPLETE"), DropReason.ASSIGNED, DropReason.ASSIGNED),
        (a_row("row-1"), DropReason.ASSIGNED, True),
        (a_row("row-1", status="COMPLETE"), DropReason.ASSIGNED, True),
        (None, DropReason.GONE, DropReason.GONE),
    ],
)
def test_a_row_is_taken_back_only_while_it_is_as_it_was_written(
    row: LogRow | None, expected: DropReason | None, effect: bool | DropReason
) -> None:
    """An unassigned row counts as taken back only when that was asked for."""
    assert objection(Withdrawal(), row) is expected
    settled, waiting = read_back(ONE_ROW, as_read(row), Withdrawal())
    shown = False if waiting else dict(settled.dropped).get("row-1", True)
    assert shown is effect


PEOPLE = [Reviewer("r1", "Ana Ruiz"), Reviewer("r2", "Ben Okafor"), Reviewer("r3", "Cem Tan")]


NOBODY: dict[str, DropReason] = {}


REASONS = st.sampled_from([DropReason.REVIEWER, DropReason.AWAY])


LOST = st.dictionaries(st.sampled_from(["r1", "r2", "r3", "stranger"]), REASONS)


def a_plan_of(pairs: Sequence[tuple[str, str]]) -> Plan:
    return a_plan(shares=recounted((Share(person, 0) for person in PEOPLE), pairs))


def drifted(
    batches: Sequence[Batch], changed: Mapping[str, LogRow | None], *, lost: Mapping[str, DropReason]
) -> tuple[Batch, ...]:
    """`batches` after a reading in which some rows had changed (None: gone), and all others were as before."""
    rows = {row_id: a_row(row_id) for batch in batches for row_id, _ in batch.rows} | dict(changed)
    there = {row_id: row for row_id, row in rows.items() if row is not None}
    return tuple(checked(batch, there, Assignment(TAG), lost=lost) for batch in batches)


@st.composite
def plans(draw: st.DrawFn, *, least: int = 0) -> tuple[Plan, tuple[Batch, ...]]:
    """A plan with its batches; some rows may have left them at an earlier check."""
    count = draw(st.integers(least, 30))
    pairs = [(f"row-{index}", draw(st.sampled_from(["r1", "r2", "r3"]))) for index in range(count)]
    batches = cut(pairs, size=draw(st.integers(1, 12)))
    dropped = draw(st.frozensets(st.sampled_from([row_id for row_id, _ in pairs]))) if pairs else frozenset[str]()
    earlier = draw(st.booleans())
    return a_plan_of(pairs), tuple(
        replace(batch, dropped=tuple((row, DropReason.GONE) for row, _ in batch.rows if earlier and row in dropped))
        for batch in batches
    )


@st.composite
def changes(draw: st.DrawFn) -> dict[str, LogRow | None]:
    """What became of some rows; None for those that are gone."""
    ids = draw(st.sets(st.integers(0, 40)))
    assignees = st.sampled_from([(), ("r1",), ("r2",), ("stranger",)])
    status = st.sampled_from([None, "PENDING", "COMPLETE"])
    tags = st.sampled_from([(TAG,), ("other",)])
    found: dict[str, LogRow | None] = {}
    for index in sorted(ids):
        row = LogRow(f"row-{index}", draw(assignees), draw(status), draw(tags))
        found[row.id] = draw(st.sampled_from([row, None]))
    return found


@given(plans(), changes(), LOST)
def test_every_row_is_accounted_for_once(
    planned: tuple[Plan, tuple[Batch, ...]], rows: dict[str, LogRow | None], lost: dict[str, DropReason]
) -> None:
    _, batches = planned

    after = drifted(batches, rows, lost=lost)

    left = [row_id for batch in after for row_id, _ in batch.dropped]
    stayed = [row_id for batch in after for row_id, _ in batch.kept]
    assert sorted([*left, *stayed]) == sorted(row_id for batch in batches for row_id, _ in batch.rows)
    assert sum(count for _, count in counted_drops(after)) == len(left)
    assert [replace(batch, dropped=()) for batch in after] == [replace(batch, dropped=()) for batch in batches]


@given(plans(), changes(), LOST, st.integers(1, 12))
def test_nothing_is_added_and_nobody_gets_a_row_of_somebody_else(
    planned: tuple[Plan, tuple[Batch, ...]], rows: dict[str, LogRow | None], lost: dict[str, DropReason], size: int
) -> None:
    plan, batches = planned
    after = drifted(batches, rows, lost=lost)

    revised = revision(plan, after, lost=lost, batch_size=size)

    before = dict(pair for batch in batches for pair in batch.kept)
    pairs = [pair for batch in revised.batches for pair in batch.rows]
    assert {row_id: before[row_id] for row_id, _ in pairs} == dict(pairs)
    assert len(pairs) == len(dict(pairs))
    assert not lost.keys() & {who for _, who in pairs}


@given(plans(), changes(), LOST, st.integers(1, 12))
def test_the_next_version_says_the_numbers_that_it_has(
    planned: tuple[Plan, tuple[Batch, ...]], rows: dict[str, LogRow | None], lost: dict[str, DropReason], size: int
) -> None:
    plan, batches = planned
    after = drifted(batches, rows, lost=lost)

    revised = revision(plan, after, lost=lost, batch_size=size)

    pairs = [pair for batch in revised.batches for pair in batch.kept]
    assert {share.reviewer.id: share.rows for share in revised.shares if share.rows} == Counter(w for _, w in pairs)
    assert len(pairs) + sum(count for _, count in revised.drift) == plan.planned_rows
    assert [len(batch.rows) for batch in revised.batches[:-1]] == [size] * (len(revised.batches) - 1)


@given(plans(), changes(), LOST)
def test_only_what_changed_leaves(
    planned: tuple[Plan, tuple[Batch, ...]], rows: dict[str, LogRow | None], lost: dict[str, DropReason]
) -> None:
    _, batches = planned

    after = drifted(batches, rows, lost=lost)

    earlier = {row_id for batch in batches for row_id, _ in batch.dropped}
    for batch in after:
        for row_id, who in batch.kept:
            row = rows.get(row_id)
            assert row is None or not (row.assigned or row.is_finished(USUAL_OPEN_STATUSES))
            assert row is not None or row_id not in rows
            assert who not in lost
        for row_id, reason in batch.dropped:
            assert row_id in earlier or row_id in rows or reason in set(lost.values())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (None, DropReason.GONE),
        (a_row("row-0", "stranger"), DropReason.ASSIGNED),
        (a_row("row-0", "r1"), DropReason.ASSIGNED),
        (a_row("row-0", status="COMPLETE"), DropReason.FINISHED),
        (a_row("row-0", tags=("other",)), DropReason.UNTAGGED),
        (a_row("row-0", status="PENDING"), None),
    ],
)
def test_a_changed_row_leaves_with_its_reason(row: LogRow | None, reason: DropReason | None) -> None:
    [batch] = drifted([a_batch(2)], {"row-0": row}, lost=NOBODY)

    assert batch.dropped == ((("row-0", reason),) if reason else ())


def test_the_rows_of_a_reviewer_who_left_leave_whatever_else_became_of_them() -> None:
    [batch] = drifted([a_batch(3)], {"row-0": None}, lost={"r1": DropReason.AWAY})

    assert batch.dropped == (("row-0", DropReason.AWAY), ("row-2", DropReason.AWAY))


@given(st.integers(1, 2_000), st.data())
def test_more_than_a_fifth_needs_a_new_approval_and_a_fifth_does_not(rows: int, data: st.DataObject) -> None:
    gone = data.draw(st.integers(0, rows - 1) | st.sampled_from([rows // 5, min(rows // 5 + 1, rows - 1)]))
    batch = a_batch(rows, dropped=tuple((f"row-{index}", DropReason.GONE) for index in range(gone)))

    asked = has_drifted(a_plan_of(batch.rows), [batch], lost=NOBODY)

    assert asked == (5 * gone > rows)


@pytest.mark.parametrize(
    ("rows", "gone", "asked"), [(5, 1, False), (5, 2, True), (10, 2, False), (10, 3, True), (4, 1, True), (1, 1, True)]
)
def test_the_border_is_exact(rows: int, gone: int, asked: bool) -> None:
    batch = a_batch(rows, dropped=tuple((f"row-{index}", DropReason.GONE) for index in range(gone)))

    assert has_drifted(a_plan_of(batch.rows), [batch], lost=NOBODY) == asked


def test_rows_that_left_bit_by_bit_count_together() -> None:
    """A plan may be checked several times while it waits for another one."""
    batches = [a_batch(10, dropped=(("row-0", DropReason.GONE), ("row-1", DropReason.GONE)))]

    again = drifted(batches, {"row-2": None}, lost=NOBODY)

    assert not has_drifted(a_plan_of(a_batch(10).rows), batches, lost=NOBODY)
    assert has_drifted(a_plan_of(a_batch(10).rows), again, lost=NOBODY)


@given(plans(least=1), LOST)
def test_a_plan_whose_reviewers_left_is_asked_about_when_one_of_them_had_rows(
    planned: tuple[Plan, tuple[Batch, ...]], lost: dict[str, DropReason]
) -> None:
    plan, batches = planned
    whole = [replace(batch, dropped=()) for batch in batches]

    after = drifted(whole, {}, lost=lost)

    had_rows = {who for batch in whole for _, who in batch.rows} & lost.keys()
    assert has_drifted(plan, after, lost=lost) == bool(had_rows)


def test_a_new_version_shows_those_who_stayed_also_with_nothing() -> None:
    plan = a_plan_of([("row-0", "r1"), ("row-1", "r2"), ("row-2", "r1")])
    batches = drifted([a_batch(3)], {"row-1": None}, lost={"r3": DropReason.REVIEWER})

    revised = revision(plan, batches, lost={"r3": DropReason.REVIEWER}, batch_size=10)

    assert [(share.reviewer.name, share.rows) for share in revised.shares] == [("Ana Ruiz", 2), ("Ben Okafor", 0)]
    assert revised.batches == (Batch(1, (("row-0", "r1"), ("row-2", "r1"))),)
    assert revised.drift == ((DropReason.GONE, 1),)
