"""Checks of the blocks of a message or a view, as strict as Slack documents them.  Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.slack import limits
from sandbox.slack.block_shapes import ELEMENTS, HOME, MESSAGE, MODAL, VIEW
from sandbox.slack.json_rules import Problem, Rule, items
from sandbox.slack.records import Json


def message_problems(blocks: Any, *, at: str = "/blocks") -> list[Problem]:
    """Everything wrong with the blocks of a message."""
    return _problems(blocks, MESSAGE, most=limits.MESSAGE_BLOCKS, at=at)


def view_problems(view: Any) -> list[Problem]:
    """Everything wrong with a modal or a home tab."""
    problems = list(VIEW(view, "/view"))
    if problems:
        return problems
    if view.get("type") not in ("modal", "home"):
        return [Problem("/view/type", f"unsupported type: {view.get('type')}")]
    if view["type"] == "modal" and "title" not in view:
        return [Problem("/view", "missing required field: title")]
    kind = MODAL if view["type"] == "modal" else HOME
    return _problems(view["blocks"], kind, most=limits.VIEW_BLOCKS, at="/view/blocks")


def text_length(blocks: Iterable[Json]) -> int:
    """How many characters people would read in these blocks."""
    return sum(len(one) for one in _texts(list(blocks)))


def interactive_elements(block: Json) -> list[Json]:
    """The buttons, menus and inputs of a block."""
    inner = [block.get("accessory"), block.get("element"), *block.get("elements", ())]
    return [one for one in inner if one and one["type"] in ELEMENTS]


def _problems(blocks: Any, kind: Rule, *, most: int, at: str) -> list[Problem]:
    return list(items(kind, most, 0)(blocks, at)) or list(_contradictions(blocks, at))


def _contradictions(blocks: list[Json], at: str) -> Iterator[Problem]:
    """What is wrong with blocks that are right each for itself."""
    for block_id in _repeated(blocks, "block_id"):
        yield Problem(at, f"`block_id` already exists: {block_id}")
    for index, block in enumerate(blocks):
        for action_id in _repeated(interactive_elements(block), "action_id"):
            yield Problem(f"{at}/{index}", f"`action_id` already exists: {action_id}")
        if block["type"] == "data_table" and text_length([block]) > limits.TABLE_TEXT:
            yield Problem(f"{at}/{index}", f"must be less than {limits.TABLE_TEXT + 1} characters")


def _repeated(named: Iterable[Json], key: str) -> list[str]:
    ids = Counter(one[key] for one in named if key in one)
    return sorted(one for one, count in ids.items() if count > 1)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "text" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
