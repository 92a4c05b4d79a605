"""The deal of a plan: the rows that were found, among the reviewers who take part.  Pure: same input, same output."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

from bot.domain.allocation import Candidate, Reason, Strategy, allotted
from bot.domain.choices import Choices, grouped, selected
from bot.domain.plan import PlanRequest, Proposal, Share
from bot.domain.reading import FoundRows
from bot.domain.reviewers import Staff
from bot.domain.writing import batches


def dealt(
    found: FoundRows,
    staff: Staff,
    request: PlanRequest,
    *,
    seed: str,
    balances: Mapping[str, Fraction],
    batch_size: int,
) -> Proposal:
    """The rows that were found, picked and dealt out; a proposal that does not expire yet.

    The same `seed` gives the same plan.  `balances` is what people got too much, or too little, in earlier plans.
    """
    choices = request.choices
    chosen = selected(found.free, seed=seed, sample=choices.sample, order=choices.order, limit=request.limit)
    candidates = [
        Candidate(one.reviewer.id, one.weight, one.open_rows or 0, one.room, balances.get(one.reviewer.id, Fraction(0)))
        for one in staff.members
    ]
    allotment = allotted(grouped(chosen, found.group_of), candidates, strategy=choices.strategy, seed=seed)
    together = f"same {choices.group_by.split('.')[-1]}" if choices.group_by else Reason.TOGETHER.value
    rows = Counter(reviewer_id for _, reviewer_id in allotment.pairs)
    shares = tuple(
        Share(
            reviewer=member.reviewer,
            rows=rows[member.reviewer.id],
            open_rows=member.open_rows,
            weight=member.weight,
            is_full=member.room is not None and rows[member.reviewer.id] >= member.room,
            carried=allotment.carried[member.reviewer.id],
        )
        for member in staff.members
    )

    return Proposal(
        counts=found.counts,
        shares=shares,
        left_out=staff.left_out,
        notes=(*staff.notes, *_ungrouped(chosen, found.group_of, choices)),
        batches=batches(allotment.pairs, size=batch_size),
        without_room=len(allotment.left),
        reasons={
            row_id: together if reason is Reason.TOGETHER else reason.value
            for row_id, reason in allotment.reasons.items()
        },
    )


def default_reason(choices: Choices, shares: tuple[Share, ...]) -> str:
    """Why rows are whose, unless something else is known of them."""
    if choices.strategy is Strategy.BALANCED:
        return Reason.LOWEST_LOAD.value
    weights = {share.weight for share in shares if share.weight}
    return (Reason.WEIGHTED if len(weights) > 1 else Reason.EVEN).value


def _ungrouped(chosen: Sequence[str], group_of: Mapping[str, str], choices: Choices) -> list[str]:
    """That rows which should be kept together have nothing in common that could be read."""
    alone = sum(row_id not in group_of for row_id in chosen)
    if choices.group_by is None or not alone:
        return []
    if alone == len(chosen):
        return [
            f"`{choices.group_by}` has no value in any row, so none are kept together. Check the name of the field."
        ]
    return [f"`{choices.group_by}` has no value in {alone:,} of {len(chosen):,} rows: nothing keeps these together."]
