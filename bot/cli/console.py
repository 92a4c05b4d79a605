"""The console: lines for people or files.  Its reader may be slow, full or gone; no work ever waits for it."""

import json
import os
import select
import shlex
import shutil
import sys
import threading
from getpass import getpass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TextIO

from bot.cli.progress_bar import REDRAWN_SECONDS, Advance, ProgressBar
from bot.domain.plain_text import readable
from bot.settings import can_draw_anew

NAME = "assign-reviews"
GLANCE_SECONDS = 0.5
PATIENCE_SECONDS = 30.0  # how long a reader may take for the last lines


def program() -> str:
    """How the bot was called, for lines that say what to type."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return shlex.join(sys.orig_argv[: len(sys.orig_argv) - len(sys.argv[1:])])
    is_elsewhere = called.name == NAME and shutil.which(NAME) != sys.argv[0]
    return shlex.quote(sys.argv[0]) if is_elsewhere else NAME


_Said = tuple["_Output", str] | Advance | threading.Event


class Console:
    """Prints in a thread of its own; what nobody takes any more is given up."""

    def __init__(self, *, is_for_scripts: bool = False) -> None:
        """`is_for_scripts`: standard output has the result alone, and what people read goes to standard error."""
        self._results = _Output(sys.stdout)
        self._shown = _Output(sys.stderr) if is_for_scripts else self._results
        self._complaints = _Output(sys.stderr)
        is_watched = self._shown.is_terminal and self._complaints.is_terminal and can_draw_anew()
        self._bar = ProgressBar(sys.stderr, self._complaints.write) if is_watched else None
        self._told = ""  # the last line about progress
        self._waiting: SimpleQueue[_Said] = SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def can_ask(self) -> bool:
        """Whether somebody sits there who sees a question."""
        return not self._shown.is_gone and sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()

    def say(self, *lines: str) -> None:
        """Print lines."""
        self._print(self._shown, "".join(f"{readable(line)}\n" for line in lines))

    def progress(self, at: Advance, line: str) -> None:
        """Show how far work has come: as a bar where somebody sees it move, else as a line that was not said last."""
        if self._bar is not None:
            self._put(at)
        elif line and line != self._told:
            self._told = line
            self.say(line)

    def result(self, value: object) -> None:
        """Print what a command found out, as JSON."""
        self._print(self._results, f"{json.dumps(value, ensure_ascii=False, indent=2)}\n")

    def complain(self, *lines: str) -> None:
        """Print lines to standard error."""
        self._print(self._complaints, "".join(f"{readable(line)}\n" for line in lines))

    def ask(self, question: str) -> str:
        """What a person answers, in small letters; nothing where they close their input (Ctrl-D)."""
        self.say("")
        try:
            return self.line(question).lower()
        except EOFError:
            return ""

    def line(self, question: str, *, is_secret: bool = False) -> str:
        """What a person types, a secret unseen; raises `EOFError` where they close their input (Ctrl-D)."""
        prompt = f"{readable(question)} "
        self._print(self._shown, "" if is_secret else prompt)
        printed = self._printed()
        while not printed.wait(GLANCE_SECONDS):  # a signal that comes right before a wait is noticed only after it
            pass
        if is_secret:
            return getpass(prompt).strip()  # which drops what was typed before it asked
        typed = sys.stdin.readline()
        if not typed.endswith("\n"):
            self.say("")
        if not typed:
            raise EOFError
        return typed.strip()

    def close(self) -> bool:
        """Whether all that was said was shown; a reader who takes nothing is waited for a while."""
        return self._printed().wait(PATIENCE_SECONDS) and not (self._shown.is_gone or self._results.is_gone)

    def _print(self, output: "_Output", text: str) -> None:
        self._put((output, text))

    def _printed(self) -> threading.Event:
        """Set once everything was printed, or given up, that was said so far, and no bar is in the way."""
        event = threading.Event()
        if self._thread is None:
            event.set()
        else:
            self._put(event)
        return event

    def _put(self, said: _Said) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._print_waiting, name="console", daemon=True)
            self._thread.start()
        self._waiting.put(said)

    def _print_waiting(self) -> None:
        while True:
            said = self._next()
            if self._bar is not None:
                self._bar.show(said) if isinstance(said, Advance) else self._bar.clear()
            match said:
                case threading.Event() as event:
                    event.set()
                case output, text:
                    output.write(text)

    def _next(self) -> _Said:
        """What is to be printed next; a bar goes on meanwhile."""
        while self._bar is not None and self._bar.is_shown:
            try:
                return self._waiting.get(timeout=REDRAWN_SECONDS)
            except Empty:
                self._bar.redraw()
        return self._waiting.get()


class _Output:
    """Standard output or standard error.

    Written to without a buffer: the interpreter would wait for its lock, or complain about its rest, at the end.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_gone = False

    @property
    def is_terminal(self) -> bool:
        return self._stream is not None and not self._stream.closed and self._stream.isatty()

    def write(self, text: str) -> None:
        try:
            self._write(text)
        except (OSError, ValueError, AttributeError):  # a closed reader, a full device, a closed stream, none at all
            self.is_gone = True

    def _write(self, text: str) -> None:
        if self.is_gone or self._stream is None:
            raise BrokenPipeError
        descriptor = self._stream.fileno()
        rest = text.encode(self._stream.encoding, "backslashreplace")
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                select.select([], [descriptor], [])
