"""The memory of one process over many plans: each is asked for, approved, and reported."""

from collections.abc import Mapping

import psutil

from sandbox.slack.records import Message
from sandbox.slack.sample import ADA, REVIEWS
from sandbox.slack.stand_in import SlackStandIn
from tests.bench.bot_process import bot_process
from tests.bench.bot_run import PARALLEL, is_report
from tests.bench.measure import MEGABYTE
from tests.bench.stand_in_process import StandInProcess, World
from tests.bench.watch import Watch, accepted, is_plan

LOOKS = (0, 50, 150, 300)
"""After how many plans the memory is looked at."""
ROWS_PER_PLAN = 10


def soak() -> Mapping[int, float]:
    """The bot's RSS in MB after so many plans."""
    world = World(rows=ROWS_PER_PLAN * max(LOOKS), assigned=0, latency_seconds=0.0)
    with (
        SlackStandIn() as slack,
        StandInProcess(world) as stand_in,
        bot_process(slack, stand_in, parallel=PARALLEL) as pid,
    ):
        process, watch = psutil.Process(pid), Watch(slack)
        found = {}
        for number in range(max(LOOKS) + 1):
            if number in LOOKS:
                found[number] = process.memory_info().rss / MEGABYTE
            if number < max(LOOKS):
                _assign(slack, watch)
    return found


def _assign(slack: SlackStandIn, watch: Watch) -> None:
    """One plan from the command to the report."""
    watch.forget()
    accepted(slack.command(ADA.id, REVIEWS.id, f"limit={ROWS_PER_PLAN}"))
    plan, _ = watch.first(is_plan)
    accepted(slack.press(ADA.id, plan, "approve"))

    def ends(message: Message) -> bool:
        return message.thread_ts == plan.ts and is_report(message)

    report, _ = watch.first(ends)
    if not report.text.startswith("Done."):
        raise AssertionError(f"The report says: {report.text}")
