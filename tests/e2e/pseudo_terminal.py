"""A person in front of a terminal: sees what a command of the bot says, and types."""

import os
import pty
import re
import select
import signal
import termios
import time
from types import TracebackType

from tests.e2e.world import World
from tests.processes import Stream, bot_process

CTRL_C, CTRL_D = "\x03", "\x04"


class PseudoTerminal:
    """A command of the bot with a pseudo-terminal for everything but the streams that are given.

    Use it as a context manager.
    """

    def __init__(
        self,
        world: World,
        *arguments: str,
        columns: int = 80,
        stdout: Stream | None = None,
        stderr: Stream | None = None,
        **settings: str,
    ) -> None:
        self.seen = ""
        self._columns = columns
        self._descriptor, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, columns))
        self._process = bot_process(
            *arguments,
            folder=world.folder,
            environment={**world.environment, **settings},
            stdin=theirs,
            stdout=theirs if stdout is None else stdout,
            stderr=theirs if stderr is None else stderr,
            new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> "PseudoTerminal":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.wait(10)
        os.close(self._descriptor)

    def see(self, words: str, *, seconds: float = 40) -> str:
        """All that was shown so far, once it has `words`."""
        deadline = time.monotonic() + seconds
        while words not in self.seen:
            assert time.monotonic() < deadline, f"not seen: {words!r} in\n{self.seen}"
            if not self._read(0.2):
                assert words in self.seen, f"it ended without {words!r}:\n{self.seen}"
        return self.seen

    def lines(self) -> list[str]:
        """What stands on the screen now, of all that was shown."""
        lines, column = [""], 0
        for sign in re.findall(r"\x1b\[K|[^\x1b]", self.seen):
            if sign in ("\n", "\r"):
                lines += [""] if sign == "\n" else []
                column = 0
            elif sign == "\x1b[K":
                lines[-1] = lines[-1][:column]
            else:
                if column == self._columns:
                    lines, column = [*lines, ""], 0
                lines[-1] = lines[-1][:column] + sign + lines[-1][column + 1 :]
                column += 1
        return lines

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone."""
        self._process.send_signal(number)

    def end(self, *, seconds: float = 60) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < deadline, self.seen
        return self._process.wait(max(deadline - time.monotonic(), 1))

    def _read(self, seconds: float) -> bool:
        """Take in what is shown within `seconds`; False once the terminal was left."""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return True
        try:
            shown = os.read(self._descriptor, 65_536)
        except OSError:  # EIO: nobody has the other end open any more
            return False
        self.seen += shown.decode().replace("\r\n", "\n")
        return bool(shown)
