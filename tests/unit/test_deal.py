"""Who takes part in a plan, why rows are whose, and what is said of how they are dealt out."""

import pytest

from bot.domain.allocation import Reason, Strategy
from bot.domain.choices import Choices
from bot.domain.deal import dealt, default_reason
from bot.domain.plan import Proposal, Reviewer, Share
from bot.domain.reading import FoundRows
from bot.domain.reviewers import Member, Staff
from tests.unit.builders import a_request

ROWS = tuple(f"row-{number}" for number in range(4))
STAFF = Staff((Member(Reviewer("r1", "Ana")), Member(Reviewer("r2", "Ben"))), notes=("A note.",))


def proposal(group_of: dict[str, str], *, group_by: str | None, limit: int | None = None) -> Proposal:
    request = a_request(choices=Choices(group_by=group_by), limit=limit)
    found = FoundRows(free=list(ROWS), group_of=group_of)
    return dealt(found, STAFF, request, seed="x", balances={}, batch_size=10)


@pytest.mark.parametrize(
    ("weights", "strategy", "reason"),
    [
        ([1, 1], Strategy.EVEN, Reason.EVEN),
        ([2, 2], Strategy.EVEN, Reason.EVEN),
        ([2, 2, 0], Strategy.EVEN, Reason.EVEN),
        ([2, 1], Strategy.EVEN, Reason.WEIGHTED),
        ([2, 1], Strategy.BALANCED, Reason.LOWEST_LOAD),
        ([], Strategy.EVEN, Reason.EVEN),
    ],
)
def test_the_reason_of_most_rows_is_the_strategy(weights: list[int], strategy: Strategy, reason: Reason) -> None:
    """Who never gets anything does not make the shares of the others weighted ones."""
    shares = tuple(Share(Reviewer(f"r{index}", "Ana"), 4, weight=weight) for index, weight in enumerate(weights))

    assert default_reason(Choices(strategy=strategy), shares) == reason.value


@pytest.mark.parametrize(
    ("values", "limit", "note"),
    [
        (0, None, "`metadata.sesion` has no value in any row, so none are kept together. Check the name of the field."),
        (3, None, "`metadata.sesion` has no value in 1 of 4 rows: nothing keeps these together."),
        (1, None, "`metadata.sesion` has no value in 3 of 4 rows: nothing keeps these together."),
        (4, None, None),
        (3, 3, None),  # the row without one is not dealt out
    ],
)
def test_rows_that_cannot_be_kept_together_are_told(values: int, limit: int | None, note: str | None) -> None:
    group_of = dict.fromkeys(ROWS[:values], '"s1"')

    made = proposal(group_of, group_by="metadata.sesion", limit=limit)

    assert made.notes == ("A note.", *([note] if note else []))
    assert sum(share.rows for share in made.shares) == (limit or len(ROWS))


def test_nothing_is_said_of_groups_that_nobody_asked_for() -> None:
    assert proposal({}, group_by=None).notes == ("A note.",)
