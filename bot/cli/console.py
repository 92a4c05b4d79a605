"""The console: lines for people or files.  Its reader may be slow, full or gone; no work ever waits for it."""

import json
import os
import select
import sys
import threading
from getpass import getpass
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

from bot.domain.plain_text import readable

GLANCE_SECONDS = 0.5
PATIENCE_SECONDS = 30.0  # how long a reader may take for the last lines


def program() -> str:
    """How the bot was called, for lines that say what to type."""
    return "python -m bot" if Path(sys.argv[0]).name == "__main__.py" else "assign-reviews"


class Console:
    """Prints in a thread of its own; what nobody takes any more is given up."""

    def __init__(self, *, is_for_scripts: bool = False) -> None:
        """`is_for_scripts`: standard output has the result alone, and what people read goes to standard error."""
        self._results = _Output(sys.stdout)
        self._shown = _Output(sys.stderr) if is_for_scripts else self._results
        self._complaints = _Output(sys.stderr)
        self._waiting: SimpleQueue[tuple[_Output, str] | threading.Event] = SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def can_ask(self) -> bool:
        """Whether somebody sits there who sees a question."""
        return not self._shown.is_gone and sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()

    def say(self, *lines: str) -> None:
        """Print lines."""
        self._print(self._shown, "".join(f"{readable(line)}\n" for line in lines))

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
        if self._thread is None:
            self._thread = threading.Thread(target=self._print_waiting, name="console", daemon=True)
            self._thread.start()
        self._waiting.put((output, text))

    def _printed(self) -> threading.Event:
        """Set once everything was printed, or given up, that was said so far."""
        event = threading.Event()
        if self._thread is None:
            event.set()
        else:
            self._waiting.put(event)
        return event

    def _print_waiting(self) -> None:
        while True:
            match self._waiting.get():
                case threading.Event() as event:
                    event.set()
                case output, text:
                    output.write(text)


class _Output:
    """Standard output or standard error.

    Written to without a buffer: the interpreter would wait for its lock, or complain about its rest, at the end.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.is_gone = False

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
