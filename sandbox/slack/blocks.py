"""Checks of the blocks of a message or a view, as strict as Slack documents them.  Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
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
    problems = list(items(kind, most, 0)(blocks, at))
    if problems:
        return problems
    return [problem for check in _WHOLE_CHECKS for problem in check(blocks, at)]


def _repeated_block_ids(blocks: list[Json], at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            yield Problem(f"{at}/{index}/block_id", f"`block_id` already exists: {block_id}")
        if block_id:
            seen.add(block_id)


def _repeated_action_ids(blocks: list[Json], at: str) -> Iterator[Problem]:
    for index, block in enumerate(blocks):
        ids = Counter(element["action_id"] for element in interactive_elements(block) if "action_id" in element)
        repeated = sorted(action_id for action_id, count in ids.items() if count > 1)
        yield from (Problem(f"{at}/{index}", f"`action_id` already exists: {one}") for one in repeated)


def _long_tables(blocks: list[Json], at: str) -> Iterator[Problem]:
    for index, block in enumerate(blocks):
        if block["type"] == "data_table" and text_length([block]) > limits.TABLE_TEXT:
            yield Problem(f"{at}/{index}", f"must be less than {limits.TABLE_TEXT + 1} characters")


_WHOLE_CHECKS: tuple[Callable[[list[Json], str], Iterator[Problem]], ...] = (
    _repeated_block_ids,
    _repeated_action_ids,
    _long_tables,
)


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
