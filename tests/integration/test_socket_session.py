"""A session of Socket Mode that is ended while it opens leaves nothing open."""

import base64
import hashlib
import re
import socket
import threading

import pytest

from bot.doors.socket_mode import Session

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


class Opening:
    """A server that answers the opening handshake when the test says so."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = threading.Event()
        self.answers = threading.Event()
        self.was_closed = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.answers.set()
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(30)
            key = re.search(rb"Sec-WebSocket-Key: (\S+)", connection.recv(4096))
            self.asked.set()
            self.answers.wait(30)
            assert key is not None
            accepted = base64.b64encode(hashlib.sha1(key[1] + MAGIC).digest())
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n"
            )
            while connection.recv(4096):
                continue
            self.was_closed.set()


@pytest.mark.filterwarnings("error")
def test_a_session_that_is_ended_while_it_opens_is_closed_once_it_is_open() -> None:
    server = Opening()
    try:
        session = Session(server.address, received=lambda *_: None, lost=lambda _: None)
        assert server.asked.wait(30)
        threading.Timer(0.3, server.answers.set).start()

        session.end()

        assert session.is_over
        assert server.was_closed.wait(30)
    finally:
        server.close()
