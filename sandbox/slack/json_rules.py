"""Rules that describe JSON: each lists what is wrong with a value, in Slack's words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias


class Problem(NamedTuple):
    """One thing wrong, and where: a JSON pointer such as `/blocks/0/text/text`."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


# Everything wrong with a value, which stands at a pointer.
Rule: TypeAlias = Callable[[Any, str], Iterator[Problem]]


def flag(value: Any, at: str) -> Iterator[Problem]:
    """True or false."""
    if not isinstance(value, bool):
        yield Problem(at, "must provide a boolean")


def any_object(value: Any, at: str) -> Iterator[Problem]:
    """An object that is not looked into."""
    if not isinstance(value, dict):
        yield Problem(at, "must provide an object")


def string(longest: int, shortest: int = 1, *, may_be_blank: bool = False) -> Rule:
    """A string of `shortest` to `longest` characters."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "must provide a string")
        elif len(value) > longest:
            yield Problem(at, f"must be less than {longest + 1} characters")
        elif len(value if may_be_blank else value.strip()) < shortest:
            yield Problem(at, f"must be more than {shortest - 1} characters")

    return rule


def one_of(*choices: str) -> Rule:
    """One of these strings."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if value not in choices:
            yield Problem(at, f"must be a valid enum value, one of {', '.join(choices)}")

    return rule


def number(least: float = float("-inf"), most: float = float("inf")) -> Rule:
    """A number from `least` to `most`."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Problem(at, "must provide a number")
        elif not least <= value <= most:
            yield Problem(at, f"must be between {least:g} and {most:g}")

    return rule


def items(item: Rule, most: int, least: int = 1) -> Rule:
    """A list of `least` to `most` values that follow one rule."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "must provide an array")
            return
        if not least <= len(value) <= most:
            few = len(value) < least
            yield Problem(at, f"no {'fewer' if few else 'more'} than {least if few else most} items allowed")
        for index, one in enumerate(value):
            yield from item(one, f"{at}/{index}")

    return rule


def shape(
    required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, any_of: tuple[str, ...] = ()
) -> Rule:
    """An object with these keys and no others; of `any_of`, one must be there."""
    rules = {**required, **(optional or {})}

    def rule(value: Any, at: str) -> Iterator[Problem]:
        yield from any_object(value, at)
        if not isinstance(value, dict):
            return
        for key in (key for key in required if key not in value):
            yield Problem(at, f"missing required field: {key}")
        if any_of and not value.keys() & set(any_of):
            yield Problem(at, f"missing required field: one of {', '.join(any_of)}")
        for key, inner in value.items():
            if key in rules:
                yield from rules[key](inner, f"{at}/{key}")
            elif key != "type":
                yield Problem(at, f"invalid additional property: {key}")

    return rule


def kind(shapes: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which shape it has."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must provide an object")
        elif "type" not in value:
            yield Problem(at, "missing required field: type")
        elif not isinstance(value["type"], str) or value["type"] not in shapes:
            yield Problem(f"{at}/type", f"unsupported type: {value['type']}")
        else:
            yield from shapes[value["type"]](value, at)

    return rule


def plain(longest: int) -> Rule:
    """A `plain_text` object."""
    return kind({"plain_text": shape({"text": string(longest)}, {"emoji": flag})})


def text(longest: int) -> Rule:
    """A `plain_text` or `mrkdwn` object."""
    said = {"text": string(longest)}
    return kind({"plain_text": shape(said, {"emoji": flag}), "mrkdwn": shape(said, {"verbatim": flag})})
