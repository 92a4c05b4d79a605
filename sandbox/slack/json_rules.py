"""Rules that describe JSON: each lists what is wrong with a value, in Slack's words."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class String:
    """A string of `shortest` to `longest` characters, one of `choices` if there are any."""

    longest: int
    shortest: int = 1
    choices: tuple[str, ...] = ()
    may_be_blank: bool = False

    def __call__(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "must provide a string")
        elif len(value) > self.longest:
            yield Problem(at, f"must be less than {self.longest + 1} characters")
        elif len(value if self.may_be_blank else value.strip()) < self.shortest:
            yield Problem(at, f"must be more than {self.shortest - 1} characters")
        elif self.choices and value not in self.choices:
            yield Problem(at, f"must be a valid enum value, one of {', '.join(self.choices)}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `least` to `most`."""

    least: float = float("-inf")
    most: float = float("inf")

    def __call__(self, value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Problem(at, "must provide a number")
        elif not self.least <= value <= self.most:
            yield Problem(at, f"must be between {self.least:g} and {self.most:g}")


@dataclass(frozen=True, slots=True)
class Items:
    """A list of `least` to `most` values that follow one rule."""

    item: Rule
    most: int
    least: int = 1

    def __call__(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "must provide an array")
            return
        if len(value) > self.most:
            yield Problem(at, f"no more than {self.most} items allowed")
        if len(value) < self.least:
            yield Problem(at, f"no fewer than {self.least} items allowed")
        for index, item in enumerate(value):
            yield from self.item(item, f"{at}/{index}")


@dataclass(frozen=True, slots=True)
class Shape:
    """An object with these keys and no others; of `any_of`, one must be there."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()

    def __call__(self, value: Any, at: str) -> Iterator[Problem]:
        yield from any_object(value, at)
        if not isinstance(value, dict):
            return
        for key in (key for key in self.required if key not in value):
            yield Problem(at, f"missing required field: {key}")
        if self.any_of and not value.keys() & set(self.any_of):
            yield Problem(at, f"missing required field: one of {', '.join(self.any_of)}")
        rules = {**self.required, **self.optional}
        for key, inner in value.items():
            if key in rules:
                yield from rules[key](inner, f"{at}/{key}")
            elif key != "type":
                yield Problem(at, f"invalid additional property: {key}")


@dataclass(frozen=True, slots=True)
class Kind:
    """An object whose `type` says which shape it has."""

    shapes: Mapping[str, Rule]

    def __call__(self, value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must provide an object")
        elif "type" not in value:
            yield Problem(at, "missing required field: type")
        elif not isinstance(value["type"], str) or value["type"] not in self.shapes:
            yield Problem(f"{at}/type", f"unsupported type: {value['type']}")
        else:
            yield from self.shapes[value["type"]](value, at)


def plain(longest: int) -> Kind:
    """A `plain_text` object."""
    return Kind({"plain_text": Shape({"text": String(longest)}, {"emoji": flag})})


def text(longest: int) -> Kind:
    """A `plain_text` or `mrkdwn` object."""
    mrkdwn = Shape({"text": String(longest)}, {"verbatim": flag})
    return Kind({**plain(longest).shapes, "mrkdwn": mrkdwn})


def one_of(*choices: str) -> String:
    """One of these strings."""
    return String(max(map(len, choices)), choices=choices)
