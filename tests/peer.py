"""A server on loopback that says one thing to everybody, whatever they ask."""

import socket
import ssl
import threading
from contextlib import closing, suppress


class Peer:
    """Use it as a context manager.  With a `context` it speaks TLS; without an `answer` it hangs up."""

    def __init__(self, answer: bytes | None, *, context: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Peer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with suppress(OSError), closing(connection):
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True)
        connection.recv(4096)
        if self._answer is not None:
            connection.sendall(self._answer)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):  # closed with something unread, it would be reset, and the answer lost
                pass
        connection.close()


def answer(status: str, body: str = "", *headers: str) -> bytes:
    """An answer of HTTP with a status such as `403 Forbidden`."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return ("\r\n".join(lines) + f"\r\n\r\n{body}").encode()
