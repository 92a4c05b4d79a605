"""What is said about queues: their list, and what became of a change."""

from collections.abc import Sequence

from bot.domain.options import COMMAND, DEFAULT_QUEUE
from bot.domain.queue import Queue
from bot.messages.answers import sentence
from bot.messages.blocks import BLOCKS_MAX, Block, Message, section
from bot.messages.buttons import run_queue_button
from bot.messages.text import code, counted, last_days, number

MAX_QUEUES = BLOCKS_MAX - 2


def queue_list(default: Queue, queues: Sequence[Queue]) -> Message:
    """Every queue with its button; where there are too many for one message, the last ones are only counted."""
    shown = [default, *queues][:MAX_QUEUES]
    lines = [described(queue) for queue in shown]
    blocks: list[Block] = [
        section(line) | {"accessory": run_queue_button(queue.name)} for line, queue in zip(lines, shown, strict=True)
    ]
    left = len(queues) + 1 - len(shown)
    closing = f"{counted(left, 'more queue')} exist. " if left else ""
    closing += f"`{COMMAND} NAME` makes a plan of one, `{COMMAND} queue remove NAME` removes it."
    return Message("\n".join([*lines, closing]), (*blocks, section(closing)))


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
    who = counted(len(queue.reviewers), "reviewer or group") if queue.reviewers else "no reviewers"
    detail = ", ".join(filter(None, [tag, last_days(queue.days), who, *terms]))
    return f"*{queue.name}* · {project}\n{detail}"


def removing_queue(name: str) -> Message:
    """The answer while it is found out whether the person may."""
    return sentence(f"Removing the queue {code(name)} …")


def removed_queue(name: str) -> Message:
    """After a removal."""
    return sentence(f"The queue {code(name)} is removed. Its plans stay as they are.")


def found_sentence(name: str, matching: int | None, unassigned: int | None) -> str:
    """How many rows a queue finds just now, as far as Braintrust counts them."""
    if matching is None:
        return f"Queue `{name}`: Braintrust does not count its rows."
    free = "" if unassigned is None else f", {number(unassigned)} unassigned"
    return f"Queue `{name}`: {counted(matching, 'row')} match{'es' if matching == 1 else ''}{free}."
