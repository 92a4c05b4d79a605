"""Blocks, described.  Source: https://docs.slack.dev/reference/block-kit/blocks

Left out, and so refused as unsupported: blocks that show calls, remote files and videos, charts, and `data_table`.
"""

from collections.abc import Mapping

from sandbox.slack import limits
from sandbox.slack.block_rules import (
    AnyObject,
    Flag,
    Items,
    Kind,
    Later,
    Nullable,
    Number,
    Rule,
    Shape,
    String,
    one_of,
    plain,
    text,
)
from sandbox.slack.element_table import ACCESSORY, BUTTON, CONTEXT_ELEMENT, IMAGE, INPUT_ELEMENT, INTERACTIVE

_ID: Mapping[str, Rule] = {"block_id": String(limits.BLOCK_ID)}
_BUTTON = Kind({"button": BUTTON})


def _block(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, any_of: tuple[str, ...] = ()
) -> Shape:
    return Shape(required, {**_ID, **(optional or {})}, any_of)


_STYLE = Shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "unlink"), Flag()))
_INLINE_KEYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "text": ("text", ()),
    "link": ("url", ("text",)),
    "emoji": ("name", ("unicode",)),
    "user": ("user_id", ()),
    "usergroup": ("usergroup_id", ()),
    "channel": ("channel_id", ()),
    "broadcast": ("range", ()),
}


def _inline(key: str, optional: tuple[str, ...]) -> Shape:
    anything = String(limits.SECTION_TEXT, may_be_blank=True)
    return Shape({key: anything}, {"style": _STYLE, **dict.fromkeys(optional, anything)})


_DATE = Shape(
    {"timestamp": Number(0), "format": String(200)}, {"url": String(3000), "fallback": String(200), "style": _STYLE}
)
_INLINES = Kind({"date": _DATE, **{name: _inline(*keys) for name, keys in _INLINE_KEYS.items()}})
_LINE = Shape({"elements": Items(_INLINES, 1000, 0)}, {"border": Number(0, 1)})
_LIST = Shape(
    {"style": one_of("bullet", "ordered"), "elements": Items(Kind({"rich_text_section": _LINE}), 1000)},
    {"indent": Number(0, 8), "offset": Number(0), "border": Number(0, 1)},
)
_RICH_ELEMENT = Kind(
    {
        "rich_text_section": _LINE,
        "rich_text_preformatted": _LINE,
        "rich_text_quote": _LINE,
        "rich_text_list": _LIST,
    }
)
_RICH_TEXT = _block({"elements": Items(_RICH_ELEMENT, 1000)})
_CELL = Kind(
    {
        "raw_text": Shape({"text": String(limits.TABLE_TEXT, may_be_blank=True)}),
        "raw_number": Shape({"value": Number()}, {"text": String(limits.TABLE_TEXT)}),
        "rich_text": _RICH_TEXT,
    }
)
_COLUMN = Shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": Flag()})
_TABLE = _block(
    {"rows": Items(Items(_CELL, limits.TABLE_COLUMNS), limits.TABLE_ROWS)},
    {"column_settings": Items(Nullable(_COLUMN), limits.TABLE_COLUMNS)},
)
_SECTION = _block(
    {},
    {
        "text": text(limits.SECTION_TEXT),
        "fields": Items(text(limits.SECTION_FIELD_TEXT), limits.SECTION_FIELDS),
        "accessory": ACCESSORY,
        "expand": Flag(),
    },
    any_of=("text", "fields"),
)
_CARD = _block(
    {},
    {
        "title": text(limits.CARD_TITLE),
        "subtitle": text(limits.CARD_TITLE),
        "body": text(limits.CARD_BODY),
        "subtext": text(limits.CARD_BODY),
        "hero_image": Kind({"image": IMAGE}),
        "icon": Kind({"image": IMAGE}),
        "actions": Items(_BUTTON, limits.CARD_ACTIONS),
    },
    any_of=("title", "body", "hero_image", "actions"),
)
_CONTAINER = _block(
    {"child_blocks": Items(Later(lambda: Kind(CHILDREN)), limits.CONTAINER_CHILDREN)},
    {
        "title": plain(limits.CONTAINER_TITLE),
        "subtitle": plain(limits.CONTAINER_TITLE),
        "is_collapsible": Flag(),
        "default_collapsed": Flag(),
        "has_header_divider": Flag(),
        "width": String(20),
        "icon": AnyObject(),
    },
)

CHILDREN: Mapping[str, Rule] = {
    "section": _SECTION,
    "header": _block({"text": plain(limits.HEADER_TEXT)}, {"level": Number(1, 4)}),
    "divider": _block({}),
    "image": Shape(
        {"alt_text": String(limits.IMAGE_ALT_TEXT)},
        {**_ID, **IMAGE.optional, "title": plain(limits.IMAGE_TITLE)},
        IMAGE.any_of,
    ),
    "actions": _block({"elements": Items(INTERACTIVE, limits.ACTIONS_ELEMENTS)}),
    "context": _block({"elements": Items(CONTEXT_ELEMENT, limits.CONTEXT_ELEMENTS)}),
    "rich_text": _RICH_TEXT,
    "table": _TABLE,
}

_INPUT = _block(
    {"label": plain(limits.INPUT_LABEL), "element": INPUT_ELEMENT},
    {"hint": plain(limits.INPUT_HINT), "optional": Flag(), "dispatch_action": Flag()},
)
_ALERT = _block({"text": text(limits.ALERT_TEXT)}, {"level": one_of("default", "info", "warning", "error", "success")})
_TASK: Mapping[str, Rule] = {"task_id": String(255), "title": String(limits.MESSAGE_TEXT)}
_TASK_DETAILS: Mapping[str, Rule] = {
    "details": Kind({"rich_text": _RICH_TEXT}),
    "output": Kind({"rich_text": _RICH_TEXT}),
    "sources": Items(AnyObject(), 100),
}


def _task(*statuses: str) -> Shape:
    return _block(_TASK, {**_TASK_DETAILS, "status": one_of(*statuses)})


_PLAN = _block(
    {"title": String(limits.MESSAGE_TEXT)},
    {"tasks": Items(Kind({"task_card": _task("pending", "in_progress", "complete", "error")}), 100)},
)
_FEEDBACK = Kind({"feedback_buttons": AnyObject(), "icon_button": AnyObject()})

MESSAGE = Kind(
    {
        **CHILDREN,
        "input": _INPUT,
        "markdown": _block({"text": String(limits.MARKDOWN_TEXT)}),
        "context_actions": _block({"elements": Items(_FEEDBACK, limits.CONTEXT_ACTIONS_ELEMENTS)}),
        "plan": _PLAN,
        "task_card": _task("in_progress", "complete", "error"),  # `pending` only inside a plan
        "card": _CARD,
        "carousel": _block({"elements": Items(Kind({"card": _CARD}), limits.CAROUSEL_CARDS)}),
        "container": _CONTAINER,
    }
)
HOME = Kind({**CHILDREN, "input": _INPUT, "card": _CARD, "container": _CONTAINER})
MODAL = Kind({**{name: rule for name, rule in HOME.shapes.items() if name != "table"}, "alert": _ALERT})

VIEW = Shape(
    {"blocks": Items(AnyObject(), limits.VIEW_BLOCKS, 0)},
    {
        "title": plain(limits.VIEW_TITLE),
        "submit": plain(limits.VIEW_TITLE),
        "close": plain(limits.VIEW_TITLE),
        "private_metadata": String(limits.PRIVATE_METADATA, 0),
        "callback_id": String(limits.CALLBACK_ID),
        "clear_on_close": Flag(),
        "notify_on_close": Flag(),
        "external_id": String(255),
    },
)
