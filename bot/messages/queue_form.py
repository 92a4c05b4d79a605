"""The form of a queue: a modal with an input for each field, and what is typed there as the fields' texts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.allocation import Strategy
from bot.domain.queue import FIELDS, Field, Queue
from bot.messages.blocks import Block, context, section
from bot.messages.text import said

QUEUE_FORM = "queue_form"
TITLE_MAX = 24  # https://docs.slack.dev/reference/views/modal-views
VALUE = "value"
"""The action id of every input; its block id is the field's name."""
View = dict[str, Any]
_LONG = ("filter", "reviewers")
_NUMBERS = ("days", "max_open_rows", "max_new_rows", "limit")
_TEXT_MAX = 3000  # slack_sdk PlainTextInputElement.max_length
_NUMBER_MAX = 50  # characters that Slack takes as the first value of a number's field


@dataclass(frozen=True, slots=True)
class Draft:
    """A queue as somebody is about to make or change it."""

    texts: Mapping[str, str]
    name: str = ""
    version: int = 0
    """The version that they change; 0: a new queue, whose name is asked for, too."""
    groups: tuple[str, ...] = ()
    """Its approving user groups, which stay: the input takes single people."""

    @classmethod
    def of(cls, queue: Queue) -> "Draft":
        """The draft of a change to `queue`."""
        groups = tuple(sorted(one for one in queue.approvers if one.startswith("S")))
        return cls(queue.texts, queue.name, queue.version, groups)


def queue_form(draft: Draft, *, problems: Mapping[str, str] | None = None, note: str = "") -> View:
    """The modal; each of the `problems` stands above its field, and `note` above them all."""
    told = problems or {}
    blocks = [section(said(note))] if note.strip() else []
    if draft.version:
        blocks.append(section(f"*{draft.name}*"))
    else:
        blocks += [
            *_problem(told.get("name")),
            _input("name", Field("Name", "support-de", str, is_required=True), draft.name),
        ]
    for name, field in FIELDS.items():
        blocks += [*_problem(told.get(name)), _input(name, field, draft.texts.get(name, ""))]
    if draft.groups:
        groups = ", ".join(f"<!subteam^{group}>" for group in draft.groups)
        blocks.append(context(f"{groups} may approve, too; a file that is imported changes that."))
    kept = {"name": draft.name, "version": draft.version, "groups": draft.groups}
    form = {"callback_id": QUEUE_FORM, "private_metadata": json.dumps(kept), "submit": _plain("Save")}
    return _modal("Edit queue" if draft.version else "New queue", blocks) | form


def waiting_view(text: str) -> View:
    """What the modal shows while something is found out."""
    return _modal("Queue", [section(said(text))])


def closing_view(text: str) -> View:
    """What the modal shows at last."""
    return _modal("Queue", [section(said(text))])


def submitted(view: Mapping[str, Any]) -> Draft:
    """The draft in a submitted modal."""
    kept = json.loads(view.get("private_metadata") or "{}")
    values = (view.get("state") or {}).get("values") or {}
    typed = {name: _typed((inputs or {}).get(VALUE) or {}) for name, inputs in values.items()}
    groups = tuple(map(str, kept.get("groups", ())))
    texts = {name: text for name, text in typed.items() if name in FIELDS and text}
    if groups:
        texts["approvers"] = ",".join(filter(None, [texts.get("approvers", ""), *groups]))
    version = int(kept.get("version", 0))
    return Draft(texts, str(kept.get("name", "")) if version else typed.get("name", ""), version, groups)


def beside_fields(problems: Mapping[str, str]) -> dict[str, str]:
    """Problems as Slack shows them, each below its input, where the signs around code mean nothing."""
    return {name: sentence.replace("`", "") for name, sentence in problems.items()}


def _typed(state: Mapping[str, Any]) -> str:
    """What an input holds, as text: typed, chosen, or picked from Slack's lists."""
    option = state.get("selected_option")
    found = (
        state.get("value"),
        option.get("value") if isinstance(option, Mapping) else None,
        state.get("selected_conversation"),
        ",".join(map(str, state.get("selected_users") or ())),
    )
    return next((str(one) for one in found if one), "")


def _input(name: str, field: Field, text: str) -> Block:
    hint = {"hint": _plain(field.hint.replace("`", ""))} if field.hint else {}
    return {
        "type": "input",
        "block_id": name,
        "optional": not field.is_required,
        "label": _plain(field.label),
        "element": {"action_id": VALUE, **_element(name, field, text)},
        **hint,
    }


def _element(name: str, field: Field, text: str) -> Block:
    if name == "strategy":
        options = [{"text": _plain(word.value), "value": word.value} for word in Strategy]
        chosen = [option for option in options if option["value"] == text]
        return {"type": "static_select", "options": options} | ({"initial_option": chosen[0]} if chosen else {})
    if name == "channel":
        kinds = {"include": ["public", "private"], "exclude_bot_users": True}
        return {"type": "conversations_select", "filter": kinds} | ({"initial_conversation": text} if text else {})
    if name == "approvers":
        people = [one for one in text.split(",") if one[:1] in ("U", "W")]
        return {"type": "multi_users_select"} | ({"initial_users": people} if people else {})
    most = _NUMBER_MAX if name in _NUMBERS else _TEXT_MAX
    initial = {"initial_value": text[:most]} if text.strip() else {}
    if name in _NUMBERS:
        return {"type": "number_input", "is_decimal_allowed": False, **initial}
    return {
        "type": "plain_text_input",
        "multiline": name in _LONG,
        "placeholder": _plain(field.example),
        **initial,
    }


def _problem(sentence: str | None) -> Sequence[Block]:
    return [section(f":warning: {said(sentence)}")] if sentence else []


def _modal(title: str, blocks: Sequence[Block]) -> View:
    return {"type": "modal", "title": _plain(title[:TITLE_MAX]), "close": _plain("Close"), "blocks": list(blocks)}


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}
