"""Faults of the database, at the start and in `check`: each is told by its cause, with the setting's name."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from tests.pgbouncer import PgBouncer, is_installed
from tests.postgresql import ASKED, TURNED_AWAY, PostgresServer
from tests.processes import PREPARED, ROOT, bot_process

PASSED = "The bot's database does not answer, so nothing was changed. Please try again in a minute."
SETPRIV = shutil.which("setpriv") if os.geteuid() == 0 else None  # root goes on through all modes
PRLIMIT = shutil.which("prlimit")
NOWHERE = "http://127.0.0.1:1"
SETTINGS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    "SLACK_API_URL": NOWHERE,
    "BRAINTRUST_API_KEY": "key",
    "BRAINTRUST_API_URL": NOWHERE,
    "BRAINTRUST_PROJECT_ID": "5f0c7a52-8f6e-4e0b-9a53-2f4c1d9b7e10",
    "REVIEW_TAG": "needs-review",
    "REVIEWERS": "ana@example.com",
    "PORT": "39217",
}
USERS = f"""
create role {ASKED} login password 'hush-1';
create role {TURNED_AWAY} login;
create role without_rights login;
create role not_for_people;
"""


def said(url: str, command: str = "migrate", *, before: Sequence[str] = ()) -> str:
    """What the terminal says about a database that cannot be used: one line, without any password."""
    environment = {"PATH": os.environ["PATH"], **PREPARED, "DATABASE_URL": url, **SETTINGS}
    process = bot_process(command, before=before, folder=ROOT, environment=environment)
    shown, complained = process.communicate()
    lines = (complained + shown).splitlines()
    assert process.returncode == 1, lines
    assert "hush" not in complained + shown
    assert "Traceback" not in complained
    [line] = [line for line in lines if "database_url" in line.lower()]
    return line


@pytest.fixture(scope="module")
def users(postgresql: PostgresServer) -> Iterator[PostgresServer]:
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as connection:
        connection.execute(USERS)
        yield postgresql
        for line in USERS.strip().splitlines():
            connection.execute(f"drop role {line.split()[2].rstrip(';')}".encode())


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("user", "name", "options", "told"),
    [
        ("postgres", "nowhere", "", 'database "nowhere" does not exist. Create it, or correct its name.'),
        ("nobody_known", "postgres", "", 'role "nobody_known" does not exist. Create this user, or correct its name.'),
        (f"{ASKED}:hush-2", "postgres", "", f'password authentication failed for user "{ASKED}". Correct the password'),
        (ASKED, "postgres", "", "fe_sendauth: no password supplied. Correct the password"),
        ("not_for_people", "postgres", "", 'role "not_for_people" is not permitted to log in. Let'),
        (TURNED_AWAY, "postgres", "", "pg_hba.conf rejects connection for host"),
        ("without_rights", "postgres", "", "permission denied for schema public. Give"),
        ("postgres", "postgres", "&options=-csearch_path%3Dreview", "no schema has been selected to create in. Create"),
        ("postgres", "postgres", "&options=-cdefault_colour%3Dred", "unrecognized configuration parameter"),
        ("postgres", "postgres", "&sslmode=no-verify", 'invalid sslmode value: "no-verify"'),
    ],
)
def test_what_postgresql_refuses_for_good_is_told(
    user: str, name: str, options: str, told: str, users: PostgresServer
) -> None:
    line = said(users.url(name).replace("//postgres@", f"//{user}@") + options)

    assert line.startswith(f"DATABASE_URL: {told}")


@pytest.mark.postgresql
def test_check_tells_the_same(users: PostgresServer) -> None:
    assert said(users.url("nowhere"), "check").startswith('wrong    DATABASE_URL: database "nowhere" does not exist')


@pytest.mark.postgresql
@pytest.mark.skipif(not is_installed(), reason="PgBouncer is not installed (Debian's package: pgbouncer)")
def test_what_a_pooler_refuses_is_told(users: PostgresServer) -> None:
    with PgBouncer(users.url("postgres")) as bouncer:
        assert said(bouncer.url + "&options=-csearch_path%3Dx").startswith(
            "DATABASE_URL: unsupported startup parameter: options."
        )
        assert said(bouncer.url.replace("//postgres@", "//nobody_known@")).startswith("DATABASE_URL: ")


@contextmanager
def web_server() -> Iterator[int]:
    """Something that answers, and is no database; its port."""
    door = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                visitor, _ = door.accept()
            except OSError:
                return
            with visitor:
                visitor.recv(1024)
                visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    serving = Thread(target=serve)
    serving.start()
    yield door.getsockname()[1]
    door.shutdown(socket.SHUT_RDWR)
    serving.join()
    door.close()


def test_what_is_no_postgresql_at_all_is_told() -> None:
    with web_server() as port:
        line = said(f"postgresql://bot:hush-3@127.0.0.1:{port}/reviews")

    assert line.startswith("DATABASE_URL: received invalid response")


def test_a_host_that_nobody_knows_is_told() -> None:
    line = said("postgresql://bot:hush-3@no-such-host.invalid/reviews")

    assert line.startswith("DATABASE_URL: failed to resolve host 'no-such-host.invalid'")
    assert line.endswith("Correct the host's name.")


@pytest.mark.parametrize("where", ["127.0.0.1:1/reviews", "/reviews?host=/nowhere"])
def test_an_outage_that_may_pass_keeps_its_words(where: str) -> None:
    """The cause follows, for those who have just mistyped a port."""
    line = said(f"postgresql://bot:hush-3@{where}")

    assert line.startswith(f"{PASSED} If it stays so, look after DATABASE_URL: ")


# --- SQLite ---


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert said(f"sqlite:///{tmp_path}") == (
        f"DATABASE_URL: {tmp_path} is a folder. Name a file in it: sqlite:///{tmp_path}/assign-reviews.db"
    )


@pytest.mark.parametrize("command", ["run", "web", "plan", "history"])
def test_every_command_tells_it(command: str, tmp_path: Path) -> None:
    assert said(f"sqlite:///{tmp_path}", command).startswith(f"DATABASE_URL: {tmp_path} is a folder.")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    line = said(f"sqlite:///{tmp_path}/file/bot.db")

    assert line.startswith(f"DATABASE_URL: the folder {tmp_path}/file cannot be made: ")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Buy milk, and look after the plants. " * 100)

    assert said(f"sqlite:///{tmp_path}/notes.txt") == (
        f"DATABASE_URL: {tmp_path}/notes.txt is no SQLite database. Name another file."
    )


def test_a_damaged_database_is_told(sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))

    assert said(sqlite_url) == f"DATABASE_URL: the database in {path} is damaged. Restore a copy of it."


@pytest.mark.skipif(PRLIMIT is None, reason="prlimit is not installed")
def test_a_full_disk_is_told(sqlite_url: str) -> None:
    """A limit on the size of files stands in for it."""
    path = sqlite_url.removeprefix("sqlite:///")

    line = said(sqlite_url, before=[str(PRLIMIT), "--fsize=4096"])

    assert line.startswith(f"DATABASE_URL: {path} cannot be written: disk I/O error. See whether its disk is full")


@pytest.mark.skipif(os.geteuid() == 0 and not SETPRIV, reason="setpriv is not installed")
@pytest.mark.parametrize(("what", "mode"), [("file", 0o444), ("folder", 0o555)])
def test_what_the_bot_may_not_write_is_told(what: str, mode: int, sqlite_url: str) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    (path if what == "file" else path.parent).chmod(mode)

    line = said(sqlite_url, before=[SETPRIV, "--bounding-set=-dac_override"] if SETPRIV else [])

    path.parent.chmod(0o755)
    assert line.startswith(f"DATABASE_URL: the bot may not write {path}. ")
