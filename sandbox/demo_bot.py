"""The real bot as a process of its own, started the way the Procfile starts it, between the stand-ins."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import bot

WEB = ("-m", "bot", "web", "--host", "127.0.0.1")

# For finding our code, for asking no proxy about what is on this machine, and for keeping its memory small.
_OWN = {
    "PYTHONPATH": str(Path(bot.__file__).parents[1]),
    "PYTHONUTF8": "1",
    "NO_PROXY": "*",
    "MALLOC_ARENA_MAX": "2",
}
_READY_SECONDS = 20.0
_STOP_SECONDS = 35.0  # a little longer than the bot takes
_GLANCE_SECONDS = 0.05
_LOG_LINES = 40


class BotEndedError(Exception):
    """The bot's process ended, or never became ready; the message has the end of its log."""


class BotProcess:
    """A bot that was started.  `environment` is all that it gets: nothing of this process's own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "bot.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  every word of it is ours
                [sys.executable, *WEB],
                cwd=folder,  # where there is no .env
                env={**_OWN, **environment, "PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops the bot
            )

    def wait_until_ready(self) -> None:
        """Return when it is ready; raises `BotEndedError`."""
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            try:
                self._process.wait(_GLANCE_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise BotEndedError(self.obituary())

    def wait(self) -> NoReturn:
        """Return never but by `BotEndedError`: the bot is not meant to end."""
        self._process.wait()
        raise BotEndedError(self.obituary())

    def stop(self) -> None:
        """Stop as a platform would: SIGTERM first, SIGKILL for those who do not listen."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def obituary(self) -> str:
        """Whether it runs, and the end of its log."""
        code = self._process.poll()
        state = "The bot runs." if code is None else f"The bot ended by itself (exit code {code})."
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join([f"{state} Its log ends with:\n", *lines[-_LOG_LINES:]])

    def _is_ready(self) -> bool:
        without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with without_proxy.open(f"{self.url}/readyz", timeout=_GLANCE_SECONDS):
                return True
        except OSError:
            return False


@contextmanager
def running_bot(environment: Mapping[str, str], folder: Path) -> Iterator[BotProcess]:
    """The bot, ready; stopped at the end, also of one that never became ready."""
    process = BotProcess(environment, folder)
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.stop()
