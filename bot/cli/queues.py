"""The commands about queues: list, export, import.  A file has them all, so that they can be reviewed and versioned."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.braintrust.client import BraintrustClient
from bot.adapters.store.store import Store
from bot.cli.console import Console, program
from bot.cli.plans import NOBODY, settings_for_a_terminal
from bot.domain.plain_text import shown
from bot.domain.plan import Origin
from bot.domain.queue import LISTS, Queue, QueueChange
from bot.errors import CommandError, QueueError
from bot.logs import configure
from bot.services.queues import QueueKeeper

OK, FAILED = 0, 1
LARGEST_FILE = 1_000_000


def queues(options: argparse.Namespace, console: Console) -> int:
    """Do what was asked about queues."""
    if options.act != "list" and options.file is None:
        raise CommandError(f"Name a file: {program()} queues {options.act} queues.yml")
    settings = settings_for_a_terminal(console, ("BRAINTRUST_API_KEY",) if options.act == "import" else ())
    configure(settings.log_format, quiet=True)
    store = Store(settings.database)
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
    text = yaml.safe_dump({"queues": {queue.name: _fields(queue) for queue in keeper.all()}}, sort_keys=False)
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        console.complain(f"{file} cannot be written: {error.strerror}.")
        return FAILED
    console.say(f"{len(keeper.all())} queues are in {file}.")
    return OK


def _fields(queue: Queue) -> dict[str, Any]:
    return {name: text.split(",") if name in LISTS else text for name, text in queue.texts.items()}


def _import(keeper: QueueKeeper, options: argparse.Namespace, console: Console) -> int:
    """Make the stored queues those of the file, all or none, once somebody agreed."""
    found = keeper.changes_to(_read(options.file))
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


def _read(file: str) -> Mapping[str, Mapping[str, str]]:
    """The texts of each queue's fields in a file; raises `CommandError` and `QueueError`."""
    try:
        text = Path(file).read_text(encoding="utf-8")
        if len(text) > LARGEST_FILE:
            raise CommandError(f"{file} is too large to be a list of queues.")
        found = yaml.safe_load(text)
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{file} is not YAML: {' '.join(str(error).split())[:200]}.") from error
    named = found.get("queues") if isinstance(found, dict) else None
    if not isinstance(named, dict) or len(found) > 1:
        raise CommandError(f"{file} has to begin with `queues:`, and each queue's name and fields below it.")
    problems = {
        shown(str(name)): "Its fields stand below its name, each with a value: `tag: needs-review`."
        for name, fields in named.items()
        if not isinstance(fields, dict)
    }
    if problems:
        raise QueueError(problems)
    return {str(name): {str(key): _text(value) for key, value in fields.items()} for name, fields in named.items()}


def _text(value: object) -> str:
    """A value as people would write it; what is none of a queue's is refused by its field."""
    return ",".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
