"""Blocks to say in tests."""

from typing import Any

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **further: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **further}


def button(action_id: str = "approve", **further: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(action_id.title()), "value": "1", **further}


def actions(*elements: Json, **further: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **further}


def context(*elements: Json) -> Json:
    return {"type": "context", "elements": list(elements)}


def option(text: str = "x", value: str = "1") -> Json:
    return {"text": plain(text), "value": value}


def confirm(**changes: Any) -> Json:
    return {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain(), **changes}


def table(rows: int, columns: int, text: str = "x") -> Json:
    return {"type": "data_table", "caption": "Loads", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def select(kind: str = "static_select", **further: Any) -> Json:
    return {"type": kind, "action_id": "pick", "placeholder": plain("Pick"), **further}
