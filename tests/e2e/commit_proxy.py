"""Stands between the bot and PostgreSQL, and on request loses a COMMIT on its way, or the answer to it.

It understands just as much of the protocol as that takes: <https://www.postgresql.org/docs/current/protocol.html>.
"""

import socket
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

Matches = Callable[[str], bool]
"""Whether a transaction is meant, by its statements, one to a line."""
QUERY, PARSE, BIND = b"Q", b"P", b"B"
COMMIT = QUERY + b"COMMIT\0"
READY = b"Z\0\0\0\5I"  # the end of an answer, outside of a transaction
PLAIN = "sslmode=disable&gssencmode=disable"
CHUNK = 65_536


def inserts(table: str) -> Matches:
    """Transactions that insert into a table."""
    return lambda statements: f"INSERT INTO {table} " in statements


def updates(table: str) -> Matches:
    """Transactions that update a table."""
    return lambda statements: f"UPDATE {table} " in statements


class CommitProxy:
    """Every connection to `url` becomes one to the server.  Use it as a context manager."""

    def __init__(self, server_url: str) -> None:
        address = urlsplit(server_url)
        self._server = str(Path(parse_qs(address.query)["host"][0]) / ".s.PGSQL.5432")
        self._door = socket.create_server(("127.0.0.1", 0))
        port = self._door.getsockname()[1]
        self.url = f"postgresql://{address.username}@127.0.0.1:{port}{address.path}?{PLAIN}"
        self.lost: list[str] = []
        """The statements of the transactions whose COMMIT was lost."""
        self._lock = threading.Lock()
        self._is_away = False
        self._connections: list[_Connection] = []
        self._matches: Matches = lambda _: False
        self._numbers: Collection[int] = ()
        self._carried_out = False
        self._then: Callable[[], None] = lambda: None
        self._seen = 0
        self._serving = threading.Thread(target=self._serve, name="commit-proxy")

    def __enter__(self) -> Self:
        self._serving.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._serving.join()
        self._door.close()
        self.go_away()
        for connection in self._connections:
            connection.join()

    def lose(
        self,
        matches: Matches,
        *,
        carried_out: bool,
        numbers: Collection[int] = (0,),
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Of the next COMMITs of transactions that are meant, lose those with these numbers, and their connections.

        The server has carried them out, or never hears of them.  `then` is what happens next.
        """
        with self._lock:
            self._matches, self._carried_out, self._numbers, self._then = matches, carried_out, numbers, then
            self._seen = 0

    def go_away(self) -> None:
        """Lose every connection, and refuse new ones."""
        with self._lock:
            self._is_away = True
            connections = list(self._connections)
        for connection in connections:
            connection.cut()

    def come_back(self) -> None:
        """Take new connections again."""
        with self._lock:
            self._is_away = False

    def verdict(self, statements: str) -> bool | None:
        """What becomes of a COMMIT: None when it goes through, else whether the server carries it out."""
        with self._lock:
            if not self._matches(statements):
                return None
            self._seen += 1
            if self._seen - 1 not in self._numbers:
                return None
            self.lost.append(statements)
            return self._carried_out

    def was_lost(self) -> None:
        """A connection has lost its COMMIT."""
        self._then()

    def _serve(self) -> None:
        with suppress(OSError):  # the door is closed
            while True:
                self._admit(self._door.accept()[0])

    def _admit(self, client: socket.socket) -> None:
        with self._lock:
            if self._is_away:
                client.close()
                return
            connection = _Connection(self, client, self._server)
            self._connections.append(connection)
        connection.start()


class _Connection(threading.Thread):
    """One of the bot's connections, and the one to the server that belongs to it."""

    def __init__(self, proxy: CommitProxy, client: socket.socket, server: str) -> None:
        super().__init__(name="commit-proxy-connection")
        self._proxy = proxy
        self._client = client
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(server)
        self._answer_is_lost = False
        self._prepared: dict[bytes, str] = {}
        self._statements: list[str] = []

    def run(self) -> None:
        """Pass on what both sides say, until one of them is gone."""
        answering = threading.Thread(target=self._answer, name="commit-proxy-answers")
        answering.start()
        with self._client, self._server:
            with suppress(OSError):
                self._forward()
            self.cut()
            answering.join()

    def cut(self) -> None:
        """End it, for both sides."""
        for side in (self._client, self._server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _forward(self) -> None:
        """From the bot to the server, message by message: a kind, but for the first one, a length and a body."""
        kind = b""
        with self._client.makefile("rb") as messages:
            while length := messages.read(4):
                body = messages.read(int.from_bytes(length) - 4)
                if kind + body == COMMIT and not self._goes_on():
                    return
                self._note(kind, body)
                self._server.sendall(kind + length + body)
                kind = messages.read(1)

    def _goes_on(self) -> bool:
        """Whether a COMMIT reaches the server.  Nothing else is on its way: the bot waits for this answer."""
        carried_out = self._proxy.verdict("\n".join(self._statements))
        self._statements.clear()
        self._answer_is_lost = carried_out is True
        if carried_out is False:
            self._proxy.was_lost()
        return carried_out is not False

    def _note(self, kind: bytes, body: bytes) -> None:
        """Remember what the transaction does."""
        if kind == QUERY and body.startswith((b"BEGIN", b"ROLLBACK")):
            self._statements.clear()
        elif kind == PARSE:
            name, statement, _ = body.split(b"\0", 2)
            self._prepared[name] = statement.decode()
        elif kind == BIND:
            _, name, _ = body.split(b"\0", 2)
            self._statements.append(self._prepared[name])

    def _answer(self) -> None:
        """From the server to the bot."""
        answer = b""
        with suppress(OSError):
            while chunk := self._server.recv(CHUNK):
                if not self._answer_is_lost:
                    self._client.sendall(chunk)
                elif (answer := answer + chunk).endswith(READY):
                    self._proxy.was_lost()
                    break
        self.cut()
