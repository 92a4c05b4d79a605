"""`python -m bot`, command by command: the one module that prints and knows exit codes."""

import argparse
import importlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from bot.app import Store
from bot.domain.choices import valid_group_by, valid_order, valid_sample, valid_strategy
from bot.domain.command import PlanCommand
from bot.domain.model import Plan, PlanState
from bot.domain.options import valid_days, valid_limit, valid_reviewers, valid_tag
from bot.doors import socket_mode, web
from bot.errors import BotError, CommandError, SettingsError
from bot.history import plan_lines, step_lines
from bot.logs import configure
from bot.preflight.everything import findings
from bot.preflight.finding import Verdict
from bot.settings import FOR_HTTP, FOR_PLANNING, FOR_SOCKET_MODE, Settings, environment
from bot.terminal import Terminal

OK, FAILED, INTERRUPTED = 0, 1, 130


def main(arguments: Sequence[str]) -> int:
    """Run one command of the terminal; its exit code: 0 fine, 1 failed, 2 wrong usage, 130 interrupted."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return FAILED
    except BotError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("Interrupted. What was approved goes on at the next start.", file=sys.stderr)
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    commands = argparse.ArgumentParser(prog="python -m bot", description="Hands Braintrust log rows to reviewers.")
    known = commands.add_subparsers(required=True, metavar="COMMAND")

    run = known.add_parser("run", help="serve Slack through Socket Mode")
    run.set_defaults(command=_run)

    serve = known.add_parser("web", help="serve Slack through HTTP, on PORT")
    serve.add_argument("--host", default="0.0.0.0", help="the address to listen on (default: every one)")  # noqa: S104
    serve.set_defaults(command=_web)

    plan = known.add_parser("plan", help="read, show and assign on the terminal, without Slack")
    plan.add_argument("--tag", type=_valid(valid_tag), help="the rows' tag (default: REVIEW_TAG)")
    plan.add_argument("--days", type=_valid(valid_days), help="how many days back (default: REVIEW_DAYS)")
    plan.add_argument("--limit", type=_valid(valid_limit), help="at most this many rows")
    plan.add_argument("--sample", type=_valid(valid_sample), metavar="N%", help="a random part of them")
    plan.add_argument("--order", type=_valid(valid_order), help="newest (default), oldest or random first")
    plan.add_argument("--reviewers", type=_valid(valid_reviewers), help="who gets them (default: REVIEWERS)")
    plan.add_argument("--strategy", type=_valid(valid_strategy), help="even or balanced (default: REVIEW_STRATEGY)")
    plan.add_argument("--group-by", type=_valid(valid_group_by), help="trace, or a field (default: REVIEW_GROUP_BY)")
    plan.add_argument("--dry-run", action="store_true", help="show the plan, assign nothing")
    plan.add_argument("--yes", action="store_true", help="assign without asking, for cron")
    plan.set_defaults(command=_plan)

    check = known.add_parser("check", help="try every setting, token and permission")
    check.set_defaults(command=_check)

    history = known.add_parser("history", help="the newest plans, or every step of one: who, when, from, to, counts")
    history.add_argument("plan", nargs="?", metavar="PLAN", help="a plan's id")
    history.set_defaults(command=_history)

    migrate = known.add_parser("migrate", help="bring the database to the newest version")
    migrate.set_defaults(command=_migrate)

    demo = known.add_parser("demo", help="try everything on local stand-ins, in the browser")
    demo.add_argument("--once", action="store_true", help="without a browser: once from the command to the counts")
    demo.add_argument("--port", type=int, default=8080, help="the page's port (default: 8080)")
    demo.set_defaults(command=_demo)
    return commands


def _run(_options: argparse.Namespace) -> int:
    settings = Settings.from_env(environment(), required=FOR_SOCKET_MODE)
    configure(settings.log_format)
    socket_mode.run(settings)
    return OK


def _web(options: argparse.Namespace) -> int:
    settings = Settings.from_env(environment(), required=FOR_HTTP)
    configure(settings.log_format)
    web.run(settings, host=options.host)
    return OK


def _plan(options: argparse.Namespace) -> int:
    given = {"REVIEW_TAG": options.tag, "REVIEWERS": options.reviewers}
    required = tuple(name for name in FOR_PLANNING if not given.get(name))
    settings = Settings.from_env(environment(), required=required)
    configure(settings.log_format, quiet=True)
    terminal = Terminal(settings, say=_say)
    try:
        terminal.finish_interrupted()
        return _carry_out(terminal, terminal.propose(_command(options)), asked=not options.yes)
    finally:
        terminal.close()


def _command(options: argparse.Namespace) -> PlanCommand:
    return PlanCommand(
        tag=options.tag,
        days=options.days,
        limit=options.limit,
        reviewers=options.reviewers,
        dry_run=options.dry_run,
        strategy=options.strategy,
        order=options.order,
        sample=options.sample,
        group_by=options.group_by,
    )


def _carry_out(terminal: Terminal, plan: Plan, *, asked: bool) -> int:
    if plan.state is PlanState.SHOWN:
        print("\n[dry-run] No rows updated.")
        return OK
    if plan.state is PlanState.EMPTY:
        return OK
    if plan.state is not PlanState.PROPOSED:
        print(plan.reason or f"The plan is {plan.state}.", file=sys.stderr)
        return FAILED
    while plan.state is PlanState.PROPOSED:  # again when too much changed since it was shown
        if asked and not _agreed(plan):
            print("No rows updated.")
            return FAILED
        plan = terminal.assign(plan)
    return OK if plan.state is PlanState.DONE else FAILED


def _agreed(plan: Plan) -> bool:
    if not sys.stdin.isatty():
        print("Nobody can be asked here: pass --yes to assign without a question.", file=sys.stderr)
        return False
    return input(f"\nAssign {plan.planned_rows} rows? [y/N] ").strip().lower() in ("y", "yes")


def _check(_options: argparse.Namespace) -> int:
    logging.disable()  # what goes wrong is told as a finding
    counts: Counter[Verdict] = Counter()
    for finding in findings(environment()):
        counts[finding.verdict] += 1
        print(f"{finding.verdict:<8} {finding.setting}: {finding.sentence}", flush=True)
    print(f"\n{_summary(counts)}")
    return FAILED if counts[Verdict.WRONG] else OK


def _summary(counts: Mapping[Verdict, int]) -> str:
    wrong, warnings = counts[Verdict.WRONG], counts[Verdict.WARNING]
    parts = [f"{wrong} wrong"] if wrong else []
    parts += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    again = " Put that right and check again: what depends on it was not tried." if wrong else ""
    return f"{', '.join(parts)}.{again}" if parts else "Everything is ok."


def _history(options: argparse.Namespace) -> int:
    configure("text", quiet=True)
    store = Store(Settings.from_env(environment()).database_url)
    try:
        lines = step_lines(store.plans.history(options.plan)) if options.plan else plan_lines(store.plans.recent())
    finally:
        store.database.close()
    print("\n".join(lines) if lines else "Nothing is recorded.")
    return OK if lines else FAILED


def _migrate(_options: argparse.Namespace) -> int:
    settings = Settings.from_env(environment())
    configure(settings.log_format, quiet=True)
    Store(settings.database_url).database.close()
    print("The database is up to date.")
    return OK


def _demo(options: argparse.Namespace) -> int:
    try:
        # Here and not above: the stand-ins' HTTP server is no dependency of the bot itself.
        demo = importlib.import_module("bot.sandbox.demo")
    except ModuleNotFoundError as error:
        print(f"The demo needs {error.name}: pip install -r requirements-dev.txt", file=sys.stderr)
        return FAILED
    code: int = demo.run(once=options.once, port=options.port)
    return code


def _valid(read: Callable[[str], object]) -> Callable[[str], object]:
    """`read` as argparse wants it: what it raises becomes the usage message."""

    def parse(text: str) -> object:
        try:
            return read(text)
        except CommandError as error:
            raise argparse.ArgumentTypeError(str(error).replace("`", "")) from error

    return parse


def _say(line: str) -> None:
    print(line, flush=True)
