"""Blocks and their elements, described.  Source: https://docs.slack.dev/reference/block-kit

Only what the bot sends, now or soon; everything else is refused as unsupported.
"""

from collections.abc import Mapping

from sandbox.slack import limits
from sandbox.slack.json_rules import Items, Kind, Number, Rule, Shape, String, any_object, flag, one_of, plain, text

_CONFIRM = Shape(
    {
        "title": plain(limits.CONFIRM_TITLE),
        "text": text(limits.CONFIRM_TEXT),
        "confirm": plain(limits.CONFIRM_BUTTON),
        "deny": plain(limits.CONFIRM_BUTTON),
    },
    {"style": one_of("primary", "danger")},
)
_ACTION: Mapping[str, Rule] = {"action_id": String(limits.ACTION_ID), "confirm": _CONFIRM}
_INPUT: Mapping[str, Rule] = {**_ACTION, "focus_on_load": flag}
_MENU: Mapping[str, Rule] = {**_INPUT, "placeholder": plain(limits.PLACEHOLDER)}
_MANY: Mapping[str, Rule] = {**_MENU, "max_selected_items": Number(1, 100)}
_FIELD: Mapping[str, Rule] = {**_MENU, "dispatch_action_config": any_object}


def _option(words: Rule) -> Shape:
    required: Mapping[str, Rule] = {"text": words, "value": String(limits.OPTION_VALUE)}
    return Shape(required, {"description": plain(limits.OPTION_DESCRIPTION)})


_MENU_OPTION = _option(plain(limits.OPTION_TEXT))
_OPTIONS = Items(_MENU_OPTION, limits.SELECT_OPTIONS)
_GROUP = Shape({"label": plain(limits.OPTION_GROUP_LABEL), "options": _OPTIONS})
_STATIC: Mapping[str, Rule] = {"options": _OPTIONS, "option_groups": Items(_GROUP, limits.SELECT_GROUPS)}
_CHOICE = _option(text(limits.OPTION_TEXT))
_CHOICES = Items(_CHOICE, limits.CHOICE_OPTIONS)
_SLACK_ID = String(32)
_SLACK_IDS = Items(_SLACK_ID, 100)

_BUTTON: Mapping[str, Rule] = {
    "button": Shape(
        {"text": plain(limits.BUTTON_TEXT)},
        {
            **_ACTION,
            "value": String(limits.BUTTON_VALUE),
            "url": String(limits.BUTTON_URL),
            "style": one_of("primary", "danger"),
            "accessibility_label": String(limits.ACCESSIBILITY_LABEL),
        },
    )
}
_CHOOSERS: Mapping[str, Rule] = {
    "static_select": Shape({}, {**_MENU, **_STATIC, "initial_option": _MENU_OPTION}, any_of=tuple(_STATIC)),
    "multi_static_select": Shape({}, {**_MANY, **_STATIC, "initial_options": _OPTIONS}, any_of=tuple(_STATIC)),
    "users_select": Shape({}, {**_MENU, "initial_user": _SLACK_ID}),
    "multi_users_select": Shape({}, {**_MANY, "initial_users": _SLACK_IDS}),
    "conversations_select": Shape({}, {**_MENU, "initial_conversation": _SLACK_ID, "filter": any_object}),
    "checkboxes": Shape({"options": _CHOICES}, {**_INPUT, "initial_options": _CHOICES}),
    "radio_buttons": Shape({"options": _CHOICES}, {**_INPUT, "initial_option": _CHOICE}),
    "datepicker": Shape({}, {**_MENU, "initial_date": String(10, 10)}),
    "timepicker": Shape({}, {**_MENU, "initial_time": String(5, 5), "timezone": String(64)}),
}
_FIELDS: Mapping[str, Rule] = {
    "plain_text_input": Shape(
        {},
        {
            **_FIELD,
            "initial_value": String(3000, 0),
            "multiline": flag,
            "min_length": Number(0, 3000),
            "max_length": Number(1, 3000),
        },
    ),
    "number_input": Shape(
        {"is_decimal_allowed": flag},
        {**_FIELD, "initial_value": String(50), "min_value": String(50), "max_value": String(50)},
    ),
}
_OVERFLOW: Mapping[str, Rule] = {"overflow": Shape({"options": Items(_MENU_OPTION, limits.OVERFLOW_OPTIONS)}, _ACTION)}
_PRESSED = Kind({**_BUTTON, **_OVERFLOW, **_CHOOSERS})
_FILLED = Kind({**_CHOOSERS, **_FIELDS})
ELEMENTS = frozenset({*_PRESSED.shapes, *_FILLED.shapes})


def _block(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, any_of: tuple[str, ...] = ()
) -> Shape:
    return Shape(required, {"block_id": String(limits.BLOCK_ID), **(optional or {})}, any_of)


_CELL = Kind(
    {
        "raw_text": Shape({"text": String(limits.TABLE_TEXT, may_be_blank=True)}),
        "raw_number": Shape({"value": Number()}, {"text": String(limits.TABLE_TEXT)}),
    }
)
_EVERYWHERE: Mapping[str, Rule] = {
    "section": _block({"text": text(limits.SECTION_TEXT)}, {"accessory": _PRESSED, "expand": flag}),
    "header": _block({"text": plain(limits.HEADER_TEXT)}),
    "divider": _block({}),
    "actions": _block({"elements": Items(_PRESSED, limits.ACTIONS_ELEMENTS)}),
    "context": _block({"elements": Items(text(limits.CONTEXT_TEXT), limits.CONTEXT_ELEMENTS)}),
    "input": _block(
        {"label": plain(limits.INPUT_LABEL), "element": _FILLED},
        {"hint": plain(limits.INPUT_HINT), "optional": flag, "dispatch_action": flag},
    ),
}
_DATA_TABLE: Mapping[str, Rule] = {
    "data_table": _block(
        {
            "caption": String(limits.TABLE_CAPTION),
            "rows": Items(Items(_CELL, limits.TABLE_COLUMNS), limits.TABLE_ROWS, 2),
        },
        {"page_size": Number(1, 100)},
    )
}

MESSAGE = HOME = Kind({**_EVERYWHERE, **_DATA_TABLE})
MODAL = Kind(_EVERYWHERE)
VIEW = Shape(
    {"blocks": Items(any_object, limits.VIEW_BLOCKS, 0)},
    {
        "title": plain(limits.VIEW_TITLE),
        "submit": plain(limits.VIEW_TITLE),
        "close": plain(limits.VIEW_TITLE),
        "private_metadata": String(limits.PRIVATE_METADATA, 0),
        "callback_id": String(limits.CALLBACK_ID),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "external_id": String(255),
    },
)
