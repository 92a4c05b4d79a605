"""A menu's report of what somebody chose in it.  Pure."""

from collections.abc import Iterator, Mapping, Sequence

from sandbox.slack.records import Json

_BY_ID: Mapping[str, str] = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "multi_users_select": "selected_users",
}
_MANY = ("checkboxes", "multi_static_select")


def chosen_fields(element: Json, chosen: str | Sequence[str]) -> Json:
    """The fields of an action that say what was chosen; ValueError for an option that is not there."""
    kind = element["type"]
    if kind in _BY_ID:
        return {_BY_ID[kind]: _many(chosen) if kind.startswith("multi_") else chosen}
    options = [_option(element, value) for value in _many(chosen)]
    return {"selected_options": options} if kind in _MANY else {"selected_option": options[0]}


def _many(chosen: str | Sequence[str]) -> list[str]:
    return [chosen] if isinstance(chosen, str) else list(chosen)


def _option(element: Json, value: str) -> Json:
    for option in _options(element):
        if option["value"] == value:
            return option
    raise ValueError(f"there is no option {value!r} to choose")


def _options(element: Json) -> Iterator[Json]:
    yield from element.get("options", ())
    for group in element.get("option_groups", ()):
        yield from group["options"]
