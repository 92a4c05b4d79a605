"""A real PgBouncer for tests, where the Debian package is installed; it stands before a test's own PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from tests.postgresql import unprivileged

_PATH = f"{os.environ['PATH']}:/usr/sbin"  # Debian puts it where only an administrator looks
_CONFIGURATION = """
[databases]
* = host={server}
[pgbouncer]
pool_mode = {pool_mode}
default_pool_size = {pool_size}
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
logfile = {folder}/log
"""
_PORT = 6432  # of its socket in a folder of its own: nothing listens on the machine's


class PgBouncer:
    """Between the bot and the server behind `server_url`, with its defaults but for what is named."""

    def __init__(self, server_url: str, *, pool_mode: str = "session", pool_size: int = 20) -> None:
        server = urlsplit(server_url)
        self._folder = Path(tempfile.mkdtemp(prefix="pgb-"))
        self._as_whom = unprivileged(self._folder)
        self._configuration = self._folder / "pgbouncer.ini"
        self._configuration.write_text(
            _CONFIGURATION.format(
                server=parse_qs(server.query)["host"][0],
                pool_mode=pool_mode,
                pool_size=pool_size,
                port=_PORT,
                folder=self._folder,
            )
        )
        (self._folder / "users").write_text(f'"{server.username}" ""\n')
        self.url = f"postgresql://{server.username}@{server.path}?host={self._folder}&port={_PORT}"

    def __enter__(self) -> Self:
        program = shutil.which("pgbouncer", path=_PATH)
        assert program is not None
        self._process = subprocess.Popen(
            [program, "-q", str(self._configuration)], cwd=self._folder, stderr=subprocess.DEVNULL, **self._as_whom
        )
        patient = Retrying(
            stop=stop_after_delay(10), wait=wait_fixed(0.05), retry=retry_if_exception_type(psycopg.OperationalError)
        )
        patient(psycopg.connect, self.url).close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
        shutil.rmtree(self._folder)


def is_installed() -> bool:
    """Whether the program is there."""
    return shutil.which("pgbouncer", path=_PATH) is not None
