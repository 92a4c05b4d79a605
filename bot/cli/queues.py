"""The commands about queues: list, export, import.  A file has them all, so that they can be reviewed and versioned."""

import argparse
from collections.abc import Sequence

from bot.adapters.braintrust.client import BraintrustClient
from bot.adapters.store.store import Store
from bot.cli.console import Console, program
from bot.cli.plans import NOBODY, settings_for_a_terminal
from bot.cli.queue_file import read_queues, write_queues
from bot.domain.plan import Origin
from bot.domain.queue import Queue, QueueChange
from bot.errors import CommandError
from bot.logs import configure
from bot.messages.text import counted
from bot.services.queues import QueueKeeper

OK, FAILED = 0, 1


def queues(options: argparse.Namespace, console: Console) -> int:
    """Do what was asked about queues."""
    if options.act != "list" and options.file is None:
        raise CommandError(f"Name a file: {program()} queues {options.act} queues.yml")
    settings = settings_for_a_terminal(console, ("BRAINTRUST_API_KEY",) if options.act == "import" else ())
    configure(settings.log_format, quiet=True)
    store = (Store if options.act == "import" else Store.existing)(settings.database)
    braintrust = BraintrustClient(settings.braintrust)
    keeper = QueueKeeper(store.queues, braintrust=braintrust, settings=settings, clock=store.clock)
    try:
        match options.act:
            case "list":
                console.say(*[_line(queue) for queue in keeper.all()] or ["No queue is stored."])
            case "export":
                return _export(keeper, options.file, console)
            case "import":
                return _import(keeper, options, console)
    finally:
        store.database.close()
    return OK


def _line(queue: Queue) -> str:
    return f"{queue.name}: " + ", ".join(f"{name} {text}" for name, text in queue.texts.items())


def _export(keeper: QueueKeeper, file: str, console: Console) -> int:
    stored = keeper.all()
    try:
        write_queues(file, stored)
    except OSError as error:
        console.complain(f"{file} cannot be written: {error.strerror}.")
        return FAILED
    console.say(f"{counted(len(stored), 'queue')} written to {file}.")
    return OK


def _import(keeper: QueueKeeper, options: argparse.Namespace, console: Console) -> int:
    """Make the stored queues those of the file, all or none, once somebody agreed."""
    found = keeper.changes_to(read_queues(options.file))
    if not found:
        console.say("The queues are as in the file already.")
        return OK
    console.say(*[line for change in found for line in _lines(change)])
    if options.dry_run:
        console.say("", "[dry-run] Nothing is changed.")
        return OK
    if not options.yes and not console.can_ask:
        console.complain(f"{NOBODY} --yes to do it without a question.")
        return FAILED
    if not options.yes and console.ask("Make these changes? [y/N]") not in ("y", "yes"):
        console.say("Nothing is changed.")
        return FAILED
    keeper.apply(found, who=Origin.TERMINAL.value)
    console.say("The queues are as in the file now.")
    return OK


def _lines(change: QueueChange) -> Sequence[str]:
    """What a change does, field by field."""
    before = change.before.texts if change.before else {}
    after = change.after.texts if change.after else {}
    if change.after is None:
        return [f"- {change.name} is removed, and its schedules end"]
    head = f"+ {change.name} is new" if change.before is None else f"~ {change.name} changes"
    differing = [name for name in before | after if before.get(name) != after.get(name)]
    return [head, *(f"    {name}: {before.get(name, '(none)')} -> {after.get(name, '(none)')}" for name in differing)]
