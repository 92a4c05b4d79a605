"""`make bench`: the real bot against the plain sequential way.  Exit code 1 only when a result is wrong."""

import argparse
import os
import sys
from dataclasses import replace

from bot.domain.allocation import Strategy
from bot.domain.choices import TRACE, Choices
from tests.bench.acknowledging import BRAINTRUST_SECONDS, acknowledgements
from tests.bench.bot_run import bot_run
from tests.bench.measure import Run
from tests.bench.plain_run import plain_run
from tests.bench.planning import planning_run
from tests.bench.scraping import scrapes
from tests.bench.soak import soak
from tests.bench.stand_in_process import World
from tests.bench.table import (
    acknowledgement_table,
    comparison,
    parallel_table,
    planning_table,
    scrape_table,
    soak_table,
)

PARALLEL = (1, 4, 8)
MANY_REVIEWERS = 200
MINUTE_SECONDS = 10.0
STRATEGIES = {
    "even": (Choices(), ""),
    "balanced": (Choices(strategy=Strategy.BALANCED), "strategy=balanced"),
    "by trace": (Choices(group_by=TRACE), "group_by=trace"),
}


def main() -> int:
    """Run everything and tell it as it comes."""
    options = _options()
    worlds = [World(rows, rows // 3, latency) for latency in options.latency for rows in options.rows]
    worlds.append(replace(worlds[0], minute_seconds=MINUTE_SECONDS))
    runs: list[Run] = []
    _say(
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before (a busy machine slows the bot the most)"
    )
    for world in worlds:
        pairs = [(plain_run(world), bot_run(world)) for _ in range(options.repeat)]
        plain, bot = [one for one, _ in pairs], [other for _, other in pairs]
        _say(comparison(world, plain, bot))
        runs += plain + bot
    smallest = min(worlds, key=lambda world: world.rows)
    by_parallel = {number: [bot_run(smallest, parallel=number) for _ in range(options.repeat)] for number in PARALLEL}
    _say(parallel_table(smallest, by_parallel))
    runs += [run for some in by_parallel.values() for run in some]
    crowd = replace(max(worlds, key=lambda world: world.rows), reviewers=MANY_REVIEWERS)
    planned = {name: planning_run(crowd, choices, command) for name, (choices, command) in STRATEGIES.items()}
    _say(planning_table(crowd, planned))
    _say(acknowledgement_table(acknowledgements(), braintrust_seconds=BRAINTRUST_SECONDS))
    _say(scrape_table(scrapes()))
    _say(soak_table(soak()))
    mistakes = [mistake for run in runs for mistake in run.mistakes]
    mistakes += [mistake for run in planned.values() for mistake in run.mistakes]
    _say("\n".join(["WRONG:", *mistakes]) if mistakes else f"All {len(runs)} runs assigned every row once, as planned.")
    return 1 if mistakes else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--rows", type=_numbers, default=(30_000, 3_000, 100_000), help="matching rows, for instance 30000,100000"
    )
    parser.add_argument(
        "--latency", type=_seconds, default=(0.3, 0.05), help="seconds before Braintrust begins to answer"
    )
    parser.add_argument("--repeat", type=int, default=1, help="how often; the tables have medians")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _seconds(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
