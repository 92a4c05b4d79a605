"""Run an aiohttp application in a thread of its own, with a loop of its own."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

T = TypeVar("T")

_PATIENCE_SECONDS = 1.0  # for requests in flight when the server stops


class ServerThread:
    """Listens on 127.0.0.1 between `start` and `stop`; a port picked at the first start is kept for the next."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None

    @property
    def is_running(self) -> bool:
        """True between start and stop."""
        return self._loop is not None

    def start(self, application: web.Application) -> None:
        """Listen; the port is known afterwards."""
        if self._loop is not None:
            raise RuntimeError("already started")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="slack-stand-in", daemon=True)
        self._thread.start()
        try:
            self.run(self._listen(application))
        except OSError:  # the port is taken
            self.stop()
            raise

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop and wait for it."""
        if self._loop is None:
            coroutine.close()
            raise RuntimeError("start the stand-in first")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        """Stop listening, finish or cut what is in flight, end the thread.  Does nothing when not started."""
        if self._loop is None or self._thread is None or self._runner is None:
            return
        self.run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = self._runner = None

    async def _listen(self, application: web.Application) -> None:
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_PATIENCE_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
