"""The nearest command to one that was not understood, and the sentence that names it."""

import difflib
import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from bot.domain.options import COMMAND, DRY_RUN, OPTIONS, example
from bot.domain.plain_text import readable, shown
from bot.domain.preferences import WORDS
from bot.errors import CommandError

MAX_SUGGESTION = 240
MAX_WORDS = 30  # of a longer text nobody could say what was meant
ELSEWHERE = {
    **dict.fromkeys(
        ("status", "progress", "plans", "report", "reports", "results", "stats", "summary", "history"),
        "A plan's message in its channel says how it stands, and its thread has the counts.",
    ),
    **dict.fromkeys(
        ("list", "options", "commands", "usage", "show", "settings", "form"),
        f"`{COMMAND} help` lists what you can type.",
    ),
    **dict.fromkeys(
        ("plan", "start", "run", "assign", "new"),
        f"`{COMMAND}` alone asks for the usual plan; `{COMMAND} help` lists the options.",
    ),
    **dict.fromkeys(
        ("approve", "cancel", "stop", "retry", "undo"),
        "That is a button: press it below the plan's message, or in its thread.",
    ),
    "reassign": "Undo, below the report in a plan's thread, takes an assignment back; then ask for a new plan.",
    "dry": f"`{COMMAND} {DRY_RUN}` shows a plan and writes nothing.",
    "weekly": f"`{COMMAND} schedule add mon 09:00 Europe/Berlin` makes a plan come by itself.",
}
"""What people type for things that are done elsewhere."""

QUEUE_WORDS = ("queues", "queue")
SCHEDULE_WORDS = ("schedule", "schedules")
COMMAND_WORDS = frozenset({*WORDS, *ELSEWHERE, *QUEUE_WORDS, *SCHEDULE_WORDS, *OPTIONS, DRY_RUN, "help", "h"})
"""What the command may begin with, or is asked to by those who guess: no queue has such a name."""

_NAMES = (*OPTIONS, DRY_RUN)
_CLOSE = 0.75  # nearer words are one slip apart; "list" and "limit" are not
_PAIR = re.compile(r"([^\s:=]+)[:=](.+)", re.DOTALL)
_TWO_WORDS = re.compile(r"(group|order|sort|dry) (?:by|run)(?=[:=]|$)", re.IGNORECASE)
_ONE_WORD = {"group": "group_by", "order": "order", "sort": "order", "dry": DRY_RUN}
_UNIT = re.compile(r"([0-9]+)(?:(d|days?)|(w|weeks?)|(rows?)|%|percent)", re.IGNORECASE)
_PERSON = re.compile(r"<|[^\s@]+@|group:", re.IGNORECASE)
_BY_FORM = ("sample", "strategy", "order", "group_by", "limit")
"""Options whose values nothing else looks like; a number alone is most likely one of rows."""
_JOINED = {"tag": " ", "reviewers": ","}
"""What stands between the words of a value that may have several."""
_SAYS = re.compile(r"[^\W_]|[^\x00-\x7f]")  # more than dashes and the like
_FILLERS = frozenset({"and", "first", "for", "from", "in", "last", "of", "only", "past", "please", "split", "the"})
_SIMPLE = re.compile(r"[^\s\"'\u2018-\u201e`]+")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for an option, or, without a name, a word that is none.

    `is_open` when words behind it may have been meant to go on with it.
    """

    text: str
    name: str = ""
    is_open: bool = False


def misunderstood(items: Sequence[Typed], queues: Iterable[str] = ()) -> CommandError:
    """Why `items`, which have a stray word or an option twice, are no command, and what was probably meant.

    A command may begin with one of the `queues`.
    """
    place = next((place for place, item in enumerate(items) if not item.name), None)
    if place is None:
        counts = Counter(item.name for item in items)
        last = next(item for item in reversed(items) if counts[item.name] > 1)
        once = _written({last.name: last.text}) or example(last.name)
        return CommandError(f"`{last.name}` is given twice. Give it once: `{once}`.")
    words = [item.text for item in takewhile(lambda item: not item.name, items[place:])]
    before = items[place - 1] if place else None
    behind = f" behind `{shown(f'{before.name}={before.text}')}`" if before and before.is_open else ""
    joined = _joined(items)
    first = next((item.text for item in joined if not item.name), words[0])
    return CommandError(f"I don't understand `{shown(' '.join(words))}`{behind}. {_hint(joined, first, queues)}")


def _hint(items: Sequence[Typed], first: str, queues: Iterable[str]) -> str:
    begins = not items[0].name
    alone = begins and len(items) == 1
    commands = [*queues, *WORDS, *QUEUE_WORDS, *SCHEDULE_WORDS, "help", *ELSEWHERE] if begins else []
    near = _nearest(first.lower().strip("-"), [*commands, *_NAMES], cutoff=_CLOSE if alone else 1)
    if near in commands:
        return ELSEWHERE.get(near, f"Did you mean `{COMMAND} {near}`?")
    usual = f"Did you mean `{example(near)}`?" if near else f"`{COMMAND} help` lists what exists."
    if near and alone and not _PAIR.fullmatch(first) and not _measured(first):
        return usual
    meant = _meant(items) if len(items) <= MAX_WORDS else None
    return f"Did you mean `{COMMAND} {meant}`?" if meant else usual


def _joined(items: Iterable[Typed]) -> list[Typed]:
    """`items` with what was typed as two words and is one: `group by`, `50 rows`, `days=2 weeks`."""
    joined: list[Typed] = []
    for item in items:
        one = None if item.name or not joined else _one(joined[-1], item.text)
        joined[-1 if one else len(joined) :] = [one or item]
    return joined


def _one(before: Typed, word: str) -> Typed | None:
    """What an item and the word behind it are together; None where they are two."""
    unit = _measured(before.text + word)
    if before.name:
        return unit if unit and unit.name == before.name else None
    both = f"{before.text} {word}"
    if found := _TWO_WORDS.match(both):
        return Typed(_ONE_WORD[found[1].lower()] + both[found.end() :])
    return Typed(before.text + word) if unit else None


def _meant(items: Iterable[Typed]) -> str | None:
    """The command that these items were probably meant to be, as it should be typed; None where nobody could say."""
    values: dict[str, str] = {}
    before: Typed | None = None
    rest = deque(items)
    while rest:
        item = rest.popleft()
        if not item.name:
            last = before.name if before and before.is_open else ""
            if last != "tag" and item.text.lower() in _FILLERS and (rest or before):
                continue
            found = _option(item.text, rest, last)
            if found is None:
                return None
            item = found
            if item.name in values and item.is_open and item.name in ("reviewers", last):
                item = replace(item, text=values.pop(item.name) + _JOINED[item.name] + item.text)
        if item.name in values:
            return None
        values[item.name] = item.text
        before = item
    return _written(values)


def _option(word: str, rest: deque[Typed], last: str) -> Typed | None:
    """What a stray word was probably meant for, perhaps with the word that follows, which is taken from `rest` then.

    None where nobody knows.
    """
    pair = _PAIR.fullmatch(word)
    named = (pair[1] if pair else word.strip(":")).lower()
    name = _nearest(named, _NAMES, cutoff=_CLOSE)
    if pair and name:
        return Typed(pair[2], name, is_open=name in _JOINED)
    if name == DRY_RUN:
        return Typed("", name)
    following = rest[0].text if rest and not rest[0].name else ""
    unit = _measured(f"1{word}" if word.lower() == "week" and not following and last != "tag" else word)
    if unit and (last != "tag" or unit.name != "sample"):
        return unit
    counted = _measured(following)
    value = counted.text if counted and counted.name == name else following
    if name and name != last and _is_valid(name, value):
        rest.popleft()
        return Typed(value, name, is_open=name in _JOINED)
    if name == named and last != "tag":
        return None
    if _PERSON.match(word):
        return Typed(word, "reviewers", is_open=True)
    by_form = (name for name in _BY_FORM if last != "tag" and _is_valid(name, word))
    name = next(by_form, "tag")
    return Typed(word, name, is_open=name == "tag")


def _measured(text: str) -> Typed | None:
    """A number with what it counts."""
    unit = _UNIT.fullmatch(text)
    if unit is None:
        return None
    number, days, weeks, rows = unit.groups()
    if days or weeks:
        return Typed(number if days else str(7 * int(number)), "days")
    return Typed(number, "limit") if rows else Typed(f"{number}%", "sample")


def _written(values: Mapping[str, str]) -> str | None:
    """The command as it is typed; None where a value would be refused, or cannot be repeated as it is."""
    if not all(name == DRY_RUN or (_is_valid(name, value) and _SAYS.search(value)) for name, value in values.items()):
        return None
    words = []
    for name, value in values.items():
        mark = "'" if '"' in value else '"'
        is_simple = name != "tag" and _SIMPLE.fullmatch(value)
        words.append(name if name == DRY_RUN else f"{name}={value}" if is_simple else f"{name}={mark}{value}{mark}")
    text = " ".join(words)
    both = any('"' in value and "'" in value for value in values.values())
    fits = len(text) <= MAX_SUGGESTION and readable(text) == text and "`" not in text and not both
    return text if fits else None


def _is_valid(name: str, value: str) -> bool:
    try:
        OPTIONS[name].valid(value)
    except CommandError:
        return False
    return bool(value)


def _nearest(word: str, words: Iterable[str], *, cutoff: float) -> str | None:
    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=cutoff)), None)
