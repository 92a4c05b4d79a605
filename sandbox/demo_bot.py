"""The real bot as a process of its own, started the way the Procfile starts it, between the stand-ins."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

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


class BotProcess:
    """Runs between `start` and `stop`.  `environment` is all that it gets: nothing of this process's own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.url = ""
        self._environment = environment
        self._folder = folder
        self._log = folder / "bot.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it is ready; raises `BotEndedError`."""
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  every word of it is ours
                [sys.executable, *WEB],
                cwd=self._folder,  # where there is no .env
                env={**_OWN, **self._environment, "PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops the bot
            )
        self._wait_until_ready(self._process)

    def wait(self) -> NoReturn:
        """Return never but by `BotEndedError`: the bot is not meant to end."""
        if self._process is not None:
            self._process.wait()
        raise BotEndedError(self.obituary())

    def stop(self) -> None:
        """Stop as a platform would: SIGTERM first, SIGKILL for those who do not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def obituary(self) -> str:
        """Whether it runs, and the end of its log."""
        code = self._process.poll() if self._process else None
        state = "The bot runs." if code is None else f"The bot ended by itself (exit code {code})."
        return f"{state} Its log ends with:\n\n{self.log_tail()}"

    def log_tail(self) -> str:
        """The last lines of the log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-_LOG_LINES:])

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_ready():
            try:
                process.wait(_GLANCE_SECONDS)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise BotEndedError(self.obituary())

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=_GLANCE_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class BotEndedError(Exception):
    """The bot's process ended, or never became ready; the message has the end of its log."""
