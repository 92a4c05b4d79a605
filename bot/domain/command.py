"""The command that people type after `/assign-reviews`, understood."""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from bot.domain.allocation import Strategy
from bot.domain.choices import RowOrder
from bot.domain.nearest import QUEUE_WORDS, SCHEDULE_WORDS, Typed, misunderstood
from bot.domain.options import COMMAND, DEFAULT_QUEUE, DRY_RUN, OPTIONS, example, option_name
from bot.domain.preferences import WORDS, PersonalCommand, PersonalWord, personal
from bot.domain.schedule import ScheduleCommand, about_schedules
from bot.domain.slack_text import DASHES, DOUBLE_QUOTES, EQUALS, undone, unquoted, words
from bot.errors import CommandError

MAX_TEXT_LENGTH = 8_000

_HELP = frozenset({"help", "h", "?"})
_OPTION = re.compile(rf"([^{EQUALS}]*)([{EQUALS}]?)")
_NO_QUOTES = dict.fromkeys(map(ord, DOUBLE_QUOTES))
_NAMED = re.compile(r"[@,;]|<!subteam\^|^group:", re.IGNORECASE)
_TERMS = re.compile(r":[0-9]|&lt;=|\u2264")


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """The person wants to know what there is."""


class QueueAct(StrEnum):
    """What can be done about queues."""

    LIST = "list"
    NEW = "new"
    EDIT = "edit"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class QueueCommand:
    """The person wants to see or change queues; `name` is that of the one to be changed."""

    act: QueueAct
    name: str = ""


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """The person wants a plan; what is None was not typed and comes from its queue."""

    queue: str | None = None
    """None: the queue of the settings."""
    tag: str | None = None
    days: int | None = None
    limit: int | None = None
    reviewers: tuple[str, ...] | None = None
    dry_run: bool = False
    strategy: Strategy | None = None
    order: RowOrder | None = None
    sample: Fraction | None = None
    group_by: str | None = None


Command = HelpCommand | PlanCommand | PersonalCommand | QueueCommand | ScheduleCommand


def parsed(text: str, queues: Callable[[], Collection[str]] = tuple) -> Command:
    """The command in `text`, as Slack sends it; raises `CommandError` with the nearest valid form.

    It may begin with one of the `queues`, which are asked for only where something like a name stands there.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise CommandError(f"That is too long for a command: at most {MAX_TEXT_LENGTH:,} characters.")
    typed = words(text)
    if typed[:1] == [COMMAND]:  # pasted as a whole
        del typed[0]
    first = typed[0].lower().lstrip(DASHES) if typed else ""
    if first in _HELP and len(typed) == 1:
        return HelpCommand()
    if first in WORDS:
        return personal(PersonalWord(first), [undone(word) for word in typed[1:]])
    if first in QUEUE_WORDS:
        return _about_queues([word.lower() for word in typed[1:]])
    if first in SCHEDULE_WORDS:
        return about_schedules([undone(word) for word in typed[1:]], queues)
    known = queues() if re.fullmatch(r"[a-z][a-z0-9-]*", first) and option_name(first) is None else ()
    if first == DEFAULT_QUEUE or first in known:
        return replace(_plan(typed[1:], ()), queue=first)
    return _plan(typed, known)


def _about_queues(rest: Sequence[str]) -> QueueCommand:
    if not rest or rest == [QueueAct.LIST]:
        return QueueCommand(QueueAct.LIST)
    if rest == [QueueAct.NEW]:
        return QueueCommand(QueueAct.NEW)
    if len(rest) == 2 and rest[0] in (QueueAct.EDIT, QueueAct.REMOVE):
        return QueueCommand(QueueAct(rest[0]), rest[1])
    forms = ("queues", "queue new", "queue edit NAME", "queue remove NAME")
    raise CommandError(f"About queues you can write {', '.join(f'`{COMMAND} {form}`' for form in forms)}.")


def _plan(typed: Sequence[str], queues: Collection[str]) -> PlanCommand:
    items = list(_read(_gathered(typed)))
    values = {item.name: item.text for item in items if item.name}
    if len(values) < len(items):
        raise misunderstood(items, queues)
    dry_run = values.pop(DRY_RUN, None) is not None
    return PlanCommand(dry_run=dry_run, **{name: OPTIONS[name].valid(value) for name, value in values.items()})


def _gathered(typed: Sequence[str]) -> list[str]:
    """`typed` with the reviewers as one word: Slack puts a space behind each person picked from its list, also before
    a weight or a cap.
    """
    gathered: list[str] = []
    for word in typed:
        name, _, value = _split(gathered[-1]) if gathered else (None, "", "")
        is_open = name == "reviewers" and unquoted(value) in (value, None)
        if is_open and value and _TERMS.match(word):
            gathered[-1] += word
        elif is_open and _NAMED.search(word) and _split(word)[0] is None:
            gathered[-1] += ("," if value else "" if gathered[-1].endswith(tuple(EQUALS)) else "=") + word
        else:
            gathered.append(word)
    return gathered


def _read(typed: Sequence[str]) -> Iterator[Typed]:
    """Every option with its value, and every word that is none.  A value may stand behind `--name`, or `name =`."""
    rest = deque(typed)
    while rest:
        word = rest.popleft()
        name, equals, value = _split(word)
        if name == DRY_RUN and equals:
            raise CommandError(f"`{name}` takes no value. Write just `{name}`.")
        if name and not equals and rest and rest[0].startswith(tuple(EQUALS)):
            equals, value = "=", rest.popleft()[1:]
        has_value = bool(equals) or word.startswith(tuple(DASHES))
        if name is None or not (has_value or name == DRY_RUN):
            yield Typed(undone(unquoted(word) or word, people=True))
        else:
            awaited = name != DRY_RUN and not value and rest and not _begins_option(rest[0])
            yield _value(name, rest.popleft() if awaited else value)


def _value(name: str, raw: str) -> Typed:
    inner = unquoted(raw)
    if name == "reviewers":
        return Typed(undone(raw.translate(_NO_QUOTES), people=True), name, is_open=inner in (raw, None))
    if inner is None:
        raise CommandError(f"The value of `{name}` has an opening quote and no closing one: `{example(name)}`.")
    return Typed(undone(inner), name, is_open=inner == raw and name == "tag")


def _begins_option(word: str) -> bool:
    name, equals, _ = _split(word)
    return name is not None and (name == DRY_RUN or bool(equals) or word.startswith(tuple(DASHES)))


def _split(word: str) -> tuple[str | None, str, str]:
    """The option that `word` begins with, the equals sign, and what stands behind it, raw."""
    found = _OPTION.match(word)
    return (option_name(found[1]), found[2], word[found.end() :]) if found else (None, "", "")
