"""Connections to a server that can be ended from another thread, and that are used again only after a plain exchange.

`requests` and `urllib3` bound each read from a socket, not an exchange: headers, interim statuses and chunk sizes may
drip for as long as a server likes.
"""

import contextlib
import http.client
import os
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import ProxyManager
from urllib3.util.wait import wait_for_read

MAX_INTERIM_STATUSES = 10


class Call:
    """One exchange under way.  Once it was ended nothing more is sent or read, in whatever state it was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._twin: socket.socket | None = None
        self._is_ended = False
        self.was_odd = False
        """Whether the server said anything but one answer to the whole request: what follows belongs to nobody."""

    def runs_on(self, connected: socket.socket) -> None:
        """The exchange uses this socket; raises `ConnectionAbortedError` when it was ended meanwhile."""
        with self._lock:
            if self._is_ended:
                raise ConnectionAbortedError("nobody waits for the answer any more")
            self._forget()
            self._twin = socket.socket(fileno=os.dup(connected.fileno()))  # TLS takes the socket itself away

    def end(self) -> None:
        """Make every read and write of the exchange fail, now and later."""
        with self._lock:
            self._is_ended = True
            if self._twin is not None:
                with contextlib.suppress(OSError):
                    self._twin.shutdown(socket.SHUT_RDWR)
            self._forget()

    def close(self) -> None:
        """Let go of the socket, which the connection may use again."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        if self._twin is not None:
            self._twin.close()
            self._twin = None


class _Thread(threading.local):
    """The exchange that a thread carries out."""

    call = Call()


_thread = _Thread()


class WatchedAdapter(HTTPAdapter):
    """The transport of a session of `requests`: one connection, which `call` can end."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    @staticmethod
    def begin(call: Call) -> None:
        """What this thread sends and receives from now on belongs to `call`."""
        _thread.call = call

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make connections of our own kind."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **options: Any) -> ProxyManager:
        """The same through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Answer(http.client.HTTPResponse):
    """An answer without the interim statuses before it (`http.client` takes 103 for the answer itself)."""

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM_STATUSES):
            version, status, reason = super()._read_status()  # type: ignore[misc]  # not in the stubs
            if not 100 <= status < 200:
                return version, status, reason
            _thread.call.was_odd = True
            http.client.parse_headers(self.fp)
        raise http.client.HTTPException("interim statuses without end")


class _Watched(HTTPConnection):
    """Tells the exchange which socket it runs on, and notices what comes before the request was sent."""

    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        try:
            _thread.call.runs_on(connected)
        except ConnectionAbortedError:
            connected.close()
            raise
        return connected

    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:
            _thread.call.runs_on(self.sock)
        super().request(*args, **options)

    def send(self, data: Any) -> None:
        if not isinstance(data, bytes | bytearray) or len(data) < 2:
            super().send(data)
            return
        super().send(data[:-1])
        if wait_for_read(self.sock, timeout=0.0):  # nobody can know the answer yet
            _thread.call.was_odd = True
        super().send(data[-1:])


class _WatchedTls(_Watched, HTTPSConnection):
    """The same with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


_POOLS: dict[str, Any] = {"http": _Pool, "https": _TlsPool}
