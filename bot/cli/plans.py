"""The commands that read rows, write them and take them back: plan, stop, undo."""

import argparse
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from types import FrameType
from typing import NoReturn

from bot.adapters.store.store import Store
from bot.cli.console import Console
from bot.cli.terminal import Terminal
from bot.domain.command import PlanCommand
from bot.domain.options import DEFAULT_QUEUE
from bot.domain.plan import REPORTED, WRITING, Plan, PlanState
from bot.errors import CommandError
from bot.logs import configure
from bot.messages.lines import preview_line, reason_line, state_line, unfinished_line
from bot.messages.text import counted
from bot.settings import FOR_PLANNING, NAMES, DatabaseSettings, Settings, environment

OK, FAILED = 0, 1
FOR_KNOWN_PLANS = ("BRAINTRUST_API_KEY",)
TAKEN_OFF = "the quotes around it were taken off"
NOBODY = "Nobody can be asked here: pass"


def settings_for_a_terminal(console: Console, required: tuple[str, ...] = ()) -> Settings:
    """The settings of a command that people look at; raises `SettingsError`."""
    env = environment()
    console.complain(*(f"{name}: {TAKEN_OFF}." for name in env.quoted(NAMES)))
    return Settings.from_env(env, required=required)


class Interruption(KeyboardInterrupt):
    """A signal asked the process to end, as Ctrl-C does.  What that means was told."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def plan(options: argparse.Namespace, console: Console) -> int:
    """Read, show, and write once somebody agreed."""
    given = {"REVIEW_TAG": options.tag, "REVIEWERS": options.reviewers}
    needed = FOR_PLANNING if options.queue in (None, DEFAULT_QUEUE) else FOR_KNOWN_PLANS
    required = tuple(name for name in needed if not given.get(name))

    def carry_out(terminal: Terminal) -> int:
        for unfinished in terminal.unfinished():
            if not _settled(terminal, unfinished, options, console):
                return FAILED
        command = PlanCommand(**{field.name: getattr(options, field.name) for field in fields(PlanCommand)})
        proposed = terminal.propose(command)
        code = _carried_out(terminal, proposed, options, console)
        if options.json:
            console.result(terminal.in_full(proposed))
        return code

    return _worked(console, carry_out, required=required, opened=Store)


def stop(options: argparse.Namespace, console: Console) -> int:
    """End what goes on with a plan, whoever began it."""

    def carry_out(terminal: Terminal) -> int:
        found = terminal.plan(options.plan)
        if terminal.cancel(found):
            console.say(f"Plan {found.id} is cancelled. No rows updated.")
            return OK
        if found.state not in WRITING:
            raise CommandError(f"{state_line(found)} There is nothing to stop.")
        return OK if terminal.stop(found).state in REPORTED else FAILED

    return _worked(console, carry_out)


def undo(options: argparse.Namespace, console: Console) -> int:
    """Take an assignment back once somebody agreed, or go on with that."""

    def carry_out(terminal: Terminal) -> int:
        found = terminal.plan(options.plan)
        if found.state is PlanState.UNDOING:
            return _ended(terminal.finish(found), PlanState.UNDONE)
        counts = terminal.preview_undo(found)
        console.say(preview_line(found, counts))
        question = f"Take back {counted(counts.taken_back, 'row')}?"
        if not counts.taken_back or not _agreed(console, question, asked=not options.yes):
            console.say("No rows updated.")
            return FAILED
        return _ended(terminal.undo(found), PlanState.UNDONE)

    return _worked(console, carry_out)


def _worked(
    console: Console,
    carry_out: Callable[[Terminal], int],
    *,
    required: tuple[str, ...] = FOR_KNOWN_PLANS,
    opened: Callable[[DatabaseSettings], Store] = Store.existing,
) -> int:
    """What `carry_out` returns; after a signal, what it means and what is left are told."""
    settings = settings_for_a_terminal(console, required)
    configure(settings.log_format, quiet=True)
    with signals_interrupt():
        terminal = Terminal(settings, opened(settings.database), console)
        try:
            terminal.begin()
            return carry_out(terminal)
        except KeyboardInterrupt as error:
            console.complain(terminal.interrupt())
            raise error if isinstance(error, Interruption) else Interruption(signal.SIGINT) from error
        finally:
            terminal.close()


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, but for those that the caller wants to be ignored (nohup)."""

    def interrupt(number: int, _frame: FrameType | None) -> NoReturn:
        raise Interruption(number)

    numbers = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _settled(terminal: Terminal, unfinished: Plan, options: argparse.Namespace, console: Console) -> bool:
    """Whether a plan that was interrupted is in nobody's way any more; a dry run leaves it as it is."""
    console.say(unfinished_line(unfinished))
    if options.dry_run:
        console.say("A dry run leaves it as it is.")
        return True
    match _choice(unfinished, options, console):
        case "finish":
            console.say(f"Finishing plan {unfinished.id}, which was interrupted.")
            ended = terminal.finish(unfinished)
        case "stop":
            console.say(f"Stopping plan {unfinished.id}, which was interrupted.")
            ended = terminal.stop(unfinished)
        case _:
            console.complain(f"Plan {unfinished.id} is left as it is, and nothing is planned before it has ended.")
            return False
    if terminal.cancel(ended):
        console.say(f"Plan {ended.id} changed too much to go on; it was given up.")
    return True


def _choice(unfinished: Plan, options: argparse.Namespace, console: Console) -> str | None:
    """What becomes of a plan that was interrupted; None: it is left."""
    can_stop = unfinished.state in WRITING
    if options.resume or (options.yes and not options.abandon):
        return "finish"
    if options.abandon and can_stop:
        return "stop"
    if options.abandon or not console.can_ask:
        ways = "--resume to finish it, or --abandon to stop it" if can_stop else "--resume: it can only be finished"
        console.complain(f"{NOBODY} {ways}.")
        return None
    question = "Finish it, stop it, or leave it? [f/s/L]" if can_stop else "Finish it, or leave it? [f/L]"
    answer = console.ask(question)
    known = ["finish", "stop"] if can_stop else ["finish"]
    return next((word for word in known if answer in (word, word[0])), None)


def _carried_out(terminal: Terminal, proposed: Plan, options: argparse.Namespace, console: Console) -> int:
    if proposed.state is PlanState.SHOWN:
        console.say("", "[dry-run] No rows updated.")
        return OK
    if proposed.state is PlanState.EMPTY:
        return OK
    if proposed.state is not PlanState.PROPOSED:
        console.complain(reason_line(proposed))
        return FAILED
    while proposed.state is PlanState.PROPOSED:  # again when too much changed since it was shown
        if not _agreed(console, f"Assign {counted(proposed.planned_rows, 'row')}?", asked=not options.yes):
            terminal.cancel(proposed)
            console.say("No rows updated.")
            return FAILED
        proposed = terminal.assign(proposed)
    return _ended(proposed, PlanState.DONE)


def _agreed(console: Console, question: str, *, asked: bool) -> bool:
    if asked and not console.can_ask:
        console.complain(f"{NOBODY} --yes to do it without a question.")
        return False
    return not asked or console.ask(f"{question} [y/N]") in ("y", "yes")


def _ended(ended: Plan, well: PlanState) -> int:
    return OK if ended.state is well else FAILED
