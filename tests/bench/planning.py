"""How long a plan takes for many reviewers, and what of it is the allocation."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.choices import Choices
from bot.domain.deal import dealt
from bot.domain.plan import Proposal, Reviewer
from bot.domain.reading import FoundRows
from bot.domain.reviewers import Member, Staff
from sandbox.slack.sample import ADA, REVIEWS
from sandbox.slack.stand_in import SlackStandIn
from tests.bench.bot_process import bot_process
from tests.bench.bot_run import PARALLEL
from tests.bench.stand_in_process import StandInProcess, World, reviewers_of
from tests.bench.watch import Watch, accepted, is_plan
from tests.unit.builders import a_request

BATCH_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class PlanningRun:
    """Wall-clock seconds: `whole` from the command to the plan in Slack, `reading` from the first page to the last.

    `allocation` is what dealing the same rows out to the same people takes alone.
    """

    whole: float
    reading: float
    allocation: float
    mistakes: tuple[str, ...]


def planning_run(world: World, choices: Choices, command: str) -> PlanningRun:
    """Let the bot plan with `command`, which asks for `choices`."""
    with (
        SlackStandIn() as slack,
        StandInProcess(world) as stand_in,
        bot_process(slack, stand_in, parallel=PARALLEL),
    ):
        watch = Watch(slack)
        typed = time.monotonic()
        accepted(slack.command(ADA.id, REVIEWS.id, command))
        plan, planned = watch.first(is_plan)
        pages = [request for request in stand_in.requests() if request.purpose == "pages" and request.ended is not None]
        open_rows = sorted(stand_in.open_rows())
        groups = {row_id: f"trace {number // 4}" for number, row_id in enumerate(open_rows)}

        began = time.monotonic()
        proposal = _allocated(open_rows, groups if choices.group_by else {}, world, choices)
        ended = time.monotonic()
    wanted = f"{len(open_rows):,} rows for "
    wrong = () if wanted in plan.text else (f"The plan does not say {wanted}...",)
    lost = () if sum(share.rows for share in proposal.shares) == len(open_rows) else ("The allocation lost rows",)
    reading = max(request.ended or 0.0 for request in pages) - min(request.started for request in pages)
    return PlanningRun(planned - typed, reading, ended - began, (*wrong, *lost))


def _allocated(rows: list[str], groups: Mapping[str, str], world: World, choices: Choices) -> Proposal:
    members = [Member(Reviewer(who, name, None), open_rows=number) for number, (who, name) in enumerate(_people(world))]
    found, staff = FoundRows(free=list(rows), group_of=dict(groups)), Staff(tuple(members))
    request = a_request(choices=choices)
    return dealt(found, staff, request, seed="bench", balances={}, batch_size=BATCH_SIZE)


def _people(world: World) -> list[tuple[str, str]]:
    return list(reviewers_of(world).items())
