"""Plain text of blocks and of a whole workspace, as a person can read it in a terminal or a failed test.  Pure."""

import re
from collections.abc import Callable, Mapping

from sandbox.slack.records import Json, Message
from sandbox.slack.workspace import Workspace


def render_text(message: Message) -> str:
    """What the message shows: its blocks if it has any, else its text; buttons as `[Approve]`, files as `(file: x)`."""
    files = [f"(file: {file.name})" for file in message.files]
    shown = [_DRAW.get(block["type"], _unknown)(block) for block in message.blocks]
    return "\n".join([*(shown or [readable(message.text)]), *files])


def readable(text: str) -> str:
    """Slack markup as people read it: entities decoded, links and mentions by their label."""
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[^|>]*\|([^>]+)>", r"\1", text)
    text = re.sub(r"<([^>]*)>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def transcript(workspace: Workspace) -> str:
    """Every message and private answer in the order they appeared, with where and to whom they were said."""
    said = sorted([*workspace.messages(), *workspace.ephemerals()], key=lambda one: one.ts)
    return "\n".join(_entry(workspace, one) for one in said) or "(nothing was said)"


def _entry(workspace: Workspace, said: Message) -> str:
    names = {person.id: person.name for person in workspace.people()}
    place = f"#{workspace.channel(said.channel).name}" + (f" > thread {said.thread_ts}" if said.thread_ts else "")
    seen_by = f" to {names[said.seen_by]} only" if said.seen_by else " (edited)" if said.edited else ""
    body = "\n".join(f"    {line}" for line in render_text(said).splitlines())
    return f"{place} {said.ts} {names.get(said.user, said.user)}{seen_by}:\n{body}"


def _element(element: Json) -> str:
    if element["type"] in ("plain_text", "mrkdwn"):
        return readable(element["text"])
    label = element.get("text") or element.get("placeholder")
    return f"[{readable(label['text']) if label else element['type']}]"


def _unknown(block: Json) -> str:
    return f"({block['type']})"


def _elements(block: Json) -> str:
    return "  ".join(map(_element, block["elements"]))


def _table(block: Json) -> str:
    rows = ("  ".join(str(cell.get("text") or cell.get("value")) for cell in row) for row in block["rows"])
    return "\n".join([block["caption"], *rows])


_DRAW: Mapping[str, Callable[[Json], str]] = {
    "section": lambda block: "\n".join(map(_element, [block["text"], *filter(None, [block.get("accessory")])])),
    "header": lambda block: readable(block["text"]["text"]).upper(),
    "divider": lambda _: "-" * 20,
    "actions": _elements,
    "context": _elements,
    "data_table": _table,
    "input": lambda block: f"{block['label']['text']}: {_element(block['element'])}",
}
