"""Schedules: queues whose plans come by themselves, at weekly times, and the commands about them."""

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.options import COMMAND, DEFAULT_QUEUE
from bot.domain.plain_text import shown
from bot.domain.plan import PlanState
from bot.domain.weekly import WeeklyTime, next_time, parsed_weekly
from bot.errors import CommandError

BY_SETTINGS = "weekly"
"""The id of the schedule that the settings make (`WEEKLY_POST`)."""
SHOWN_TIMES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a schedule's last time."""

    at: datetime
    """When it was due."""
    plan_id: str | None = None
    """The plan that was asked for; None where the time was missed."""
    state: PlanState | None = None
    """Where that plan is by now; None where it is stored no longer."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When plans of a queue are asked for by themselves, and how that went."""

    id: str
    weekly: WeeklyTime
    queue: str
    channel: str
    """Where it was added, or that of the settings.  A queue that has a channel of its own overrules it."""
    owner: str | None = None
    """The Slack user who added it; None: the operator, by the settings."""
    next_fire_at: datetime | None = None
    """None while it is paused without an end."""
    paused_until: datetime | None = None
    trouble: str | None = None
    """Why the bot paused it."""
    last: Outcome | None = None

    def is_paused(self, now: datetime) -> bool:
        """Whether it waits for a day, or for somebody who resumes it."""
        return self.next_fire_at is None or (self.paused_until is not None and self.paused_until > now)

    def coming(self, now: datetime) -> tuple[datetime, ...]:
        """Its next times; none while nobody knows when it goes on."""
        times: list[datetime] = []
        following = self.next_fire_at
        while following is not None and len(times) < SHOWN_TIMES:
            times.append(following)
            following = next_time(self.weekly, after=max(following, now))
        return tuple(times)

    def paused(self, until: date | None = None, *, trouble: str | None = None) -> "Schedule":
        """The same, paused until a day in its zone begins, or until it is resumed."""
        if until is None:
            return replace(self, next_fire_at=None, paused_until=None, trouble=trouble)
        begins = datetime.combine(until, time.min, tzinfo=ZoneInfo(self.weekly.zone))
        first = next_time(self.weekly, after=begins - timedelta(microseconds=1))
        return replace(self, next_fire_at=first, paused_until=begins, trouble=None)

    def resumed(self, now: datetime) -> "Schedule":
        """The same, going on with its first time from now if it is paused; what was wrong before is over."""
        if not self.is_paused(now):
            return self
        last = None if self.trouble else self.last
        following = next_time(self.weekly, after=now)
        return replace(self, next_fire_at=following, paused_until=None, trouble=None, last=last)


class ScheduleAct(StrEnum):
    """What can be done about schedules."""

    ADD = "add"
    LIST = "list"
    PAUSE = "pause"
    RESUME = "resume"
    RUN = "run"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class ScheduleCommand:
    """The person wants to see or change schedules."""

    act: ScheduleAct
    id: str = ""
    """Which one; empty where none is named."""
    until: str = ""
    """The day on which a paused one goes on, as it was typed."""
    weekly: WeeklyTime | None = None
    """When the one to be added comes."""
    queue: str = DEFAULT_QUEUE


_FORMS = {
    ScheduleAct.ADD: "add mon,thu 09:00 Europe/Berlin",
    ScheduleAct.LIST: "list",
    ScheduleAct.PAUSE: "pause ID until 2027-01-31",
    ScheduleAct.RESUME: "resume ID",
    ScheduleAct.RUN: "run ID",
    ScheduleAct.REMOVE: "remove ID",
}
_OTHER_WORDS = {
    **dict.fromkeys(("new", "create", "set"), ScheduleAct.ADD),
    **dict.fromkeys(("show", "all", "status"), ScheduleAct.LIST),
    **dict.fromkeys(("stop", "hold", "disable", "mute", "suspend"), ScheduleAct.PAUSE),
    **dict.fromkeys(("start", "continue", "enable", "unpause", "unmute"), ScheduleAct.RESUME),
    **dict.fromkeys(("fire", "now", "run-now", "plan"), ScheduleAct.RUN),
    **dict.fromkeys(("delete", "rm", "del", "drop", "cancel"), ScheduleAct.REMOVE),
}
"""What people type who mean one of the acts."""


def about_schedules(rest: Sequence[str], queues: Callable[[], Collection[str]]) -> ScheduleCommand:
    """The command whose words stand behind `schedule`; raises `CommandError` with the nearest valid form.

    `queues` are asked for only where one may be meant.
    """
    word, words = (rest[0].lower(), rest[1:]) if rest else (ScheduleAct.LIST.value, ())
    if word == ScheduleAct.ADD:
        return _added(words, queues)
    if word == ScheduleAct.LIST and not words:
        return ScheduleCommand(ScheduleAct.LIST)
    if word == ScheduleAct.PAUSE and len(words) > 2 and words[1].lower() in ("until", "till"):
        return ScheduleCommand(ScheduleAct.PAUSE, words[0].lower(), until=" ".join(words[2:]))
    if word in _FORMS and word != ScheduleAct.LIST and len(words) == 1:
        return ScheduleCommand(ScheduleAct(word), words[0].lower())
    raise CommandError(_nearest(word, rest))


def _added(words: Sequence[str], queues: Callable[[], Collection[str]]) -> ScheduleCommand:
    """A weekly time, and perhaps a queue behind it: a zone may have several words, and a queue the name of a zone."""
    try:
        return ScheduleCommand(ScheduleAct.ADD, weekly=parsed_weekly(" ".join(words)))
    except CommandError as error:
        why = error
    if not words:
        raise CommandError(f"Say when: {_written(ScheduleAct.ADD)}.")
    name, known = words[-1].lower(), {DEFAULT_QUEUE, *queues()}
    try:
        weekly = parsed_weekly(" ".join(words[:-1]))
    except CommandError as error:
        raise CommandError(f"{error if name in known else why} The whole: {_written(ScheduleAct.ADD)}.") from error
    if name not in known:
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
        raise CommandError(f"There is no queue `{shown(name)}`. Did you mean {_written(ScheduleAct.ADD, near[0])}?")
    return ScheduleCommand(ScheduleAct.ADD, weekly=weekly, queue=name)


def _nearest(word: str, rest: Sequence[str]) -> str:
    """A sentence with the form that was probably meant."""
    try:
        weekly = parsed_weekly(" ".join(rest))
    except CommandError:
        pass
    else:
        return f"Did you mean `{COMMAND} schedule add {weekly}`?"
    words = {act.value: act for act in ScheduleAct} | _OTHER_WORDS
    near = difflib.get_close_matches(word, words, n=1)
    if not near:
        return f"Write {', '.join(map(_written, ScheduleAct))}."
    meant = _written(words[near[0]])
    return f"Write {meant}." if word == near[0] and word in _FORMS else f"Did you mean {meant}?"


def _written(act: ScheduleAct, queue: str = "") -> str:
    return f"`{COMMAND} schedule {_FORMS[act]}{f' {queue}' if queue else ''}`"
