"""The environment that settings are read from: the process's own, and the file `.env` for what that lacks.

Nothing in it is passed over in silence.  A problem is told by line or name, without the value: it may be a secret.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from typing_extensions import override

from bot.domain.plain_text import as_seen
from bot.errors import BotError

_T = TypeVar("_T")
_D = TypeVar("_D")
_G = TypeVar("_G")
_VARIABLE = "variable"

_LINE = re.compile(r"\s*(?:(?:export|set)\s+)?([A-Z][A-Z0-9_]*)\s*([=:]?)\s*([\"']?)")
_PAIRS = ('""', "''", "\u201c\u201d", "\u2018\u2019")  # straight, and as word processors write them


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is read."""

    name: str
    form: Callable[[str], Any]
    """Reads a text, or raises `ValueError` or `BotError` with what to write."""
    default: Any
    meaning: str
    """In sentences; the first one also helps whoever lacks it."""
    example: str = ""
    """A value for `.env.example` where there is no default."""


def variable(
    name: str, form: Callable[[str], _T], default: _D, meaning: str, example: str = "", *, is_secret: bool = False
) -> _T | _D:
    """A field of a dataclass that is read from a variable; a secret one is left out of `repr`."""
    described = Variable(name, form, default, meaning, example)
    made: _T | _D = field(default_factory=lambda: default, repr=not is_secret, metadata={_VARIABLE: described})
    return made


def variables_of(group: Any) -> Iterator[Variable]:
    """Those of a dataclass, and of the dataclasses in it."""
    for one in fields(group):
        described = one.metadata.get(_VARIABLE)
        yield from [described] if described else variables_of(getattr(group, one.name))


class Reader:
    """Reads variables, and collects what is wrong with them by their names."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: dict[str, str] = {}

    def group(self, usual: _G) -> _G:
        """A dataclass, with what is `usual` where nothing else is set."""
        values = {}
        for one in fields(usual):  # type: ignore[arg-type]  # groups are dataclasses
            described = one.metadata.get(_VARIABLE)
            values[one.name] = self.value(described) if described else self.group(getattr(usual, one.name))
        return replace(usual, **values)  # type: ignore[type-var]

    def value(self, described: Variable) -> Any:
        """What a variable is set to, else its default."""
        text = as_seen(self._env.get(described.name, "")).strip()  # pasting brings characters that nobody sees
        if not text:
            return described.default
        try:
            return described.form(text)
        except (ValueError, BotError) as error:
            self.problems[described.name] = f"{described.name}: {error}"
            return described.default

    def require(self, described: Variable) -> None:
        """Note it as a problem where a variable is not set."""
        if not self._env.get(described.name, "").strip():
            first = re.split(r"(?<=\.) ", described.meaning)[0].replace("`", "")
            self.problems[described.name] = f"{described.name} is not set. {first}"


class EnvFile:
    """A `.env` file: its variables, and a sentence on each line that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.problems: dict[str, str] = {}
        """By where they are, with which they begin: `.env, line 3`."""
        text = self._text().replace("\r\n", "\n")
        bindings = list(parse_stream(StringIO(text)))
        for binding in bindings:
            if not _is_good(binding):
                self._tell(*_problem(binding))
        good = "".join(binding.original.string for binding in bindings if _is_good(binding))
        self.values = {name: value or "" for name, value in dotenv_values(stream=StringIO(good)).items()}

    def _text(self) -> str:
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            return ""
        except OSError as error:
            self.problems[self._path.name] = f"{self._path.name}: the file cannot be read: {error.strerror}."
            return ""
        readable = content.partition(b"\0")[0]
        try:
            text = readable.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            readable = readable[: error.start]
        else:
            if readable == content:
                return text
        self._tell(1 + readable.count(b"\n"), "this is not UTF-8. Save the file in this encoding")
        return ""

    def _tell(self, number: int, sentence: str) -> None:
        where = f"{self._path.name}, line {number}"
        self.problems[where] = f"{where}: {sentence}."


class Environment(Mapping[str, str]):
    """The variables of a process, with what it lacks taken from a file; quotes that were kept are taken off.

    A variable NAME in `from_files` may be the content of a file whose path is in NAME_FILE.
    """

    def __init__(self, process: Mapping[str, str], file: EnvFile, *, from_files: Iterable[str] = ()) -> None:
        self.process = process
        self.file = file
        self._values = {**file.values, **process}
        self.problems = dict(file.problems)
        """What is wrong with the files, by where or by the variable's name."""
        for name in from_files:
            path = self.get(f"{name}_FILE", "").strip()
            if path and self.get(name, "").strip():
                self.problems[name] = f"{name} and {name}_FILE are both set. Remove one of them."
            elif path:
                self._read(name, Path(path))

    def _read(self, name: str, path: Path) -> None:
        """Take a variable from its file: the first thing that is in it, without the end of its line."""
        try:
            value = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            cause = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            self.problems[name] = f"{name}_FILE: {path} cannot be read: {cause}."
            return
        if not value:
            self.problems[name] = f"{name}_FILE: {path} is empty."
        self._values[name] = value

    def quoted(self, names: frozenset[str]) -> list[str]:
        """Those of `names` whose values stand in quotes, which `docker --env-file` keeps."""
        return [name for name in sorted(names & self._values.keys()) if _bare(self._values[name]) != self._values[name]]

    @override
    def __getitem__(self, name: str) -> str:
        return _bare(self._values[name])

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    @override
    def __len__(self) -> int:
        return len(self._values)


def _is_good(binding: Binding) -> bool:
    """Whether it is a comment, or a variable whose value ends in its line."""
    return not binding.error and (not binding.key or (binding.value is not None and "\n" not in binding.value))


def _problem(binding: Binding) -> tuple[int, str]:
    """The line of a binding that cannot be used, and what is wrong with it."""
    lines = binding.original.string.splitlines()
    blank = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return binding.original.line + blank, _complaint(lines[blank] if lines else "")


def _complaint(line: str) -> str:
    found = _LINE.match(line)
    if found is None:
        return "write NAME=value, with a name in capital letters"
    name, sign, quote = found.groups()
    if sign == ":":
        return f"write {name}=value, with = in place of the colon"
    if sign != "=":
        return f"write {name}=value, or remove the line"
    rest = line[found.end() :]
    if quote and quote not in rest:
        return f"the quote that {name} begins with is not closed"
    return f"{name} has something behind its closing quote. Remove it, or write the quotes around all"


def _bare(value: str) -> str:
    """`value` without the quotes around it."""
    text = value.strip()
    return text[1:-1] if len(text) > 1 and text[0] + text[-1] in _PAIRS else value
