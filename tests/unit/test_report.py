"""The counts of a report are counted from what is stored, and add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import Batch, BatchState, DropReason, PlanState, Reviewer, Share
from bot.domain.report import Report, outcome, planned_pairs, report_of, written_pairs
from tests.unit.builders import a_plan

ANA, BEN, CEM = Reviewer("r1", "Ana Ruiz"), Reviewer("r2", "Ben Okafor"), Reviewer("r3", "Cem Tan")
SHARES = (Share(ANA, 6), Share(BEN, 6), Share(CEM, 0))


def batch(seq: int, state: BatchState, *dropped: DropReason, error: str | None = None) -> Batch:
    """Four rows, two for Ana and two for Ben, of which the first ones are dropped."""
    rows = tuple((f"row-{seq}-{index}", ("r1", "r2")[index % 2]) for index in range(4))
    gone = tuple((rows[index][0], reason) for index, reason in enumerate(dropped))
    return Batch(seq, rows, state=state, dropped=gone, error=error)


def test_a_report_counts_what_is_stored() -> None:
    batches = (
        batch(1, BatchState.WRITTEN, DropReason.GONE, DropReason.ASSIGNED, DropReason.ASSIGNED),
        batch(2, BatchState.FAILED, error="refused"),
        batch(3, BatchState.UNKNOWN, DropReason.FINISHED, error="a time-out"),
    )

    report = report_of(a_plan(shares=SHARES), batches)

    assert report == Report(
        planned=12,
        assigned=(Share(ANA, 0), Share(BEN, 0), Share(CEM, 0)),
        dropped=((DropReason.ASSIGNED, 2), (DropReason.FINISHED, 1), (DropReason.GONE, 1)),
        failed=4,
        unknown=3,
        unconfirmed=1,
        unsent=0,
        reasons=("refused", "a time-out"),
    )
    assert (report.seen, report.written, report.reviewers, report.dropped_rows, report.missing) == (0, 1, 0, 4, 7)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (BatchState.CONFIRMED, {"seen": 4, "written": 4}),
        (BatchState.WRITTEN, {"written": 4, "unconfirmed": 4}),
        (BatchState.FAILED, {"failed": 4, "missing": 4}),
        (BatchState.UNKNOWN, {"unknown": 4, "missing": 4}),
        (BatchState.SENDING, {"unknown": 4, "missing": 4}),
        (BatchState.PLANNED, {"unsent": 4, "missing": 4}),
    ],
)
def test_each_batch_counts_as_what_is_known_about_it(state: BatchState, expected: dict[str, int]) -> None:
    report = report_of(a_plan(shares=SHARES), [batch(1, state)])

    names = ("seen", "written", "unconfirmed", "failed", "unknown", "unsent", "missing")
    assert {name: getattr(report, name) for name in names if getattr(report, name)} == expected


@given(st.lists(st.tuples(st.sampled_from(BatchState), st.lists(st.sampled_from(DropReason), max_size=4))))
def test_every_planned_row_is_in_exactly_one_count(found: list[tuple[BatchState, list[DropReason]]]) -> None:
    batches = [batch(seq, state, *dropped) for seq, (state, dropped) in enumerate(found, 1)]
    plan = a_plan(shares=(Share(ANA, 2 * len(batches)), Share(BEN, 2 * len(batches))))

    report = report_of(plan, batches)

    assert report.planned == report.written + report.dropped_rows + report.missing
    assert report.missing == report.failed + report.unknown + report.unsent


def test_each_reason_is_given_once() -> None:
    batches = [batch(1, BatchState.FAILED, error="refused"), batch(2, BatchState.FAILED, error="refused")]

    assert report_of(a_plan(shares=SHARES), batches).reasons == ("refused",)


@pytest.mark.parametrize("state", [BatchState.WRITTEN, BatchState.CONFIRMED])
def test_a_batch_that_was_written_after_all_is_no_reason(state: BatchState) -> None:
    """A request that timed out and was then found written keeps its error, but nothing failed because of it."""
    batches = [batch(1, state, error="a time-out"), batch(2, BatchState.FAILED, error="refused")]

    assert report_of(a_plan(shares=SHARES), batches).reasons == ("refused",)


def test_a_batch_without_rows_is_no_reason() -> None:
    empty = batch(1, BatchState.FAILED, *[DropReason.GONE] * 4, error="refused")

    assert report_of(a_plan(shares=SHARES), [empty]).reasons == ()


@pytest.mark.parametrize(
    ("states", "stopped_by", "expected"),
    [
        ([], None, PlanState.DONE),
        ([BatchState.WRITTEN], None, PlanState.PARTIAL),
        ([BatchState.CONFIRMED, BatchState.WRITTEN], None, PlanState.PARTIAL),
        ([BatchState.CONFIRMED], None, PlanState.DONE),
        ([BatchState.CONFIRMED, BatchState.FAILED], None, PlanState.PARTIAL),
        ([BatchState.CONFIRMED], "U0BOSS", PlanState.DONE),
        ([BatchState.WRITTEN], "U0BOSS", PlanState.PARTIAL),
        ([BatchState.WRITTEN, BatchState.PLANNED], "U0BOSS", PlanState.STOPPED),
        ([BatchState.PLANNED], "U0BOSS", PlanState.STOPPED),
        ([BatchState.FAILED], "U0BOSS", PlanState.STOPPED),
        ([BatchState.WRITTEN, BatchState.PLANNED], None, PlanState.PARTIAL),
        ([BatchState.WRITTEN, BatchState.FAILED], None, PlanState.PARTIAL),
        ([BatchState.WRITTEN, BatchState.UNKNOWN], None, PlanState.PARTIAL),
        ([BatchState.FAILED], None, PlanState.FAILED),
        ([BatchState.FAILED, BatchState.PLANNED], None, PlanState.FAILED),
        ([BatchState.UNKNOWN, BatchState.PLANNED], None, PlanState.PARTIAL),
    ],
)
def test_the_counts_say_in_which_state_a_plan_rests(
    states: list[BatchState], stopped_by: str | None, expected: PlanState
) -> None:
    plan = a_plan(shares=SHARES, stopped_by=stopped_by)
    report = report_of(plan, [batch(seq, state) for seq, state in enumerate(states, 1)])

    assert outcome(plan, report) is expected


def test_a_plan_whose_rows_all_left_is_done() -> None:
    plan = a_plan(shares=SHARES)
    report = report_of(plan, [batch(1, BatchState.WRITTEN, *[DropReason.ASSIGNED] * 4)])

    assert (report.written, outcome(plan, report)) == (0, PlanState.DONE)


def test_the_lists_name_what_was_written_and_what_was_planned() -> None:
    written, seen = batch(1, BatchState.WRITTEN, DropReason.GONE), batch(2, BatchState.CONFIRMED)
    failed = batch(3, BatchState.FAILED)

    assert written_pairs([written, seen, failed]) == [*written.rows[1:], *seen.rows]
    assert planned_pairs([written, seen, failed]) == [*written.rows, *seen.rows, *failed.rows]
