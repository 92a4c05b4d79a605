"""The commands and options of `assign-reviews`, and what each ends with."""

import argparse
import logging
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.adapters.store.store import Store
from bot.cli import json_output, plans
from bot.cli.console import Console, program
from bot.cli.init.wizard import init
from bot.cli.plans import TAKEN_OFF, settings_for_a_terminal, signals_interrupt
from bot.cli.queues import queues
from bot.domain.choices import valid_group_by, valid_order, valid_sample, valid_strategy
from bot.domain.options import DEFAULT_QUEUE, valid_days, valid_limit, valid_reviewers, valid_tag
from bot.domain.plan import Event, Plan
from bot.doors import socket_mode, web
from bot.errors import BotError, CommandError, SettingsError
from bot.logs import configure
from bot.messages.text import counted
from bot.preflight.everything import findings
from bot.preflight.finding import Finding, Verdict
from bot.settings import FOR_HTTP, FOR_SOCKET_MODE, NAMES, Settings, environment

log = logging.getLogger(__name__)


OK, FAILED, BY_SIGNAL = 0, 1, 128
AS_JSON = "print the result as JSON, and everything else to standard error"
Command = Callable[[argparse.Namespace, Console], int]


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code: 0 fine, 1 failed or not shown, 2 wrong usage, 128 and the signal's number."""
    options = parser().parse_args(arguments)
    console = Console(is_for_scripts=getattr(options, "json", False))
    code = _carried_out(options, console)
    return FAILED if not console.close() and code == OK else code


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    commands = argparse.ArgumentParser(prog=program(), description="Hands Braintrust log rows to reviewers.")
    known = commands.add_subparsers(required=True, metavar="COMMAND")

    run = known.add_parser("run", help="serve Slack through Socket Mode")
    run.set_defaults(command=_run)

    serve = known.add_parser("web", help="serve Slack through HTTP, on PORT")
    serve.add_argument("--host", default="0.0.0.0", help="the address to listen on (default: every one)")  # noqa: S104
    serve.set_defaults(command=_web)

    _add_plan_commands(known)
    _add_queue_commands(known)

    begin = known.add_parser("init", help="make a .env: one question at a time, each answer tried at once")
    begin.add_argument("--from", dest="answers", metavar="FILE", help="take the answers from lines NAME=VALUE")
    begin.add_argument("--overwrite", action="store_true", help="change a .env that is there already")
    begin.set_defaults(command=_init)

    check = known.add_parser("check", help="try every setting, token and permission")
    check.add_argument("--json", action="store_true", help=AS_JSON)
    check.set_defaults(command=_check)

    history = known.add_parser("history", help="the newest plans, or every step of one: who, when, from, to, counts")
    history.add_argument("plan", nargs="?", metavar="PLAN", help="a plan's id")
    history.add_argument("--json", action="store_true", help=AS_JSON)
    history.set_defaults(command=_history)

    migrate = known.add_parser("migrate", help="bring the database to the newest version")
    migrate.set_defaults(command=_migrate)
    return commands


def _add_queue_commands(known: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = known.add_parser("queues", help="list the queues, write them to a file, or make them those of a file")
    about.add_argument("act", nargs="?", choices=("list", "export", "import"), default="list")
    about.add_argument("file", nargs="?", metavar="FILE", help="the YAML file that is written, or taken")
    about.add_argument("--yes", action="store_true", help="import: change them without asking")
    about.add_argument("--dry-run", action="store_true", help="import: only say what would change")
    about.set_defaults(command=queues)


def _add_plan_commands(known: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plan = known.add_parser("plan", help="read, show and assign on the terminal, without Slack")
    plan.add_argument("queue", nargs="?", metavar="QUEUE", help="the queue (default: that of the settings)")
    plan.add_argument("--tag", type=_valid(valid_tag), help="the rows' tag (default: REVIEW_TAG)")
    plan.add_argument("--days", type=_valid(valid_days), help="how many days back (default: REVIEW_DAYS)")
    plan.add_argument("--limit", type=_valid(valid_limit), help="at most this many rows")
    plan.add_argument("--sample", type=_valid(valid_sample), metavar="N%", help="a random part of them")
    plan.add_argument("--order", type=_valid(valid_order), help="newest (default), oldest or random first")
    plan.add_argument("--reviewers", type=_valid(valid_reviewers), help="who gets them (default: REVIEWERS)")
    plan.add_argument("--strategy", type=_valid(valid_strategy), help="even or balanced (default: REVIEW_STRATEGY)")
    plan.add_argument("--group-by", type=_valid(valid_group_by), help="trace, or a field (default: REVIEW_GROUP_BY)")
    plan.add_argument("--yes", action="store_true", help="assign without asking, for cron; implies --resume")
    plan.add_argument("--json", action="store_true", help=AS_JSON)
    way = plan.add_mutually_exclusive_group()
    way.add_argument("--dry-run", action="store_true", help="show the plan and what waits, write nothing")
    way.add_argument("--resume", action="store_true", help="first finish a plan that was interrupted")
    way.add_argument("--abandon", action="store_true", help="first stop a plan that was interrupted")
    plan.set_defaults(command=plans.plan)

    stop = known.add_parser("stop", help="end what goes on with a plan: its reading, or its assignment")
    stop.add_argument("plan", metavar="PLAN", help="a plan's id")
    stop.set_defaults(command=plans.stop)

    undo = known.add_parser("undo", help="take an assignment back, but for rows that somebody touched since")
    undo.add_argument("plan", metavar="PLAN", help="a plan's id")
    undo.add_argument("--yes", action="store_true", help="take it back without asking")
    undo.set_defaults(command=plans.undo)


def _carried_out(options: argparse.Namespace, console: Console) -> int:
    command: Command = options.command
    try:
        return command(options, console)
    except SettingsError as error:
        console.complain(*error.problems)
    except BotError as error:
        console.complain(*str(error).splitlines())
    except plans.Interruption as error:
        return BY_SIGNAL + error.number
    except KeyboardInterrupt:
        console.complain("Interrupted.")
        return BY_SIGNAL + signal.SIGINT
    return FAILED


def _run(_options: argparse.Namespace, _console: Console) -> int:
    socket_mode.run(_settings_for_a_server(FOR_SOCKET_MODE))
    return OK


def _web(options: argparse.Namespace, _console: Console) -> int:
    web.run(_settings_for_a_server(FOR_HTTP), host=options.host)
    return OK


def _check(options: argparse.Namespace, console: Console) -> int:
    logging.disable()  # what goes wrong is told as a finding
    found: list[Finding] = []
    for finding in findings(environment()):
        found.append(finding)
        console.say(f"{finding.verdict:<8} {finding.setting}: {finding.sentence}")
    counts = Counter(finding.verdict for finding in found)
    console.say("", _summary(counts))
    if getattr(options, "json", False):
        console.result(json_output.check(found))
    return FAILED if counts[Verdict.WRONG] else OK


def _init(options: argparse.Namespace, console: Console) -> int:
    logging.disable()  # what goes wrong is told as a finding
    try:
        with signals_interrupt():
            if init(options, console) != OK:
                return FAILED
    except (KeyboardInterrupt, EOFError) as error:
        console.complain("", "What was answered is kept in .env.unfinished; init goes on with it.")
        raise error if isinstance(error, plans.Interruption) else KeyboardInterrupt from error
    except OSError as error:
        console.complain(f"The answers cannot be written to this folder: {error.strerror}.")
        return FAILED
    console.say("", "All of it once more:")
    code = _check(options, console)
    way = "web" if environment().get("SLACK_SIGNING_SECRET") and not environment().get("SLACK_APP_TOKEN") else "run"
    console.say(f"Start the bot with: {program()} {way}")
    return code


def _summary(counts: Mapping[Verdict, int]) -> str:
    wrong, warnings = counts[Verdict.WRONG], counts[Verdict.WARNING]
    parts = [f"{wrong} wrong"] if wrong else []
    parts += [f"{warnings} warning{'s' if warnings > 1 else ''}"] if warnings else []
    again = " Put that right and check again: what depends on it was not tried." if wrong else ""
    return f"{', '.join(parts)}.{again}" if parts else "Everything is ok."


def _history(options: argparse.Namespace, console: Console) -> int:
    configure("text", quiet=True)
    store = Store.existing(settings_for_a_terminal(console).database)
    try:
        steps = store.plans.history(options.plan) if options.plan else []
        newest = [] if options.plan else store.plans.recent()
    finally:
        store.database.close()
    found = bool(steps or newest)
    if options.json:
        console.result(json_output.steps(steps) if options.plan else [*map(json_output.plan_in_short, newest)])
    else:
        console.say(*[*step_lines(steps), *plan_lines(newest)] or ["Nothing is recorded."])
    return OK if found else FAILED


def _migrate(_options: argparse.Namespace, console: Console) -> int:
    settings = settings_for_a_terminal(console)
    configure(settings.log_format, quiet=True)
    Store(settings.database).database.close()
    console.say("The database is up to date.")
    return OK


def _valid(read: Callable[[str], object]) -> Callable[[str], object]:
    """`read` as argparse wants it: what it raises becomes the usage message."""

    def parse(text: str) -> object:
        try:
            return read(text)
        except CommandError as error:
            raise argparse.ArgumentTypeError(str(error).replace("`", "")) from error

    return parse


def _settings_for_a_server(required: tuple[str, ...]) -> Settings:
    """The settings of a command that serves Slack and logs from now on; raises `SettingsError`."""
    env = environment()
    settings = Settings.from_env(env, required=required)
    configure(settings.log_format)
    for name in env.quoted(NAMES):
        log.warning(TAKEN_OFF, extra={"setting": name})
    return settings


def plan_lines(plans: Iterable[Plan]) -> list[str]:
    """One line per plan: when it was asked for, its id, its state, what and by whom."""
    return [
        f"{plan.created_at:%Y-%m-%d %H:%M:%S}  {plan.id}  {plan.state:<10}  "
        f"{counted(plan.planned_rows, 'row')} tagged {plan.request.tag!r}{_in_queue(plan)}, "
        f"by {plan.request.requested_by or plan.request.origin}"
        for plan in plans
    ]


def _in_queue(plan: Plan) -> str:
    return f" in the queue {plan.request.queue}" if plan.request.queue != DEFAULT_QUEUE else ""


def step_lines(events: Iterable[Event]) -> list[str]:
    """One line per transition: when, from, to, who, counts; and why, below it, where that is not plain."""
    lines: list[str] = []
    for event in events:
        counts = ", ".join(f"{name} {value:,}" for name, value in event.counts.items() if isinstance(value, int))
        moved = f"{event.before} -> {event.after}" if event.before else event.after
        line = f"{event.at:%Y-%m-%d %H:%M:%S}  {moved:<24}  by {event.who}"
        lines.append(f"{line}  ({counts})" if counts else line)
        lines += [f"    {why}" for why in (event.reason or "").splitlines()]
    return lines
