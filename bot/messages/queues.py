"""Words about queues: their list, and what became of a change."""

from collections.abc import Mapping, Sequence

from bot.domain.options import COMMAND, DEFAULT_QUEUE
from bot.domain.plain_text import shown
from bot.domain.queue import FIELDS, Queue
from bot.messages.answers import sentence
from bot.messages.blocks import BLOCKS_MAX, Block, Message, actions, section
from bot.messages.buttons import edit_queue_button, new_queue_button, run_queue_button
from bot.messages.text import code, counted, last_days, number

LONGEST_FIELD = 400  # all of them fit a section
MAX_QUEUES = (BLOCKS_MAX - 2) // 2


def queue_list(default: Queue, queues: Sequence[Queue]) -> Message:
    """Every queue with its button; where there are too many for one message, the last ones are only counted."""
    listed = [default, *queues][:MAX_QUEUES]
    lines = [described(queue) for queue in listed]
    blocks = [block for queue in listed for block in _with_buttons(queue)]
    left = len(queues) + 1 - len(listed)
    closing = f"{counted(left, 'more queue')} exist. " if left else ""
    closing += f"`{COMMAND} NAME` makes a plan of one, `{COMMAND} queue edit NAME` changes it."
    return Message("\n".join([*lines, closing]), (*blocks, actions([new_queue_button()]), section(closing)))


def _with_buttons(queue: Queue) -> list[Block]:
    """A queue with what can be done with it; that of the settings is not changed here."""
    more = [] if queue.name == DEFAULT_QUEUE else [edit_queue_button(queue.name)]
    return [section(described(queue)), actions([run_queue_button(queue.name), *more])]


def described(queue: Queue) -> str:
    """One queue in two lines."""
    if queue.name == DEFAULT_QUEUE:
        project = "the project of the settings, which the bot's operator changes"
    else:
        project = f"project {code(queue.project)}"
    tag = f"tag {code(queue.tag)}" if queue.tag else "no tag"
    terms = [
        f"filter {code(queue.filter)}" if queue.filter else "",
        f"strategy `{queue.strategy}`",
        f"at most {counted(queue.limit, 'row')}" if queue.limit else "",
        f"only in <#{queue.channel}>" if queue.channel else "",
    ]
    who = f"for {counted(len(queue.reviewers), 'name')}" if queue.reviewers else "no reviewers"
    detail = ", ".join(filter(None, [tag, last_days(queue.days), who, *terms]))
    return f"*{queue.name}* · {project}\n{detail}"


def removing_queue(name: str) -> Message:
    """The answer while it is found out whether the person may."""
    return sentence(f"Removing the queue {code(name)} …")


def removed_queue(name: str, *, schedules: int) -> Message:
    """After a removal, with the number of schedules that ended by it."""
    ended = f" {counted(schedules, 'schedule')} of it {'has' if schedules == 1 else 'have'} ended." if schedules else ""
    return sentence(f"The queue {code(name)} is removed.{ended} Its plans stay as they are.")


def conflict_sentence(now: Queue | None, typed: Mapping[str, str]) -> str:
    """For somebody who changed a queue that another one changed meanwhile: in what theirs differs."""
    if now is None:
        return "Somebody removed this queue meanwhile. Save to make it anew, or close this."
    differing = [name for name in FIELDS if now.texts.get(name, "") != typed.get(name, "")]
    theirs = "; ".join(f"{FIELDS[name].label}: `{_short(now, name)}`" for name in differing)
    kept = f"With them it has {theirs}." if differing else "It is as you have it."
    return f"Somebody saved this queue meanwhile, so yours is not saved yet. Save again to have yours. {kept}"


def _short(queue: Queue, name: str) -> str:
    return shown(queue.texts.get(name) or "empty", length=LONGEST_FIELD)


def found_sentence(name: str, matching: int | None, unassigned: int | None) -> str:
    """How many rows a queue finds just now, as far as Braintrust counts them."""
    if matching is None:
        return f"Queue `{name}`: Braintrust does not count its rows."
    free = "" if unassigned is None else f", {number(unassigned)} unassigned"
    return f"Queue `{name}`: {counted(matching, 'row')} match{'es' if matching == 1 else ''}{free}."
