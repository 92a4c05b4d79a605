"""Who takes part in a plan, and why rows are whose."""

import pytest

from bot.domain.allocation import Reason, Strategy
from bot.domain.choices import Choices
from bot.domain.model import Reviewer, Share
from bot.domain.staff import default_reason


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
