"""The demo as somebody runs it who has just cloned the repository."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.demo_bot import WEB, BotEndedError, BotProcess, running_bot

ROOT = Path(__file__).parents[2]
HOSTILE = {
    "SLACK_BOT_TOKEN": "xoxp-of-somebody",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "secret",
    "BRAINTRUST_API_URL": "https://braintrust.invalid",
    "DATABASE_URL": "mysql://elsewhere",
    "WEEKLY_POST": "never",
    "ALLOWED_CHANNELS": "C0NOWHERE",
    "HTTP_PROXY": "http://proxy.invalid:3128",
}


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demo in a process of its own, whose temporary files lie in `folder`."""
    environment = {**os.environ, **HOSTILE, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_one_walk_ends_with_rows_that_agree_with_the_report(tmp_path: Path) -> None:
    """Whatever the surroundings say: a `.env` and foreign variables do not reach the bot."""
    (tmp_path / ".env").write_text("PAGE_SIZE=nonsense\nREVIEW_TAG=another-tag\n")

    with demo(tmp_path, "--once") as process:
        said = process.communicate(timeout=120)[0]

    assert process.returncode == 0, said
    assert "Ada Okafor types /assign-reviews in #llm-reviews." in said
    assert "WAITING FOR APPROVAL: 2,163 ROWS FOR 6 REVIEWERS" in said
    assert "former.colleague@example.com" in said
    assert "Done. Assigned 2,163 rows across 6 reviewers." in said
    assert said.rstrip().splitlines()[-1].startswith("All is well:")
    assert "2,163 rows were written once each, and no other row was touched." in said


def test_the_page_is_served_until_the_demo_is_stopped(tmp_path: Path) -> None:
    with demo(tmp_path, "--port=0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=120)[0]

    assert re.match(r"Open http://127\.0\.0\.1:\d+ and type /assign-reviews\.", line), line + rest
    assert "Stopped. Nothing is left behind." in rest
    assert process.returncode == 0
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, f"--port={port}") as process:
            said = process.communicate(timeout=120)[0]

    assert f"Port {port} is taken." in said
    assert process.returncode == 1


@pytest.mark.parametrize("port", ["65536", "-1", "http", "1" * 5000])
def test_a_port_that_is_none_is_a_wrong_usage(tmp_path: Path, port: str) -> None:
    with demo(tmp_path, f"--port={port}") as process:
        said = process.communicate(timeout=120)[0]

    assert process.returncode == 2
    assert said.splitlines()[-1].endswith("argument --port: a port is a whole number up to 65535")


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        pytest.param("--once", "| true", id="nobody reads"),
        pytest.param("--port 0", "> /dev/full", id="full"),
        ("--once", ">&-"),
        ("--port 0", ">&- 2>&-"),
    ],
)
def test_a_demo_that_nobody_sees_ends_without_a_traceback(tmp_path: Path, arguments: str, output: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m sandbox {arguments}"
    if "once" not in arguments:
        command = f"timeout --preserve-status -s TERM 80 {command}"

    said = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} {output}"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert said.returncode == 1
    assert not re.search("Traceback|BrokenPipe|Exception", said.stderr), said.stderr


def test_a_bot_that_cannot_start_is_said_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(BotEndedError, match="SLACK_SIGNING_SECRET is not set"), running_bot({}, tmp_path):
        pass


def test_a_bot_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    process = BotProcess({}, tmp_path)

    with pytest.raises(BotEndedError, match=r"The bot ended by itself \(exit code [1-9]"):
        process.wait()


def test_the_bot_is_started_as_the_procfile_starts_it() -> None:
    web = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("web:"))
    words = shlex.split(web.removeprefix("web:"))

    assert ["exec", "env", "MALLOC_ARENA_MAX=2", "python", *WEB[:-2]] == words
    assert WEB[-2:] == ("--host", "127.0.0.1")  # the demo is for nobody else
