"""A process that has imported the bot, and forks: each fork becomes what it is asked to, as if just executed.

It has no threads, connections or files that a fork would find in its way.
"""

import fcntl
import gc
import importlib
import io
import json
import os
import runpy
import signal
import socket
import sys
import termios
import time
from typing import Any, TextIO

IMPORTED = (
    "bot.cli",
    "apscheduler.triggers.interval",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
)
"""The bot, and what it imports only when it is needed."""


def serve(connection: socket.socket) -> dict[str, Any]:
    """Fork for each request until the connection ends.  Returns in the forks alone, with the request."""
    while True:
        message, streams, _, _ = socket.recv_fds(connection, 1_000_000, 3)
        if not message:
            sys.exit()
        if not (between := os.fork()):
            if not (pid := os.fork()):
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                request: dict[str, Any] = json.loads(message)
                return request
            connection.send(str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        connection.send(b"adopted")
        for stream in streams:
            os.close(stream)


def become(request: dict[str, Any]) -> None:
    """Do what the kernel and the interpreter do before the first line of a program runs."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have had them ignored
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(request["folder"])
    if request["new_session"]:
        os.setsid()
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    coerced = {name: os.environ[name] for name in ("LC_CTYPE",) if name in os.environ}  # PEP 538
    os.environ.clear()
    os.environ.update(coerced | request["environment"])
    time.tzset()
    sys.argv[1:] = request["arguments"]
    sys.orig_argv = ["python", "-m", "bot", *request["arguments"]]
    sys.path[0] = request["folder"]
    streams = {name: _opened(number, getattr(sys, name)) for number, name in enumerate(("stdin", "stdout", "stderr"))}
    vars(sys).update(streams | {f"__{name}__": stream for name, stream in streams.items()})


def _opened(number: int, before: TextIO) -> io.TextIOWrapper:
    """A standard stream, as the interpreter opens it."""
    binary = open(number, "wb" if number else "rb", closefd=False)  # noqa: SIM115 - no path, and never closed
    return io.TextIOWrapper(
        binary,
        encoding=before.encoding,
        errors=before.errors,
        newline="\n" if number else None,
        line_buffering=number == 2 or binary.isatty(),
    )


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a fork would copy all of it
    with socket.socket(fileno=int(sys.argv[1])) as tests:
        asked_for = serve(tests)
    become(asked_for)
    runpy.run_module("bot", run_name="__main__", alter_sys=True)
