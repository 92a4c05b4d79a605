"""What one answer makes of a batch: certainly written, certainly not, or unknown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.plan import Batch, BatchState, DropReason, Reviewer, Share
from bot.domain.row_changes import recounted
from bot.domain.writing import MAX_TRIES, Outcome, WriteResult, batches, begun, ended, halves
from tests.unit.builders import NOW, a_batch

LATER = NOW + timedelta(seconds=3)
SENT = begun(a_batch(), now=NOW)
RESULTS = [WriteResult(outcome) for outcome in Outcome]


def test_a_batch_is_stored_as_being_sent_before_it_is_sent() -> None:
    batch = a_batch(attempts=1, attempt_ended_at=NOW - timedelta(minutes=1))

    after = begun(batch, now=NOW)

    assert after == replace(batch, state=BatchState.SENDING, attempts=2, attempt_began_at=NOW, attempt_ended_at=None)


@pytest.mark.parametrize(
    ("result", "state", "attempts", "error"),
    [
        (WriteResult(Outcome.ACKNOWLEDGED), BatchState.WRITTEN, 1, None),
        (WriteResult(Outcome.NOT_BEGUN), BatchState.PLANNED, 0, None),
        (WriteResult(Outcome.RATE_LIMITED, retry_after_seconds=7.0), BatchState.PLANNED, 0, None),
        (WriteResult(Outcome.RATE_LIMITED), BatchState.PLANNED, 0, None),
        (WriteResult(Outcome.UNKNOWN, "a time-out"), BatchState.UNKNOWN, 1, "a time-out"),
        (WriteResult(Outcome.REFUSED, "the key"), BatchState.FAILED, 1, "the key"),
        (WriteResult(Outcome.UNREACHABLE, "no network"), BatchState.PLANNED, 1, "no network"),
        (WriteResult(Outcome.TOO_LARGE), BatchState.PLANNED, 0, None),
    ],
)
def test_each_result_has_its_state(result: WriteResult, state: BatchState, attempts: int, error: str | None) -> None:
    after = ended(SENT, result, now=LATER)

    assert after == replace(SENT, state=state, attempts=attempts, error=error, attempt_ended_at=LATER)


@pytest.mark.parametrize("result", RESULTS)
def test_no_result_touches_the_rows(result: WriteResult) -> None:
    sent = replace(SENT, dropped=(("row-0", DropReason.GONE),))

    after = ended(sent, result, now=LATER)

    assert (after.seq, after.rows, after.dropped, after.attempt_ended_at) == (sent.seq, sent.rows, sent.dropped, LATER)


def test_success_clears_the_error_of_an_earlier_attempt() -> None:
    assert ended(replace(SENT, error="no network"), WriteResult(Outcome.ACKNOWLEDGED), now=LATER).error is None


@pytest.mark.parametrize(
    ("attempts", "state"),
    [(1, BatchState.PLANNED), (MAX_TRIES - 1, BatchState.PLANNED), (MAX_TRIES, BatchState.FAILED)],
)
def test_no_connection_fails_a_batch_after_the_last_try(attempts: int, state: BatchState) -> None:
    after = ended(replace(SENT, attempts=attempts), WriteResult(Outcome.UNREACHABLE, "no network"), now=LATER)

    assert (after.state, after.error) == (state, "no network")


def test_a_rate_limit_never_uses_up_the_tries() -> None:
    batch = a_batch()

    for _ in range(3 * MAX_TRIES):
        batch = ended(begun(batch, now=NOW), WriteResult(Outcome.RATE_LIMITED, retry_after_seconds=1.0), now=LATER)

    assert (batch.state, batch.attempts) == (BatchState.PLANNED, 0)


def test_a_single_row_that_is_too_large_fails() -> None:
    sent = replace(SENT, dropped=tuple((row_id, DropReason.GONE) for row_id, _ in SENT.rows[1:]))

    after = ended(sent, WriteResult(Outcome.TOO_LARGE), now=LATER)

    assert after.state is BatchState.FAILED
    assert after.error == "Braintrust finds a single row too large (413)."


@given(st.integers(2, 30), st.data())
def test_halves_hold_every_row_once_with_its_reviewer(count: int, data: st.DataObject) -> None:
    batch = a_batch(count)
    gone = data.draw(st.sets(st.sampled_from([row_id for row_id, _ in batch.rows]), max_size=count - 2))
    batch = replace(batch, dropped=tuple((row_id, DropReason.GONE) for row_id in sorted(gone)))

    first, second = halves(batch)

    assert sorted(first.rows + second.rows) == sorted(batch.rows)
    assert first.kept + second.kept == batch.kept
    assert (first.dropped, second.dropped) == (batch.dropped, ())
    assert 0 <= len(second.kept) - len(first.kept) <= 1


def test_halves_are_otherwise_like_the_whole() -> None:
    batch: Batch = ended(SENT, WriteResult(Outcome.TOO_LARGE), now=LATER)

    first, second = halves(batch)

    assert (replace(first, rows=batch.rows), replace(second, rows=batch.rows)) == (batch, batch)


ROWS = st.lists(st.text(min_size=1), unique=True, max_size=60)


def test_everybody_keeps_a_share_even_of_nothing() -> None:
    before = (Share(Reviewer("b", "Ben"), 3, open_rows=4), Share(Reviewer("a", "Ana"), 3, weight=2))

    after = recounted(before, [("row-1", "a"), ("row-2", "a")])

    assert after == (Share(Reviewer("b", "Ben"), 0, open_rows=4), Share(Reviewer("a", "Ana"), 2, weight=2))


@given(ROWS, st.integers(1, 20))
def test_batches_hold_every_pair_in_order_and_are_full_but_the_last(rows: list[str], size: int) -> None:
    pairs = [(row, "r") for row in rows]

    found = batches(pairs, size=size)

    assert [pair for batch in found for pair in batch.rows] == pairs
    assert [batch.seq for batch in found] == list(range(1, len(found) + 1))
    assert [len(batch.rows) for batch in found[:-1]] == [size] * (len(found) - 1 if found else 0)
    assert all(1 <= len(batch.rows) <= size for batch in found)
