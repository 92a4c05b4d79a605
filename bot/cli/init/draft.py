"""The `.env` that `init` writes: kept answer by answer in a draft, put in place once all is answered."""

import re
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from bot.adapters.private_files import write_private_file
from bot.environment import EnvFile
from bot.errors import SettingsError

HEAD = "# Settings of assign-reviews.  docs/settings.md has all that exist.\n"
_PLAIN = re.compile(r"[\w@%+=:,./<>*&?-]+")


class Draft:
    """The answers so far, in a file beside `.env` that only its owner can read."""

    def __init__(self, target: Path, *, anew: bool = False) -> None:
        self._target = target.resolve()  # a link stays one
        self.path = self._target.with_name(f"{target.name}.unfinished")
        self.answers = {} if anew else dict(EnvFile(self.path).values)
        self.before = EnvFile(self._target).values
        """What `.env` has now."""

    @property
    def target_exists(self) -> bool:
        """Whether there is a `.env` already."""
        return self._target.exists()

    def keep(self, name: str, value: str) -> None:
        """Add an answer; raises `SettingsError` where the file cannot hold it, `OSError` where it cannot be written."""
        self._store(self.path, _merged(HEAD, self.answers | {name: value}), {name: value})
        self.answers[name] = value

    def forget(self, name: str) -> None:
        """Take an answer back that turned out wrong."""
        if self.answers.pop(name, None) is not None:
            self._store(self.path, _merged(HEAD, self.answers), {})

    def finish(self) -> None:
        """Make it the `.env`: lines of the old one stay where nothing else was answered; raises like `keep`."""
        old = self._target.read_text("utf-8") if self.target_exists else HEAD
        self._store(self.path, _merged(old, self.answers), self.answers)
        self.path.replace(self._target)

    @staticmethod
    def _store(path: Path, text: str, expected: dict[str, str]) -> None:
        """Write a file, and read it again: what it is taken for has to be what was meant."""
        write_private_file(path, text)
        read = EnvFile(path).values
        lost = [name for name, value in expected.items() if read.get(name) != value]
        if lost:
            raise SettingsError([f"{name}: a .env file cannot hold this value." for name in lost])


def _merged(text: str, values: dict[str, str]) -> str:
    """`text` with the lines of `values` replaced, or added at its end."""
    left = dict(values)
    lines = []
    for binding in parse_stream(StringIO(text)):
        value = left.pop(binding.key, None) if binding.key else None
        lines.append(binding.original.string if value is None else f"{binding.key}={_written(value)}\n")
    ends = "" if not lines or lines[-1].endswith("\n") else "\n"
    return "".join(lines) + ends + "".join(f"{name}={_written(value)}\n" for name, value in left.items())


def _written(value: str) -> str:
    """`value` in quotes where it needs some: `docker --env-file` takes quotes for a part of it."""
    if not value or _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
