"""Blocks as plain text that a person can read in a terminal or a failed test.  Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.records import Ephemeral, Json, Message

_BUTTON_LIKE = ("button", "workflow_button")


def render_text(message: Message | Ephemeral) -> str:
    """What the message shows: its blocks if it has any, else its text; buttons as `[Approve]`, files as `(file: x)`."""
    files = [f"(file: {file.name})" for file in message.files] if isinstance(message, Message) else []
    shown = [rendered for block in message.blocks if (rendered := render_block(block))]
    return "\n".join([*(shown or [readable(message.text)]), *files])


def render_block(block: Json) -> str:
    """One block as one or more lines."""
    draw = _DRAW.get(block["type"])
    return draw(block) if draw else f"({block['type']})"


def readable(text: str) -> str:
    """Slack markup as people read it: entities decoded, links and mentions by their label."""
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[^|>]*\|([^>]+)>", r"\1", text)
    text = re.sub(r"<([^>]*)>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _section(block: Json) -> str:
    texts = [block["text"]] if "text" in block else []
    lines = [readable(one["text"]) for one in (*texts, *block.get("fields", ()))]
    return "\n".join([*lines, *(_element(one) for one in [block.get("accessory")] if one)])


def _elements(block: Json) -> str:
    return "  ".join(_element(element) for element in block["elements"])


def _element(element: Json) -> str:
    kind = element["type"]
    if kind in _BUTTON_LIKE:
        return f"[{readable(element['text']['text'])}]"
    if kind in ("plain_text", "mrkdwn"):
        return readable(element["text"])
    if kind == "image":
        return f"({element['alt_text']})"
    return f"[{element.get('placeholder', {}).get('text', kind)} v]"


def _rich(value: Any) -> str:
    if isinstance(value, dict):
        if value["type"] == "rich_text_list":
            return "\n".join(f"- {_rich(line)}" for line in value["elements"])
        own = value.get("text") or value.get("name") or value.get("user_id") or value.get("url") or ""
        return str(own) + "".join(_rich(inner) for inner in value.get("elements", ()))
    return ""


def _table(block: Json) -> str:
    rows = [[str(cell.get("text") or cell.get("value") or _rich(cell)) for cell in row] for row in block["rows"]]
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(max(map(len, rows)))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _card(block: Json) -> str:
    texts = [readable(block[key]["text"]) for key in ("title", "subtitle", "body", "subtext") if key in block]
    return "\n".join([*texts, *(_element(button) for button in block.get("actions", ()))])


_DRAW: Mapping[str, Callable[[Json], str]] = {
    "section": _section,
    "header": lambda block: readable(block["text"]["text"]).upper(),
    "divider": lambda _: "-" * 20,
    "image": lambda block: f"({block['alt_text']})",
    "actions": _elements,
    "context": _elements,
    "markdown": lambda block: str(block["text"]),
    "rich_text": lambda block: "\n".join(map(_rich, block["elements"])),
    "table": _table,
    "alert": lambda block: readable(block["text"]["text"]),
    "card": _card,
    "carousel": lambda block: "\n".join(map(_card, block["elements"])),
    "container": lambda block: "\n".join(map(render_block, block["child_blocks"])),
    "input": lambda block: f"{block['label']['text']}: {_element(block['element'])}",
}
