"""A person in front of a terminal: sees what a command of the bot says, and types."""

import os
import pty
import select
import signal
import time
from types import TracebackType

from tests.e2e.world import World
from tests.processes import bot_process

CTRL_C, CTRL_D = "\x03", "\x04"


class PseudoTerminal:
    """A command of the bot with a pseudo-terminal for everything.  Use it as a context manager."""

    def __init__(self, world: World, *arguments: str, **settings: str) -> None:
        self.seen = ""
        self._descriptor, theirs = pty.openpty()
        self._process = bot_process(
            *arguments,
            folder=world.folder,
            environment={**world.environment, **settings},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
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
