"""What changed between a plan and its approval: rows may only leave it, and none changes hands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.changes import Assignment, checked
from bot.domain.distribution import batches as cut
from bot.domain.distribution import recounted
from bot.domain.drift import counted_drift, has_drifted, revision
from bot.domain.model import Batch, DropReason, Plan, Reviewer, Share
from bot.domain.reading import USUAL_OPEN_STATUSES, LogRow
from tests.unit.builders import TAG, a_batch, a_plan, a_row

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
    assert sum(count for _, count in counted_drift(after)) == len(left)
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
