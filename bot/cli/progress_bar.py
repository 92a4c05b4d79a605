"""The progress bar of a terminal: one line that is drawn over itself, and goes before anything else is said."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from tqdm import tqdm

REDRAWN_SECONDS = 1.0
USUAL_COLUMNS = 80  # of a terminal that does not say how wide it is
_GONE = "\r\x1b[K"

# From the one that says most to the one that is never too wide; `{bar}` takes what is left.
_OF_A_TOTAL = (
    "  {at.doing} {n:,}/{total:,} {percentage:3.0f}% |{bar}| [{elapsed}<{remaining}]",
    "{n:,}/{total:,} |{bar}|",
    "{percentage:3.0f}% |{bar}|",
)
_WITHOUT_END = ("  {at.doing} {n:,} rows [{elapsed}]", "{n:,} rows [{elapsed}]", "{n:,} rows")
_WAITING = ("  {at.doing} {n:,} rows [{elapsed}]. {at.waiting}", "{at.waiting}")


@dataclass(frozen=True, slots=True)
class Advance:
    """How far work has come."""

    doing: str
    rows: int
    total: int | None = None
    waiting: str | None = None
    """Why nothing moves."""


class ProgressBar:
    """Draws how far work has come on `stream`, by `write`."""

    def __init__(self, stream: TextIO, write: Callable[[str], None]) -> None:
        self._stream = stream
        self._write = write
        self._at: Advance | None = None
        self._began_at = 0.0
        self._began_with = 0

    @property
    def is_shown(self) -> bool:
        """Whether it stands on the terminal."""
        return self._at is not None

    def show(self, at: Advance) -> None:
        """Draw how far it is now."""
        if self._at is None or self._at.doing != at.doing:
            self._began_at, self._began_with = time.monotonic(), at.rows
        self._at = at
        self.redraw()

    def redraw(self) -> None:
        """Draw it with the time that has passed.

        The cursor waits where the line begins: what others write there, such as the log, begins a line.
        """
        if self._at is not None:
            self._write(f"{_GONE}{self._line(self._at)}\r")

    def clear(self) -> None:
        """Take it away."""
        if self._at is not None:
            self._at = None
            self._write(_GONE)

    def _line(self, at: Advance) -> str:
        columns = self._columns()
        forms = _WAITING if at.waiting else _OF_A_TOTAL if at.total else _WITHOUT_END
        fitting = (form for form in forms if len(self._formatted(at, form, None)) <= columns)
        return self._formatted(at, next(fitting, forms[-1]), columns)

    def _formatted(self, at: Advance, form: str, columns: int | None) -> str:
        """The line in a form, as wide as it is given room; without, with a bar of 10 characters."""
        line: str = tqdm.format_meter(
            at.rows,
            at.total,
            time.monotonic() - self._began_at,
            ncols=columns,
            ascii=not self._stream.encoding.lower().startswith("utf"),
            initial=self._began_with,
            bar_format=form,
            at=at,
        )
        return line

    def _columns(self) -> int:
        """How wide the line may be: not as wide as the terminal, where some would begin the next one."""
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            columns = 0
        return max((columns or USUAL_COLUMNS) - 1, 1)
