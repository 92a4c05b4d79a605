"""Block elements, described: buttons, menus, inputs.  Source: https://docs.slack.dev/reference/block-kit/block-elements"""

from collections.abc import Mapping

from sandbox.slack import limits
from sandbox.slack.block_rules import AnyObject, Flag, Items, Kind, Number, Rule, Shape, String, one_of, plain, text

_ID = String(limits.ACTION_ID)
_SLACK_ID = String(32)

CONFIRM = Shape(
    {
        "title": plain(limits.CONFIRM_TITLE),
        "text": text(limits.CONFIRM_TEXT),
        "confirm": plain(limits.CONFIRM_BUTTON),
        "deny": plain(limits.CONFIRM_BUTTON),
    },
    {"style": one_of("primary", "danger")},
)

_ACTION: Mapping[str, Rule] = {"action_id": _ID, "confirm": CONFIRM}
_INPUT: Mapping[str, Rule] = {**_ACTION, "focus_on_load": Flag()}
_MENU: Mapping[str, Rule] = {**_INPUT, "placeholder": plain(limits.PLACEHOLDER)}
_MANY: Mapping[str, Rule] = {**_MENU, "max_selected_items": Number(1, 100)}


def option(option_text: Rule, **further: Rule) -> Shape:
    """One choice of a menu."""
    required: Mapping[str, Rule] = {"text": option_text, "value": String(limits.OPTION_VALUE)}
    return Shape(required, {"description": plain(limits.OPTION_DESCRIPTION), **further})


_PLAIN_OPTION = option(plain(limits.OPTION_TEXT))
_TEXT_OPTION = option(text(limits.OPTION_TEXT))
_LINK_OPTION = option(plain(limits.OPTION_TEXT), url=String(limits.BUTTON_URL))
_OPTIONS = Items(_PLAIN_OPTION, limits.SELECT_OPTIONS)
_OPTION_GROUP = Shape({"label": plain(limits.OPTION_GROUP_LABEL), "options": _OPTIONS})
_STATIC: Mapping[str, Rule] = {"options": _OPTIONS, "option_groups": Items(_OPTION_GROUP, limits.SELECT_GROUPS)}
_CHOICES = Items(_TEXT_OPTION, limits.CHOICE_OPTIONS)
_IDS = Items(_SLACK_ID, 100)

BUTTON = Shape(
    {"text": plain(limits.BUTTON_TEXT)},
    {
        **_ACTION,
        "value": String(limits.BUTTON_VALUE),
        "url": String(limits.BUTTON_URL),
        "style": one_of("primary", "danger"),
        "accessibility_label": String(limits.ACCESSIBILITY_LABEL),
    },
)

IMAGE = Shape(
    {"alt_text": String(limits.IMAGE_ALT_TEXT)},
    {"image_url": String(limits.IMAGE_URL), "slack_file": AnyObject()},
    any_of=("image_url", "slack_file"),
)

MENUS: Mapping[str, Rule] = {
    "overflow": Shape({"options": Items(_LINK_OPTION, limits.OVERFLOW_OPTIONS)}, _ACTION),
    "static_select": Shape({}, {**_MENU, **_STATIC, "initial_option": _PLAIN_OPTION}, any_of=tuple(_STATIC)),
    "users_select": Shape({}, {**_MENU, "initial_user": _SLACK_ID}),
    "conversations_select": Shape({}, {**_MENU, "initial_conversation": _SLACK_ID, "filter": AnyObject()}),
    "channels_select": Shape({}, {**_MENU, "initial_channel": _SLACK_ID}),
    "multi_static_select": Shape({}, {**_MANY, **_STATIC, "initial_options": _OPTIONS}, any_of=tuple(_STATIC)),
    "multi_users_select": Shape({}, {**_MANY, "initial_users": _IDS}),
    "multi_conversations_select": Shape({}, {**_MANY, "initial_conversations": _IDS, "filter": AnyObject()}),
    "multi_channels_select": Shape({}, {**_MANY, "initial_channels": _IDS}),
}

CHOICES: Mapping[str, Rule] = {
    "checkboxes": Shape({"options": _CHOICES}, {**_INPUT, "initial_options": _CHOICES}),
    "radio_buttons": Shape({"options": _CHOICES}, {**_INPUT, "initial_option": _TEXT_OPTION}),
}

PICKERS: Mapping[str, Rule] = {
    "datepicker": Shape({}, {**_MENU, "initial_date": String(10, 10)}),
    "timepicker": Shape({}, {**_MENU, "initial_time": String(5, 5), "timezone": String(64)}),
    "datetimepicker": Shape({}, {**_INPUT, "initial_date_time": Number(0)}),
}

_FIELD: Mapping[str, Rule] = {
    "action_id": _ID,
    "placeholder": plain(limits.PLACEHOLDER),
    "focus_on_load": Flag(),
    "dispatch_action_config": AnyObject(),
}

FIELDS: Mapping[str, Rule] = {
    "plain_text_input": Shape(
        {},
        {
            **_FIELD,
            "initial_value": String(3000, 0),
            "multiline": Flag(),
            "min_length": Number(0, 3000),
            "max_length": Number(1, 3000),
        },
    ),
    "email_text_input": Shape({}, {**_FIELD, "initial_value": String(3000, 0)}),
    "url_text_input": Shape({}, {**_FIELD, "initial_value": String(3000, 0)}),
    "number_input": Shape(
        {"is_decimal_allowed": Flag()},
        {**_FIELD, "initial_value": String(50), "min_value": String(50), "max_value": String(50)},
    ),
}

INTERACTIVE = Kind({"button": BUTTON, **MENUS, **CHOICES, **PICKERS})
ACCESSORY = Kind({**INTERACTIVE.shapes, "image": IMAGE})
INPUT_ELEMENT = Kind({**MENUS, **CHOICES, **PICKERS, **FIELDS})
CONTEXT_ELEMENT = Kind({**text(limits.CONTEXT_TEXT).shapes, "image": IMAGE})
