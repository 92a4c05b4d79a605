"""What people type after `/assign-reviews`, understood."""

import difflib
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from bot.domain.allocation import Strategy
from bot.domain.choices import valid_group_by, valid_order, valid_sample, valid_strategy
from bot.domain.personal import WORDS, PersonalCommand, personal
from bot.domain.reading import is_quotable
from bot.domain.reviewer_names import NameKind, parsed_name
from bot.domain.selection import RowOrder
from bot.domain.typed import shown
from bot.errors import CommandError

MAX_DAYS = 365
MAX_LIMIT = 1_000_000
MAX_TAG_LENGTH = 255
MAX_REVIEWERS = 500
MAX_TEXT_LENGTH = 8_000

_TOKEN = re.compile(r"""(?:[^\s="']+=)?(?:"[^"]*"|'[^']*')(?=\s|$)|\S+""")
# What editors make of quotes and of two dashes.
_EDITED = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"') | dict.fromkeys("\u2018\u2019", "'"))
_DASHES = "-\u2012\u2013\u2014"
_PARTS = re.compile(r"(?:<[^<>]*>|[^,])+")  # what Slack writes behind the | of a mention may have commas
_MAILTO = re.compile(r"<mailto:[^|>]*\|([^>]*)>|<mailto:([^|>]*)>")


@dataclass(frozen=True, slots=True)
class HelpCommand:
    """The person wants to know what there is."""


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """The person wants a plan; what is None was not typed and comes from the settings."""

    tag: str | None = None
    days: int | None = None
    limit: int | None = None
    reviewers: tuple[str, ...] | None = None
    dry_run: bool = False
    strategy: Strategy | None = None
    order: RowOrder | None = None
    sample: Fraction | None = None
    group_by: str | None = None


def parsed(text: str) -> HelpCommand | PlanCommand | PersonalCommand:
    """The command in `text`; raises `CommandError` with the nearest valid form.

    Understands what Slack and its editors make of the text: `&amp;`, `<mailto:a@b|a@b>`, curly quotes, and the long
    dashes that replace `--`.
    """
    if len(text) > MAX_TEXT_LENGTH:
        raise CommandError(f"That is too long for a command: at most {MAX_TEXT_LENGTH:,} characters.")
    tokens = _TOKEN.findall(_plain(text))
    if [token.lower().lstrip(_DASHES) for token in tokens] == ["help"]:
        return HelpCommand()
    word = tokens[0].lower().lstrip(_DASHES) if tokens else ""
    if word in WORDS:
        return personal(word, tokens[1:])
    values: dict[str, str] = {}
    for name, value in _options(_gathered(tokens)):
        if name in values:
            raise CommandError(f"`{name}` is given twice. Give it once: `{_EXAMPLES[name]}`.")
        values[name] = value
    return PlanCommand(
        tag=_read(values, "tag", valid_tag),
        days=_read(values, "days", valid_days),
        limit=_read(values, "limit", valid_limit),
        reviewers=_read(values, "reviewers", valid_reviewers),
        dry_run="dry-run" in values,
        strategy=_read(values, "strategy", valid_strategy),
        order=_read(values, "order", valid_order),
        sample=_read(values, "sample", valid_sample),
        group_by=_read(values, "group_by", valid_group_by),
    )


def valid_tag(value: str) -> str:
    """`value` as a tag; raises `CommandError`."""
    tag = value.strip()
    if not tag or len(tag) > MAX_TAG_LENGTH:
        raise CommandError(f'A tag has 1 to {MAX_TAG_LENGTH} characters: `tag="My tag"`.')
    if not is_quotable(tag):
        raise CommandError(
            "A tag may not contain a backslash, a line break or another control character, because BTQL does not say "
            "what they mean. Rename the tag in Braintrust, or choose another one."
        )
    return tag


def valid_days(value: str) -> int:
    """`value` as a number of days; raises `CommandError`."""
    return _whole_number(value, name="days", most=MAX_DAYS)


def valid_limit(value: str) -> int:
    """`value` as a number of rows; raises `CommandError`."""
    return _whole_number(value, name="limit", most=MAX_LIMIT)


def valid_reviewers(value: str) -> tuple[str, ...]:
    """The names in the comma-separated `value` in their normal form, each as first named; raises `CommandError`."""
    parts = [part for part in _PARTS.findall(value) if part.strip()]
    if not 0 < len(parts) <= MAX_REVIEWERS:
        raise CommandError(f"Name 1 to {MAX_REVIEWERS} reviewers, separated by commas: `{_EXAMPLES['reviewers']}`.")
    named: dict[tuple[NameKind, str], str] = {}
    for name in map(parsed_name, parts):
        named.setdefault((name.kind, name.value), name.text)
    return tuple(named.values())


_T = TypeVar("_T")
_EXAMPLES = {
    "tag": 'tag="My tag"',
    "days": "days=14",
    "limit": "limit=200",
    "reviewers": "reviewers=ana@example.com,ben@example.com",
    "strategy": "strategy=balanced",
    "order": "order=oldest",
    "sample": "sample=10%",
    "group_by": "group_by=trace",
    "dry-run": "dry-run",
}
_REVIEWERS = re.compile(rf"(?:reviewers=|[{_DASHES}]+reviewers(?:=|$))(?![\"'])", re.IGNORECASE)
_NAMED = re.compile(r"[^=\"']*[@,][^=\"']*$|<!subteam\^")
_SWITCHES = frozenset({"dry-run"})


def _plain(text: str) -> str:
    """`text` as it was meant to be typed."""
    text = _MAILTO.sub(lambda match: match[1] or match[2], text)
    return html.unescape(text).translate(_EDITED)


def _gathered(tokens: list[str]) -> list[str]:
    """`tokens` with the reviewers as one of them: Slack puts a space behind each person picked from its list."""
    gathered: list[str] = []
    for token in tokens:
        if gathered and _REVIEWERS.match(gathered[-1]) and _NAMED.match(token):
            gathered[-1] += ("=" if "=" not in gathered[-1] else ",") + token
        else:
            gathered.append(token)
    return gathered


def _options(tokens: list[str]) -> list[tuple[str, str]]:
    """(name, value) of every option; `--tag x` takes its value from the next token."""
    options: list[tuple[str, str]] = []
    rest = iter(tokens)
    for token in rest:
        name, equals, value = token.partition("=")
        dashed = name.startswith(tuple(_DASHES))
        name = _known(name.lstrip(_DASHES).lower().replace("_", "-"), typed=token)
        if name in _SWITCHES and equals:
            raise CommandError(f"`{name}` takes no value. Write just `{name}`.")
        if name not in _SWITCHES and not equals:
            value = next(rest, "") if dashed else ""
        options.append((name, _unquoted(value, name)))
    return options


def _known(name: str, *, typed: str) -> str:
    name = {"dryrun": "dry-run", "group-by": "group_by"}.get(name, name)
    if name in _EXAMPLES:
        return name
    near = difflib.get_close_matches(name, [*_EXAMPLES, *WORDS, "help"], n=1, cutoff=0.5)
    hint = f"Did you mean `{_EXAMPLES.get(near[0], near[0])}`?" if near else "`/assign-reviews help` lists what exists."
    raise CommandError(f"I don't understand `{shown(typed)}`. {hint}")


def _unquoted(value: str, name: str) -> str:
    if value[:1] in ("'", '"') and (len(value) < 2 or value[-1] != value[0]):
        raise CommandError(f"The value of `{name}` has an opening quote and no closing one: `{_EXAMPLES[name]}`.")
    return value[1:-1] if value[:1] in ("'", '"') else value


def _read(values: dict[str, str], name: str, valid: Callable[[str], _T]) -> _T | None:
    return valid(values[name]) if name in values else None


def _whole_number(value: str, *, name: str, most: int) -> int:
    digits = value.strip()
    if name == "limit" and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", digits):
        digits = digits.replace(",", "")
    if not re.fullmatch(r"[0-9]{1,9}", digits) or not 1 <= int(digits) <= most:
        raise CommandError(f"`{name}` is a whole number from 1 to {most:,}: `{_EXAMPLES[name]}`.")
    return int(digits)
