"""Run an aiohttp application on loopback, on a thread and an event loop of its own."""

import asyncio
import threading
from collections.abc import Callable

from aiohttp import web

_STOP_SECONDS = 0.1  # for requests under way; what still hangs then is cancelled
_LATE_SECONDS = 0.005  # for connections that were being accepted when the door was closed
_JOIN_SECONDS = 10.0


class ServerThread:
    """Starts and stops the server that `application` makes; port 0 picks one, which a restart keeps."""

    def __init__(self, application: Callable[[], web.Application], port: int) -> None:
        self._application = application
        self.port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._failure: BaseException | None = None

    @property
    def running(self) -> bool:
        """Whether the server is up."""
        return self._thread is not None

    def start(self) -> None:
        """Return when the server listens; OSError when it cannot."""
        if self._thread is not None:
            raise RuntimeError("the server is running already")
        ready = threading.Event()
        thread = threading.Thread(target=self._run, args=(ready,), name="braintrust-stand-in", daemon=True)
        thread.start()
        if not ready.wait(_JOIN_SECONDS):
            raise RuntimeError("the server did not come up")
        if self._failure is not None:
            failure, self._failure = self._failure, None
            thread.join(_JOIN_SECONDS)
            raise failure
        self._thread = thread

    def stop(self) -> None:
        """Return when the server is gone; nothing happens when it is not running."""
        thread, self._thread = self._thread, None
        if thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        thread.join(_JOIN_SECONDS)

    def post(self, call: Callable[[], None]) -> None:
        """Call `call` soon on the server's thread; at once, on this one, when there is none."""
        try:
            if self._thread is not None and self._loop is not None:
                self._loop.call_soon_threadsafe(call)
                return
        except RuntimeError:  # the loop was closed just now
            pass
        call()

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except OSError as error:
            self._failure = error
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=_STOP_SECONDS)
        await runner.setup()
        server = runner.server
        try:
            await web.TCPSite(runner, "127.0.0.1", self.port).start()
            self.port = runner.addresses[0][1]
            ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()
            await asyncio.sleep(_LATE_SECONDS)
            if server is not None:
                await server.shutdown(0)  # who was let in at the very last moment
