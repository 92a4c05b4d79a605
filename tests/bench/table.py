"""What the benchmark says, as text: medians over the repetitions, and ratios of medians of the same run."""

from collections.abc import Callable, Mapping, Sequence

from sandbox.slack.records import Delivery
from tests.bench.measure import Run, median, percentile
from tests.bench.planning import PlanningRun
from tests.bench.stand_in_process import QUERIES_PER_MINUTE, World

GOAL_WHOLE = 3.0
GOAL_FIRST_WRITE = 3.5
GOAL_GROWTH = 100
GOAL_STAND_IN = 0.5
GOAL_SCRAPE = 50
SLACK_WAITS_SECONDS = 3.0

_LABEL_WIDTH = 44
_COLUMN_WIDTH = 12

Value = Callable[[Run], float | None]


def comparison(world: World, plain: Sequence[Run], bot: Sequence[Run]) -> str:
    """The plain way beside the bot, and the goals."""
    title = (
        f"{world.rows:,} matching rows, {world.assigned:,} of them assigned before; "
        f"each answer of Braintrust takes {world.latency_seconds * 1000:g} ms and its work"
    )
    if world.minute_seconds is not None:
        title += f"; {QUERIES_PER_MINUTE} queries a minute, which takes {world.minute_seconds:g} s here"
    lines = [title, "", _line("", "plain way", "the bot", "bot faster")]
    for label, value in (*_COUNTS, *_TIMES, *_USAGE):
        cells = [_cell(_median(runs, value), digits=2 if label.endswith("[s]") else 0) for runs in (plain, bot)]
        ratio = _times(_faster(plain, bot, value)) if (label, value) in _TIMES else ""
        lines.append(_line(label, *cells, ratio))
    lines.append(_line("rows or counts that are wrong", *(_wrong(runs) for runs in (plain, bot))))
    return "\n".join([*lines, "", *_goals(world, plain, bot)])


def parallel_table(world: World, runs: Mapping[int, Sequence[Run]]) -> str:
    """Reading and writing at several numbers of parallel requests."""
    lines = [f"The bot by PARALLEL_REQUESTS, {world.rows:,} rows", "", _line("", *(str(number) for number in runs))]
    for label, value in _TIMES:
        lines.append(_line(label, *(_cell(_median(some, value), digits=2) for some in runs.values())))
    return "\n".join(lines)


def planning_table(world: World, runs: Mapping[str, PlanningRun]) -> str:
    """What of the planning is the reading, and what the allocation."""
    rows: list[tuple[str, list[str]]] = [
        ("command to plan [s]", [_cell(run.whole, digits=2) for run in runs.values()]),
        ("reading: first page to last answer [s]", [_cell(run.reading, digits=2) for run in runs.values()]),
        ("allocation alone [s]", [_cell(run.allocation, digits=2) for run in runs.values()]),
        ("allocation, of command to plan", [f"{run.allocation / run.whole:.0%}" for run in runs.values()]),
    ]
    title = f"Planning {world.rows - world.assigned:,} of {world.rows:,} matching rows for {world.reviewers} reviewers"
    return "\n".join([title, "", _line("", *runs), *(_line(label, *cells) for label, cells in rows)])


def acknowledgement_table(deliveries: Sequence[Delivery], *, braintrust_seconds: float) -> str:
    """How soon commands were acknowledged."""
    seconds = [delivery.seconds for delivery in deliveries]
    late = sum(not delivery.acknowledged for delivery in deliveries)
    times = [median(seconds), percentile(seconds, 0.95), max(seconds)]
    title = (
        f"{len(deliveries)} commands at once while Braintrust takes {braintrust_seconds:g} s to answer; "
        f"Slack waits {SLACK_WAITS_SECONDS:g} s for the acknowledgement"
    )
    return "\n".join(
        [
            title,
            "",
            _line("", "median", "95 %", "longest", "not in time"),
            _line("acknowledged after [s]", *(_cell(value, digits=3) for value in times), str(late)),
        ]
    )


def scrape_table(seconds: Sequence[float]) -> str:
    """How soon `/metrics` answered."""
    milliseconds = [1_000 * one for one in seconds]
    times = [median(milliseconds), percentile(milliseconds, 0.95), max(milliseconds)]
    return "\n".join(
        [
            f"{len(seconds)} scrapes of /metrics while a plan is written; the goal is at most {GOAL_SCRAPE} ms",
            "",
            _line("", "median", "95 %", "longest"),
            _line("answered after [ms]", *(_cell(value, digits=1) for value in times)),
        ]
    )


def soak_table(megabytes: Mapping[int, float]) -> str:
    """The memory of one process over many plans."""
    return "\n".join(
        [
            f"One process, {max(megabytes)} plans, from the command to the report",
            "",
            _line("after so many plans", *(str(number) for number in megabytes)),
            _line("memory, RSS [MB]", *(_cell(value, digits=1) for value in megabytes.values())),
        ]
    )


_COUNTS: tuple[tuple[str, Value], ...] = (
    ("queries", lambda run: run.requests.queries),
    ("  pages of rows", lambda run: run.requests.pages),
    ("  open rows of each reviewer", lambda run: run.requests.loads),
    ("  by id, before writing", lambda run: run.requests.checks),
    ("  by id, after writing", lambda run: run.requests.read_backs),
    ("writes", lambda run: run.requests.writes),
    ("other requests (users)", lambda run: run.requests.others),
)
_TIMES: tuple[tuple[str, Value], ...] = (
    ("reading; bot: command to plan [s]", lambda run: run.times.reading),
    ("bot: Approve to first progress [s]", lambda run: run.times.first_progress),
    ("bot: Approve to first write [s]", lambda run: run.times.first_write),
    ("writing: first write to last answer [s]", lambda run: run.times.writing),
    ("whole; bot: with the report [s]", lambda run: run.times.whole),
)
_USAGE: tuple[tuple[str, Value], ...] = (
    ("peak memory, sum of RSS [MB]", lambda run: run.usage.rss),
    ("  above what it is idle [MB]", lambda run: run.usage.growth),
    ("peak memory, sum of PSS [MB]", lambda run: run.usage.pss),
    ("CPU, sum of all processes [s]", lambda run: run.usage.cpu),
    ("CPU of the stand-in meanwhile [s]", lambda run: run.stand_in_cpu),
)


def _goals(world: World, plain: Sequence[Run], bot: Sequence[Run]) -> list[str]:
    whole = _faster(plain, bot, lambda run: run.times.whole) or 0.0
    trips = (_median(bot, lambda run: run.times.first_write) or 0.0) / world.latency_seconds
    growth = _median(bot, lambda run: run.usage.growth) or 0.0
    share = _median(bot, lambda run: run.stand_in_cpu / (run.stand_in_cpu + run.usage.cpu)) or 0.0
    return [
        _goal(f"{GOAL_WHOLE:g}x as fast as a whole", reached=whole >= GOAL_WHOLE, found=_times(whole)),
        _goal(
            f"the first write {GOAL_FIRST_WRITE:g} round trips after Approve",
            reached=trips <= GOAL_FIRST_WRITE,
            found=f"{trips:.1f}",
        ),
        _goal(f"at most {GOAL_GROWTH} MB above idle", reached=growth <= GOAL_GROWTH, found=f"{growth:.0f} MB"),
        _goal("less than half of the CPU is the stand-in's", reached=share < GOAL_STAND_IN, found=f"{share:.0%}"),
    ]


def _goal(goal: str, *, reached: bool, found: str) -> str:
    return f"goal: {goal}: {found}, {'reached' if reached else 'missed'}"


def _median(runs: Sequence[Run], value: Value) -> float | None:
    found = [number for run in runs if (number := value(run)) is not None]
    return median(found) if found else None


def _faster(plain: Sequence[Run], bot: Sequence[Run], value: Value) -> float | None:
    """How many times faster the bot is: the median over the pairs, each of which ran right after the other."""
    pairs = [(value(one), value(other)) for one, other in zip(plain, bot, strict=True)]
    ratios = [one / other for one, other in pairs if one is not None and other]
    return median(ratios) if ratios else None


def _wrong(runs: Sequence[Run]) -> str:
    return str(sum(bool(run.mistakes) for run in runs) or "none")


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def _cell(value: float | None, *, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _line(label: str, *cells: str) -> str:
    return (label.ljust(_LABEL_WIDTH) + "".join(cell.rjust(_COLUMN_WIDTH) for cell in cells)).rstrip()
