"""Processes of the bot, forked from one that has imported it: a start takes milliseconds instead of a second.

Each is a process of its own and a child of the test's, as if it had executed `python -m bot`: with arguments, an
environment, a folder, standard streams, signals and a session of its own.  It shares only what importing leaves behind.
"""

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
PREPARED = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
_READ_AT_THE_START = ("PYTHON", "LANG", "LC_", "LD_", "OPENSSL_")
"""Beginnings of variables that the interpreter and its libraries look at while they start."""
_BE_A_SUBREAPER = 36  # prctl(2), PR_SET_CHILD_SUBREAPER

Stream = int | IO[Any] | None


def bot_process(
    *arguments: str,
    before: Sequence[str] = (),
    folder: Path,
    environment: Mapping[str, str],
    new_session: bool = False,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.PIPE,
    stderr: Stream = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start `python -m bot`, with a terminal as that of its session where one is given and the session is new.

    What stands `before` it, and variables that the interpreter reads, take a true start.
    """
    is_true = before or sys.platform != "linux" or not _is_prepared(environment)
    kind = subprocess.Popen[str] if is_true else _Forked
    return kind(
        [*before, sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        text=True,
        start_new_session=new_session,
    )


def _is_prepared(environment: Mapping[str, str]) -> bool:
    """Whether it is the environment of the process that is forked, in all that is read before the first line runs."""
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_THE_START)} == PREPARED


class _Forked(subprocess.Popen[str]):
    """A Popen that asks the prepared process for a fork where others call fork and exec themselves."""

    def _execute_child(
        self,
        args: list[str],
        _executable: object,
        _preexec_fn: object,
        _close_fds: object,
        _pass_fds: object,
        cwd: Path,
        env: Mapping[str, str],
        _startupinfo: object,
        _creationflags: object,
        _shell: object,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        *others: object,
    ) -> None:
        *_, start_new_session, _process_group = others
        request = {
            "arguments": args[3:],
            "folder": str(cwd),
            "environment": dict(env),
            "new_session": start_new_session,
        }
        streams = [own if own != -1 else usual for own, usual in ((p2cread, 0), (c2pwrite, 1), (errwrite, 2))]
        try:
            self.pid = _prepared().fork(request, streams)
            self._child_created = True
        finally:
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]


class _Prepared:
    """The process that has imported the bot.  It ends with its connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {"PATH": os.environ["PATH"], "MALLOC_ARENA_MAX": "2", **PREPARED}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prepared", str(theirs.fileno())],
            cwd=ROOT,
            env=environment,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()

    def fork(self, request: Mapping[str, Any], streams: list[int]) -> int:
        """Fork it, and let the fork do what is asked for; the new process, a child of this one."""
        with self._lock, _Subreaper():
            socket.send_fds(self._connection, [json.dumps(request).encode()], streams)
            pid = int(self._connection.recv(100))
            assert self._connection.recv(100) == b"adopted"
        return pid


class _Subreaper:
    """While it is one, this process becomes the parent of its grandchildren whose parent ended."""

    def __enter__(self) -> None:
        self._set(1)

    def __exit__(self, *_: object) -> None:
        self._set(0)

    @staticmethod
    def _set(value: int) -> None:
        assert ctypes.CDLL(None).prctl(_BE_A_SUBREAPER, value, 0, 0, 0) == 0


@cache
def _prepared() -> _Prepared:
    """One for each process that runs tests."""
    return _Prepared()
