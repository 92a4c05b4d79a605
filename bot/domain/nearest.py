"""The nearest command to one that was not understood, and the sentence that names it."""

import difflib
import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TypeAlias

from bot.domain.options import COMMAND, DRY_RUN, OPTIONS, example
from bot.domain.personal import WORDS
from bot.domain.typed import shown
from bot.domain.unseen import readable
from bot.errors import CommandError

MAX_SUGGESTION = 240
MAX_WORDS = 30  # of a longer text nobody could say what was meant
ELSEWHERE = {
    **dict.fromkeys(
        ("status", "progress", "plans", "queue", "queues"),
        "A plan's message in its channel says how it stands, and its thread has the counts.",
    ),
    **dict.fromkeys(
        ("list", "options", "commands", "usage", "show", "settings"), f"`{COMMAND} help` lists what you can type."
    ),
    **dict.fromkeys(
        ("plan", "start", "run", "assign", "new", "default"),
        f"`{COMMAND}` alone asks for the usual plan; `{COMMAND} help` lists the options.",
    ),
    **dict.fromkeys(
        ("approve", "cancel", "stop", "retry", "undo"),
        "That is a button: press it below the plan's message, or in its thread.",
    ),
    **dict.fromkeys(("schedule", "weekly"), "The bot's operator sets the weekly plan (`WEEKLY_POST`)."),
}
"""What people type for things that are done elsewhere."""

_NAMES = (*OPTIONS, DRY_RUN)
_CLOSE = 0.75  # nearer words are one slip apart; "list" and "limit" are not
_PAIR = re.compile(r"([^\s:=]+)[:=](.+)", re.DOTALL)
_UNIT = re.compile(r"([0-9]+)(d|days?|rows?)", re.IGNORECASE)
_PERSON = re.compile(r"<|[^\s@]+@|group:", re.IGNORECASE)
_BY_FORM = ("sample", "strategy", "order", "group_by", "limit")
"""Options whose values nothing else looks like; a number alone is most likely one of rows."""
_JOINED = {"tag": " ", "reviewers": ","}
"""What stands between the words of a value that may have several."""
_SAYS = re.compile(r"[^\W_]|[^\x00-\x7f]")  # more than dashes and the like
_FILLERS = frozenset({"for", "from", "in", "of", "the", "last", "past", "please"})
_SIMPLE = re.compile(r"[^\s\"'\u2018-\u201e`]+")


@dataclass(frozen=True, slots=True)
class Value:
    """An option with what was typed for it; `is_open` when words behind it may have been meant to go on with it."""

    name: str
    value: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Stray:
    """A word that is no option."""

    text: str


Typed: TypeAlias = Value | Stray


def misunderstood(items: Sequence[Typed]) -> CommandError:
    """Why `items`, which have a stray word or an option twice, are no command, and what was probably meant."""
    place = next((place for place, item in enumerate(items) if isinstance(item, Stray)), None)
    if place is None:
        last = _repeated([item for item in items if isinstance(item, Value)])
        once = _written({last.name: last.value}) or example(last.name)
        return CommandError(f"`{last.name}` is given twice. Give it once: `{once}`.")
    strays = takewhile(lambda item: isinstance(item, Stray), items[place:])
    words = [item.text for item in strays if isinstance(item, Stray)]
    behind = _behind(items[place - 1]) if place else ""
    return CommandError(f"I don't understand `{shown(' '.join(words))}`{behind}. {_hint(items, words[0])}")


def _behind(item: Typed) -> str:
    """What was understood before a stray word, where that may have been meant to go on."""
    return f" behind `{shown(f'{item.name}={item.value}')}`" if isinstance(item, Value) and item.is_open else ""


def _hint(items: Sequence[Typed], first: str) -> str:
    alone = len(items) == 1
    commands = [*WORDS, "help", *ELSEWHERE] if isinstance(items[0], Stray) else []
    near = _nearest(first.lower().strip("-"), [*commands, *_NAMES], cutoff=_CLOSE if alone else 1)
    if near in commands:
        return ELSEWHERE.get(near, f"Did you mean `{COMMAND} {near}`?")
    usual = f"Did you mean `{example(near)}`?" if near and alone else f"`{COMMAND} help` lists what exists."
    if near and alone and not _PAIR.fullmatch(first):
        return usual
    meant = _meant(items) if len(items) <= MAX_WORDS else None
    return f"Did you mean `{COMMAND} {meant}`?" if meant else usual


def _meant(items: Iterable[Typed]) -> str | None:
    """The command that these items were probably meant to be, as it should be typed; None where nobody could say."""
    values: dict[str, str] = {}
    last, rest = "", deque(items)
    while rest:
        item = rest.popleft()
        if isinstance(item, Stray) and not last and rest and item.text.lower() in _FILLERS:
            continue
        if isinstance(item, Stray):
            following = rest[0].text if rest and isinstance(rest[0], Stray) else ""
            item, uses_two = _value(item.text, following, last)
            if uses_two:
                rest.popleft()
            if item.name in values and item.is_open and item.name in ("reviewers", last):
                item = replace(item, value=values.pop(item.name) + _JOINED[item.name] + item.value)
        if item.name in values:
            return None
        values[item.name] = item.value
        last = item.name if item.is_open else ""
    return _written(values)


def _value(word: str, following: str, last: str) -> tuple[Value, bool]:
    """What a stray word was probably meant for, and whether the word that follows belongs to it."""
    pair = _PAIR.fullmatch(word)
    name = _nearest((pair[1] if pair else word.strip(":")).lower(), _NAMES, cutoff=_CLOSE)
    if pair and name:
        return Value(name, pair[2], is_open=name in _JOINED), False
    if name == DRY_RUN or f"{word} {following}".lower() == "dry run":
        return Value(DRY_RUN, ""), name != DRY_RUN
    if name and name != last and _is_valid(name, following):
        return Value(name, following, is_open=name in _JOINED), True
    for one, uses_two in ((word, False), (word + following, True)):
        if unit := _UNIT.fullmatch(one):
            return Value("limit" if unit[2].lower().startswith("r") else "days", unit[1]), uses_two
    if _PERSON.match(word):
        return Value("reviewers", word, is_open=True), False
    by_form = (name for name in _BY_FORM if last != "tag" and _is_valid(name, word))
    name = next(by_form, "tag")
    return Value(name, word, is_open=name == "tag"), False


def _written(values: Mapping[str, str]) -> str | None:
    """The command as it is typed; None where a value would be refused, or cannot be repeated as it is."""
    if not all(name == DRY_RUN or (_is_valid(name, value) and _SAYS.search(value)) for name, value in values.items()):
        return None
    text = " ".join(name if name == DRY_RUN else f"{name}={_quoted(name, value)}" for name, value in values.items())
    both = any('"' in value and "'" in value for value in values.values())
    fits = len(text) <= MAX_SUGGESTION and readable(text) == text and "`" not in text and not both
    return text if fits else None


def _quoted(name: str, value: str) -> str:
    mark = "'" if '"' in value else '"'
    return value if name != "tag" and _SIMPLE.fullmatch(value) else f"{mark}{value}{mark}"


def _is_valid(name: str, value: str) -> bool:
    try:
        OPTIONS[name].valid(value)
    except CommandError:
        return False
    return bool(value)


def _nearest(word: str, words: Iterable[str], *, cutoff: float) -> str | None:
    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=cutoff)), None)


def _repeated(values: Sequence[Value]) -> Value:
    """The last one of an option that is given more than once."""
    counts = Counter(value.name for value in values)
    return next(value for value in reversed(values) if counts[value.name] > 1)
