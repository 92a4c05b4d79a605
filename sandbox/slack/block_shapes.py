"""Blocks and their elements, described.  Source: https://docs.slack.dev/reference/block-kit

Only what the bot sends, now or soon; everything else is refused as unsupported.
"""

from collections.abc import Mapping

from sandbox.slack import limits
from sandbox.slack.json_rules import Rule, any_object, flag, items, kind, number, one_of, plain, shape, string, text

_CONFIRM = shape(
    {
        "title": plain(limits.CONFIRM_TITLE),
        "text": text(limits.CONFIRM_TEXT),
        "confirm": plain(limits.CONFIRM_BUTTON),
        "deny": plain(limits.CONFIRM_BUTTON),
    },
    {"style": one_of("primary", "danger")},
)
_ACTION: Mapping[str, Rule] = {"action_id": string(limits.ACTION_ID), "confirm": _CONFIRM}
_INPUT: Mapping[str, Rule] = {**_ACTION, "focus_on_load": flag}
_MENU: Mapping[str, Rule] = {**_INPUT, "placeholder": plain(limits.PLACEHOLDER)}
_MANY: Mapping[str, Rule] = {**_MENU, "max_selected_items": number(1, 100)}
_FIELD: Mapping[str, Rule] = {**_MENU, "dispatch_action_config": any_object}


def _option(words: Rule) -> Rule:
    required: Mapping[str, Rule] = {"text": words, "value": string(limits.OPTION_VALUE)}
    return shape(required, {"description": plain(limits.OPTION_DESCRIPTION)})


_MENU_OPTION = _option(plain(limits.OPTION_TEXT))
_OPTIONS = items(_MENU_OPTION, limits.SELECT_OPTIONS)
_GROUP = shape({"label": plain(limits.OPTION_GROUP_LABEL), "options": _OPTIONS})
_STATIC: Mapping[str, Rule] = {"options": _OPTIONS, "option_groups": items(_GROUP, limits.SELECT_GROUPS)}
_CHOICE = _option(text(limits.OPTION_TEXT))
_CHOICES = items(_CHOICE, limits.CHOICE_OPTIONS)
_SLACK_ID = string(32)
_SLACK_IDS = items(_SLACK_ID, 100)

_BUTTON: Mapping[str, Rule] = {
    "button": shape(
        {"text": plain(limits.BUTTON_TEXT)},
        {
            **_ACTION,
            "value": string(limits.BUTTON_VALUE),
            "url": string(limits.BUTTON_URL),
            "style": one_of("primary", "danger"),
            "accessibility_label": string(limits.ACCESSIBILITY_LABEL),
        },
    )
}
_CHOOSERS: Mapping[str, Rule] = {
    "static_select": shape({}, {**_MENU, **_STATIC, "initial_option": _MENU_OPTION}, any_of=tuple(_STATIC)),
    "multi_static_select": shape({}, {**_MANY, **_STATIC, "initial_options": _OPTIONS}, any_of=tuple(_STATIC)),
    "users_select": shape({}, {**_MENU, "initial_user": _SLACK_ID}),
    "multi_users_select": shape({}, {**_MANY, "initial_users": _SLACK_IDS}),
    "conversations_select": shape({}, {**_MENU, "initial_conversation": _SLACK_ID, "filter": any_object}),
    "checkboxes": shape({"options": _CHOICES}, {**_INPUT, "initial_options": _CHOICES}),
    "radio_buttons": shape({"options": _CHOICES}, {**_INPUT, "initial_option": _CHOICE}),
    "datepicker": shape({}, {**_MENU, "initial_date": string(10, 10)}),
    "timepicker": shape({}, {**_MENU, "initial_time": string(5, 5), "timezone": string(64)}),
}
_FIELDS: Mapping[str, Rule] = {
    "plain_text_input": shape(
        {},
        {
            **_FIELD,
            "initial_value": string(3000, 0),
            "multiline": flag,
            "min_length": number(0, 3000),
            "max_length": number(1, 3000),
        },
    ),
    "number_input": shape(
        {"is_decimal_allowed": flag},
        {**_FIELD, "initial_value": string(50), "min_value": string(50), "max_value": string(50)},
    ),
}
_OVERFLOW: Mapping[str, Rule] = {"overflow": shape({"options": items(_MENU_OPTION, limits.OVERFLOW_OPTIONS)}, _ACTION)}
_PRESSED = kind({**_BUTTON, **_OVERFLOW, **_CHOOSERS})
_FILLED = kind({**_CHOOSERS, **_FIELDS})
ELEMENTS = frozenset({*_BUTTON, *_OVERFLOW, *_CHOOSERS, *_FIELDS})


def _block(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, any_of: tuple[str, ...] = ()
) -> Rule:
    return shape(required, {"block_id": string(limits.BLOCK_ID), **(optional or {})}, any_of)


_CELL = kind(
    {
        "raw_text": shape({"text": string(limits.TABLE_TEXT, may_be_blank=True)}),
        "raw_number": shape({"value": number()}, {"text": string(limits.TABLE_TEXT)}),
    }
)
_EVERYWHERE: Mapping[str, Rule] = {
    "section": _block({"text": text(limits.SECTION_TEXT)}, {"accessory": _PRESSED, "expand": flag}),
    "header": _block({"text": plain(limits.HEADER_TEXT)}),
    "divider": _block({}),
    "actions": _block({"elements": items(_PRESSED, limits.ACTIONS_ELEMENTS)}),
    "context": _block({"elements": items(text(limits.CONTEXT_TEXT), limits.CONTEXT_ELEMENTS)}),
    "input": _block(
        {"label": plain(limits.INPUT_LABEL), "element": _FILLED},
        {"hint": plain(limits.INPUT_HINT), "optional": flag, "dispatch_action": flag},
    ),
}
_DATA_TABLE: Mapping[str, Rule] = {
    "data_table": _block(
        {
            "caption": string(limits.TABLE_CAPTION),
            "rows": items(items(_CELL, limits.TABLE_COLUMNS), limits.TABLE_ROWS, 2),
        },
        {"page_size": number(1, 100)},
    )
}

MESSAGE = HOME = kind({**_EVERYWHERE, **_DATA_TABLE})
MODAL = kind(_EVERYWHERE)
VIEW = shape(
    {"blocks": items(any_object, limits.VIEW_BLOCKS, 0)},
    {
        "title": plain(limits.VIEW_TITLE),
        "submit": plain(limits.VIEW_TITLE),
        "close": plain(limits.VIEW_TITLE),
        "private_metadata": string(limits.PRIVATE_METADATA, 0),
        "callback_id": string(limits.CALLBACK_ID),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "external_id": string(255),
    },
)
