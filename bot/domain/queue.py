"""Queues: what is reviewed, by whom and where.  People name them, and write each of their fields as one text."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bot.domain.allocation import Strategy
from bot.domain.btql import FILTER_EXAMPLE, valid_filter
from bot.domain.choices import valid_group_by, valid_strategy
from bot.domain.nearest import COMMAND_WORDS
from bot.domain.options import (
    COMMAND,
    DEFAULT_QUEUE,
    MAX_LIMIT,
    option_name,
    valid_days,
    valid_limit,
    valid_reviewers,
    valid_tag,
    whole_number,
)
from bot.domain.plain_text import as_seen, shown
from bot.errors import CommandError, QueueError

MAX_PROJECT_LENGTH = 255
MAX_APPROVERS = 100
MAX_REVIEWERS_LENGTH = 3_000  # what an input of the form holds: slack_sdk PlainTextInputElement.max_length
DEFAULT_IS_OF_THE_SETTINGS = "The queue `default` is that of the bot's settings, so the operator changes it."
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_CHANNEL = re.compile(r"(?:<#)?([CG][A-Z0-9]{2,})(?:\|[^<>]*)?>?", re.IGNORECASE)
_APPROVER = re.compile(r"(?:<(?:@|!subteam\^))?([UWS][A-Z0-9]{2,})(?:\|[^<>]*)?>?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Queue:
    """Which rows are reviewed by whom; what is None is not limited, or not told."""

    name: str
    project_id: str
    """Braintrust's id of the project, found when the queue is saved."""
    tag: str
    reviewers: tuple[str, ...]
    project: str = ""
    """The project as it was named."""
    days: int = 7
    filter: str | None = None
    strategy: Strategy = Strategy.EVEN
    group_by: str | None = None
    max_open_rows: int | None = None
    max_new_rows: int | None = None
    limit: int | None = None
    channel: str | None = None
    """The only channel where its plans are asked for, and that of its scheduled ones."""
    approvers: frozenset[str] = frozenset()
    """Who may approve its plans; empty: those of the settings."""
    version: int = field(default=0, compare=False)
    """Grows with every change; 0: not stored."""

    @property
    def texts(self) -> dict[str, str]:
        """Its fields as people write them, without those that say nothing."""
        return {name: text for name in FIELDS if (text := _written(getattr(self, name)))}


class QueueConflictError(CommandError):
    """Somebody changed, made or removed a queue meanwhile; `now` is what it is since, None where it is gone."""

    def __init__(self, now: Queue | None) -> None:
        gone = "Somebody removed the queue meanwhile." if now is None else ""
        super().__init__(gone or f"Somebody changed the queue `{now.name if now else ''}` meanwhile. Look at it again.")
        self.now = now


def valid_name(value: str) -> str:
    """`value` as the name of a queue; raises `CommandError`."""
    name = value.strip()
    if name == DEFAULT_QUEUE:
        raise CommandError(DEFAULT_IS_OF_THE_SETTINGS)
    if not _NAME.fullmatch(name):
        raise CommandError(
            "A queue's name has 1 to 40 small letters, digits and hyphens, and begins with a letter: `support-de`."
        )
    if name in COMMAND_WORDS or option_name(name):
        raise CommandError(f"`{name}` is a word of the command, so no queue can have this name: `{name}-queue`.")
    return name


def no_queue(name: str, known: Iterable[str]) -> CommandError:
    """For a name that no queue has: the nearest of those that are known."""
    near = next(iter(difflib.get_close_matches(name, [*known, DEFAULT_QUEUE], n=1)), None)
    hint = f"Did you mean `{near}`?" if near else f"`{COMMAND} queues` lists those that exist."
    return CommandError(f"There is no queue `{shown(name)}`. {hint}")


def new_queue(name: str, texts: Mapping[str, str], *, version: int = 0) -> Queue:
    """The queue that somebody describes; raises `QueueError` with a sentence for each field that is wrong.

    `version` is the one that they change; 0: there is none yet.
    """
    problems: dict[str, str] = {}
    try:
        name = valid_name(name)
    except CommandError as error:
        problems["name"] = str(error)
    try:
        queue = queue_of(name, texts, version=version)
    except QueueError as error:
        raise QueueError(problems | dict(error.problems)) from error
    if problems:
        raise QueueError(problems)
    return queue


def queue_of(name: str, texts: Mapping[str, str], *, project_id: str = "", version: int = 0) -> Queue:
    """The queue whose fields these texts are; raises `QueueError` with a sentence for each that is wrong."""
    problems = {key: f"A queue has no field `{shown(key)}`." for key in texts if key not in FIELDS}
    values: dict[str, Any] = {}
    for key, queue_field in FIELDS.items():
        text = texts.get(key, "").strip()
        if not text and queue_field.is_required:
            problems[key] = f"A queue needs this: `{queue_field.example}`."
        elif text:
            try:
                values[key] = queue_field.valid(text)
            except CommandError as error:
                problems[key] = str(error)
    if problems:
        raise QueueError(problems)
    return Queue(name, project_id, **values, version=version)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a queue."""

    label: str
    example: str
    valid: Callable[[str], Any]
    """The value of a text; raises `CommandError`."""
    hint: str = ""
    is_required: bool = False


def _valid_project(value: str) -> str:
    project = as_seen(value).strip()
    if not project.isprintable() or len(project) > MAX_PROJECT_LENGTH:
        raise CommandError(f"A project has a name of up to {MAX_PROJECT_LENGTH} characters, or an id.")
    return project


def _valid_reviewers(value: str) -> tuple[str, ...]:
    reviewers = valid_reviewers(value)
    if len(",".join(reviewers)) > MAX_REVIEWERS_LENGTH:
        raise CommandError(
            f"The reviewers of a queue have at most {MAX_REVIEWERS_LENGTH:,} characters. Name a group: `group:Support`."
        )
    return reviewers


def _valid_channel(value: str) -> str:
    if found := _CHANNEL.fullmatch(value.strip()):
        return found[1].upper()
    raise CommandError("A channel is named by its id: `C0123456789`.")


def _valid_approvers(value: str) -> frozenset[str]:
    named = [part for part in re.split(r"[\s,;]+", value) if part]
    if len(named) > MAX_APPROVERS:
        raise CommandError(f"Name at most {MAX_APPROVERS} approvers; a user group counts as one.")
    ids = [_APPROVER.fullmatch(part) for part in named]
    if wrong := next((part for part, found in zip(named, ids, strict=True) if found is None), None):
        raise CommandError(
            f"`{shown(wrong)}` is neither the id of a Slack user nor of a user group: `U0123456789,S0123456789`."
        )
    return frozenset(found[1].upper() for found in ids if found)


FIELDS: Mapping[str, Field] = {
    "project": Field("Project", "support-bot", _valid_project, "Its name in Braintrust, or its id.", is_required=True),
    "tag": Field("Tag", "needs-review", valid_tag, "Rows with this tag are reviewed.", is_required=True),
    "days": Field("Days", "7", valid_days, "How many days back a plan looks; 7 unless you say otherwise."),
    "filter": Field("Filter", FILTER_EXAMPLE, valid_filter, "A BTQL expression that the rows have to meet, too."),
    "reviewers": Field(
        "Reviewers",
        "ana@example.com:2,ben@example.com<=40,group:Support",
        _valid_reviewers,
        "E-mails, ids, @people or groups. `:2` gives twice as much, `<=40` caps somebody's open rows.",
        is_required=True,
    ),
    "strategy": Field("Strategy", "balanced", valid_strategy, "`even`, or `balanced`: the fewest open rows first."),
    "group_by": Field("Keep together", "trace", valid_group_by, "`trace`, or a field such as `metadata.session`."),
    "max_open_rows": Field(
        "Open rows per reviewer",
        "100",
        partial(whole_number, name="max_open_rows", most=MAX_LIMIT),
        "How many open rows a reviewer may have in all.",
    ),
    "max_new_rows": Field(
        "New rows per reviewer",
        "50",
        partial(whole_number, name="max_new_rows", most=MAX_LIMIT),
        "How many rows one plan gives a reviewer at most.",
    ),
    "limit": Field("Rows per plan", "200", valid_limit, "How many rows one plan hands out at most."),
    "channel": Field("Channel", "C0123456789", _valid_channel, "Its plans are asked for, and posted, only there."),
    "approvers": Field(
        "Approvers",
        "U0123456789,S0123456789",
        _valid_approvers,
        "Who may approve its plans; else those of the settings.",
    ),
}
"""The fields of a queue, in the order in which they are asked for."""
LISTS = ("reviewers", "approvers")
"""Those with several values, separated by commas."""


def _written(value: Any) -> str:
    if isinstance(value, tuple | frozenset):
        return ",".join(value if isinstance(value, tuple) else sorted(value))
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class QueueChange:
    """What becomes of one queue; None stands for no queue."""

    before: Queue | None
    after: Queue | None

    @property
    def name(self) -> str:
        """The queue's name."""
        known = self.after or self.before
        return known.name if known else ""

    @property
    def version(self) -> int:
        """The version that is changed; 0: there is none yet."""
        return self.before.version if self.before else 0


def changes(stored: Iterable[Queue], wanted: Iterable[Queue]) -> tuple[QueueChange, ...]:
    """What makes the `stored` queues the `wanted` ones, by name; those that are the same already are left out."""
    before, after = {queue.name: queue for queue in stored}, {queue.name: queue for queue in wanted}
    found = (QueueChange(before.get(name), after.get(name)) for name in sorted(before | after))
    return tuple(change for change in found if change.before != change.after)
