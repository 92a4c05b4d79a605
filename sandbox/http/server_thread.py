"""A server on loopback: an aiohttp application, on a thread and an event loop of its own."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from aiohttp import web

T = TypeVar("T")

_STOP_SECONDS = 0.1  # for requests under way; what still hangs then is cancelled


class ServerThread:
    """Listens between `start` and `stop`, or within a `with` block; started again it has the same port.

    Port 0 picks one at the first start.  A server is one that has an `application`.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._door: socket.socket | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end; to be had once it was started."""
        return f"http://127.0.0.1:{self.port}"

    def application(self) -> web.Application:
        """What is served, made anew for each start."""
        raise NotImplementedError

    def start(self) -> None:
        """Return when the server listens; OSError when the port is taken."""
        if self._loop is not None:
            raise RuntimeError("already started")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._thread.start()
        try:
            self.run(self._listen())
        except OSError:
            self.stop()
            raise

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop and wait for it."""
        if self._loop is None:
            coroutine.close()
            raise RuntimeError("start the stand-in first")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Close every connection, also of requests that hang, and free the port; nothing when it is not running."""
        if self._loop is None or self._thread is None:
            return
        self.run(self._close())
        loop, self._loop = self._loop, None
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join()
        loop.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    async def _listen(self) -> None:
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=_STOP_SECONDS)
        await self._runner.setup()
        self._door = socket.create_server(("127.0.0.1", self.port))
        await web.SockSite(self._runner, self._door).start()
        self.port = self._door.getsockname()[1]

    async def _close(self) -> None:
        if self._runner is None:
            return
        if self._door is not None:
            # asyncio forgets whoever it lets in while it closes: let nobody else in, and those begin who are.
            asyncio.get_running_loop().remove_reader(self._door)
            self._door = None
            for _ in ("make a connection", "tell the server of it"):
                await asyncio.sleep(0)
        await self._runner.cleanup()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
