"""The options of a command: their names, what is valid, and an example of each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.domain.choices import valid_group_by, valid_order, valid_sample, valid_strategy
from bot.domain.plain_text import as_seen, shown
from bot.domain.reading import is_quotable
from bot.domain.reviewers import NameKind, ReviewerName, parsed_name
from bot.domain.slack_text import DASHES
from bot.errors import CommandError

MAX_DAYS = 365
MAX_LIMIT = 1_000_000
MAX_TAG_LENGTH = 255
MAX_REVIEWERS = 500

COMMAND = "/assign-reviews"
DRY_RUN = "dry-run"
DEFAULT_QUEUE = "default"
"""The queue of the settings, which the operator changes."""

_PARTS = re.compile(r"(?:<[^<>]*>|[^,;\n\r\uff0c])+")  # what Slack writes behind the | of a mention may have commas


def valid_tag(value: str) -> str:
    """`value` as a tag; raises `CommandError`."""
    tag = as_seen(value).strip()
    if not tag or len(tag) > MAX_TAG_LENGTH:
        raise CommandError(f'A tag has 1 to {MAX_TAG_LENGTH} characters: `tag="My tag"`.')
    if not is_quotable(tag):
        raise CommandError(
            f"The tag `{shown(tag)}` has a backslash, a line break or another control character. BTQL does not say "
            "what these mean. Rename the tag in Braintrust, or choose another one."
        )
    return tag


def whole_number(value: str, *, name: str, most: int) -> int:
    """`value` as a number from 1 on; raises `CommandError`."""
    digits = value.strip()
    if name == "limit" and re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", digits):
        digits = digits.replace(",", "")
    if not re.fullmatch(r"[0-9]{1,9}", digits) or not 1 <= int(digits) <= most:
        raise CommandError(f"`{name}` is a whole number from 1 to {most:,}: `{example(name)}`.")
    return int(digits)


valid_days = partial(whole_number, name="days", most=MAX_DAYS)
"""A text as a number of days; raises `CommandError`."""
valid_limit = partial(whole_number, name="limit", most=MAX_LIMIT)
"""A text as a number of rows; raises `CommandError`."""


def valid_reviewers(value: str) -> tuple[str, ...]:
    """The names in `value`, separated by commas or lines, in their normal form, each once; raises `CommandError`."""
    parts = [part for part in _PARTS.findall(as_seen(value)) if part.strip()]
    if not 0 < len(parts) <= MAX_REVIEWERS:
        raise CommandError(f"Name 1 to {MAX_REVIEWERS} reviewers, separated by commas: `{example('reviewers')}`.")
    named: dict[tuple[NameKind, str], ReviewerName] = {}
    for name in map(parsed_name, parts):
        before = named.setdefault((name.kind, name.value), name)
        if before != name:
            raise CommandError(f"You name `{shown(before.text)}` and `{shown(name.text)}`. Name everybody once.")
    return tuple(name.text for name in named.values())


@dataclass(frozen=True, slots=True)
class Option:
    """An option that has a value."""

    example: str
    valid: Callable[[str], Any]
    """The value that was typed, understood; raises `CommandError`."""


OPTIONS: Mapping[str, Option] = {
    "tag": Option('tag="My tag"', valid_tag),
    "days": Option("days=14", valid_days),
    "limit": Option("limit=200", valid_limit),
    "reviewers": Option("reviewers=ana@example.com,ben@example.com", valid_reviewers),
    "strategy": Option("strategy=balanced", valid_strategy),
    "order": Option("order=oldest", valid_order),
    "sample": Option("sample=10%", valid_sample),
    "group_by": Option("group_by=trace", valid_group_by),
}


def example(name: str) -> str:
    """How an option is typed."""
    return OPTIONS[name].example if name in OPTIONS else name if name == DRY_RUN else f"{name}=100"


def option_name(typed: str) -> str | None:
    """The option that is called so, with or without dashes and underscores, in any letter case; None for no option."""
    name = typed.lower().translate(_NO_MARKS)
    return _BY_NAME.get(name)


_NO_MARKS = dict.fromkeys(map(ord, f"{DASHES}_"))
_BY_NAME = {name.translate(_NO_MARKS): name for name in (*OPTIONS, DRY_RUN)}
