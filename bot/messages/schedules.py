"""Words about schedules: their list, what became of a change, and why the bot paused one."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from bot.domain.options import COMMAND
from bot.domain.plan import PlanState
from bot.domain.schedule import Outcome, Schedule
from bot.domain.working_hours import zone
from bot.messages.answers import sentence
from bot.messages.blocks import BLOCKS_MAX, SECTION_TEXT_MAX, Message, section
from bot.messages.text import code, counted, mention, said

HOW = (
    f"`{COMMAND} schedule add mon,thu 09:00 Europe/Berlin` adds one, with the name of a queue behind it where you like."
)
CHANGES = "`pause ID until 2027-01-31`, `resume ID`, `run ID` and `remove ID` stand behind `schedule` too."
MAX_LIST_LENGTH = 12_000  # what a message holds is not documented; a good deal more than this is refused
_UNFINISHED = {
    PlanState.EMPTY: "nothing to assign",
    PlanState.FAILED: "no plan was made",
    PlanState.CANCELLED: "cancelled",
    PlanState.EXPIRED: "nobody approved it",
}
LOOKING = sentence("Looking at the schedules …")


def schedule_list(schedules: Sequence[Schedule], *, now: datetime, viewer: str | None) -> Message:
    """Every schedule, with its next times in its zone and the viewer's; the last ones only counted where need be."""
    if not schedules:
        return sentence(f"There is no schedule yet. {HOW}")
    shown: list[str] = []
    for schedule in schedules:
        line = described(schedule, now=now, viewer=viewer)
        if sum(map(len, shown)) + len(line) > MAX_LIST_LENGTH:
            break
        shown.append(line)
    left = len(schedules) - len(shown)
    more = f"{counted(left, 'more schedule')} not shown. " if left else ""
    closing = f"{more}{HOW} {CHANGES}"
    sections = [section(text) for text in _packed(shown)]
    return Message("\n".join([*shown, closing]), (*sections[: BLOCKS_MAX - 1], section(closing)))


def described(schedule: Schedule, *, now: datetime, viewer: str | None) -> str:
    """One schedule in up to three lines."""
    whose = f"by {mention(schedule.owner)}" if schedule.owner else "from the settings, which the operator changes"
    head = f"*{schedule.id}* · `{schedule.queue}` in <#{schedule.channel}> · {schedule.weekly} · {whose}"
    return "\n".join(filter(None, [head, _standing(schedule, now), _next(schedule, now, viewer), _last(schedule)]))


def added_schedule(schedule: Schedule, *, now: datetime, viewer: str | None) -> Message:
    """After an addition."""
    return sentence(f"The schedule is added.\n{described(schedule, now=now, viewer=viewer)}")


def known_schedule(schedule: Schedule) -> Message:
    """Where there is the same one already."""
    return sentence(f"There is this schedule already: {code(schedule.id)}. Nothing was added.")


def paused_schedule(schedule: Schedule, until: date | None) -> Message:
    """After a pause."""
    if until:
        return sentence(f"The schedule {code(schedule.id)} is paused. It goes on by itself on {until}.")
    return sentence(f"The schedule {code(schedule.id)} is paused. {_resume(schedule)}")


def resumed_schedule(schedule: Schedule) -> Message:
    """After a pause ended."""
    first = schedule.next_fire_at
    when = f" Its next time is {_times([first], schedule.weekly.zone)}." if first else ""
    return sentence(f"The schedule {code(schedule.id)} goes on.{when}")


def removed_schedule(schedule: Schedule) -> Message:
    """After a removal."""
    return sentence(f"The schedule {code(schedule.id)} is removed. Its plans stay as they are.")


def stopped_schedule(schedule: Schedule) -> Message:
    """To the owner, or to an admin: the bot paused a schedule."""
    what = f"The schedule {code(schedule.id)} of the queue {code(schedule.queue)} in <#{schedule.channel}> is paused."
    return sentence(f"{what} {said(schedule.trouble or '')} Once that is put right, {_resume(schedule).lower()}")


def _resume(schedule: Schedule) -> str:
    return f"`{COMMAND} schedule resume {schedule.id}` lets it go on."


def _standing(schedule: Schedule, now: datetime) -> str:
    if schedule.trouble:
        return f"paused: {said(schedule.trouble)}"
    if not schedule.is_paused(now):
        return ""
    until = schedule.paused_until
    return f"paused until {until.astimezone(zone(schedule.weekly.zone)):%Y-%m-%d}" if until else "paused"


def _next(schedule: Schedule, now: datetime, viewer: str | None) -> str:
    coming = schedule.coming(now)
    if not coming:
        return ""
    theirs, same = _times(coming, schedule.weekly.zone), viewer in (None, schedule.weekly.zone)
    return f"next: {theirs}" if viewer is None or same else f"next: {theirs}; for you {_times(coming, viewer)}"


def _last(schedule: Schedule) -> str:
    if schedule.last is None:
        return ""
    return f"last: {_times([schedule.last.at], schedule.weekly.zone)}, {_outcome(schedule.last)}"


def _outcome(last: Outcome) -> str:
    if last.plan_id is None:
        return "missed"
    what = _UNFINISHED.get(last.state) if last.state else None
    return f"plan `{last.plan_id}`, {what}" if what else f"plan `{last.plan_id}`"


def _times(instants: Iterable[datetime], name: str) -> str:
    return ", ".join(f"{instant.astimezone(zone(name)):%a %d %b %H:%M}" for instant in instants)


def _packed(lines: Iterable[str]) -> list[str]:
    """Lines together in as few sections as hold them."""
    packed: list[str] = []
    for line in lines:
        if packed and len(packed[-1]) + 1 + len(line) <= SECTION_TEXT_MAX:
            packed[-1] += f"\n{line}"
        else:
            packed.append(line)
    return packed
