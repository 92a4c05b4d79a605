"""A server that says what it is told, byte by byte, and notes when it is hung up on."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Script = Callable[["Caller"], None]
"""What is said to one request."""

DRIP_SECONDS = 0.05


def answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer, after which the connection stays open."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def drip(*, before: bytes, again: bytes) -> Script:
    """`before`, and then `again` for ever, a little every `DRIP_SECONDS`."""

    def script(caller: "Caller") -> None:
        caller.read_request()
        caller.say(before)
        while True:
            time.sleep(DRIP_SECONDS)  # the drip itself: no test waits for it
            caller.say(again)

    return script


def silent(caller: "Caller") -> None:
    """Nothing, to any number of requests."""
    caller.read_request()


@dataclass
class Caller:
    """A connection, as the server has it."""

    connected: socket.socket
    requests: int = 0

    def __post_init__(self) -> None:
        self._incoming = self.connected.makefile("rb")

    def read_request(self) -> bytes:
        """The next request's body; raises `ConnectionError` when there is none."""
        head = self.read_head()
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        body = self._incoming.read(length)
        if len(body) < length:
            raise ConnectionError("hung up")
        return body

    def read_head(self) -> bytes:
        """What stands before the next request's body."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self._incoming.readline()
            if not line:
                raise ConnectionError("hung up")
            head += line
        self.requests += 1
        return head

    def say(self, data: bytes) -> None:
        self.connected.sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connected.shutdown(socket.SHUT_RDWR)
        self.connected.close()


@dataclass
class HostileServer:
    """Carries `script` out on each connection, until it is hung up on."""

    script: Script
    callers: list[Caller] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hung_up = threading.Semaphore(0)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def wait_until_hung_up(self, *, seconds: float) -> bool:
        """Whether a caller hangs up within so many seconds."""
        return self._hung_up.acquire(timeout=seconds)

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, name="hostile", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.close()
        for caller in self.callers:
            caller.close()

    def _serve(self) -> None:
        for connected in self._accepted():
            caller = Caller(connected)
            self.callers.append(caller)
            threading.Thread(target=self._answer, args=(caller,), name="hostile-caller", daemon=True).start()

    def _accepted(self) -> Iterator[socket.socket]:
        while True:
            try:
                yield self._door.accept()[0]
            except OSError:
                return

    def _answer(self, caller: Caller) -> None:
        try:
            while True:
                self.script(caller)
        except OSError:
            self._hung_up.release()
