"""Plain text of blocks and of a whole workspace, as a person can read it in a terminal or a failed test.  Pure."""

import re
from collections.abc import Callable, Mapping

from sandbox.slack.records import Json, Message
from sandbox.slack.workspace import Workspace


def render_text(message: Message) -> str:
    """What the message shows: its blocks if it has any, else its text; buttons as `[Approve]`, files as `(file: x)`."""
    files = [f"(file: {file.name})" for file in message.files]
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


def transcript(workspace: Workspace) -> str:
    """Every message and private answer in the order they appeared, replies marked."""
    said = sorted([*workspace.messages(), *workspace.ephemerals()], key=lambda one: one.ts)
    entries = [_entry(workspace, one) for one in said]
    return "\n".join(entries) or "(nothing was said)"


def _entry(workspace: Workspace, said: Message) -> str:
    names = {person.id: person.name for person in workspace.people()}
    channel = workspace.channel(said.channel)
    place = f"direct {channel.id}" if channel.is_im else f"#{channel.name}"
    place += f" > thread {said.thread_ts}" if said.thread_ts else ""
    who = names.get(said.user, said.user)
    who += f" to {names[said.seen_by]} only" if said.seen_by else " (edited)" if said.edited else ""
    body = "\n".join(f"    {line}" for line in render_text(said).splitlines())
    return f"{place} {said.ts} {who}:\n{body}"


def _section(block: Json) -> str:
    return "\n".join([readable(block["text"]["text"]), *(_element(one) for one in [block.get("accessory")] if one)])


def _elements(block: Json) -> str:
    return "  ".join(_element(element) for element in block["elements"])


def _element(element: Json) -> str:
    kind = element["type"]
    if kind == "button":
        return f"[{readable(element['text']['text'])}]"
    if kind in ("plain_text", "mrkdwn"):
        return readable(element["text"])
    return f"[{element.get('placeholder', {}).get('text', kind)} v]"


def _table(block: Json) -> str:
    rows = [[str(cell.get("text") or cell.get("value")) for cell in row] for row in block["rows"]]
    widths = [max(len(row[column]) for row in rows if column < len(row)) for column in range(max(map(len, rows)))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) for row in rows]
    return "\n".join([block["caption"], *(line.rstrip() for line in lines)])


_DRAW: Mapping[str, Callable[[Json], str]] = {
    "section": _section,
    "header": lambda block: readable(block["text"]["text"]).upper(),
    "divider": lambda _: "-" * 20,
    "actions": _elements,
    "context": _elements,
    "data_table": _table,
    "input": lambda block: f"{block['label']['text']}: {_element(block['element'])}",
}
