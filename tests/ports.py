"""Ports of this machine that nobody listens at, and that the system gives to nobody else meanwhile."""

import os
import socket
from itertools import count

_FIRST, _LAST = 10_000, 32_000
"""Below those that a system hands out by itself, to servers at port 0 and to outgoing connections."""
_numbers = count(os.getpid() * 101)


def free_port() -> int:
    """A port that this process has not named before; other processes begin elsewhere."""
    while True:
        port = _FIRST + next(_numbers) % (_LAST - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
