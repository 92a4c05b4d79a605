"""The real bot as a process of its own, by the Procfile's words, with a database of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from sandbox.slack.stand_in import SlackStandIn
from tests.bench.stand_in_process import API_KEY, DAYS, PROJECT_ID, TAG, StandInProcess, reviewers_of

ROOT = Path(__file__).parents[2]

_KNOBS = ("PAGE_SIZE", "BATCH_SIZE")  # the settings that may be tried out from outside: `PAGE_SIZE=5000 make bench`
_READY_SECONDS = 30.0
_STOP_SECONDS = 40.0
_GLANCE_SECONDS = 0.05
_LOG_LENGTH = 4_000


@contextmanager
def bot_process(slack: SlackStandIn, braintrust: StandInProcess, *, parallel: int) -> Iterator[int]:
    """Run the bot between both stand-ins; its process id."""
    with TemporaryDirectory() as folder, (Path(folder) / "bot.log").open("w+") as log:
        port = _free_port()
        environment = {
            **{name: os.environ[name] for name in _KNOBS if name in os.environ},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PORT": str(port),
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_SIGNING_SECRET": "sandbox-signing-secret",
            "SLACK_API_URL": slack.api_url,
            "BRAINTRUST_API_KEY": API_KEY,
            "BRAINTRUST_API_URL": braintrust.url,
            "BRAINTRUST_PROJECT_ID": PROJECT_ID,
            "REVIEW_TAG": TAG,
            "REVIEW_DAYS": str(DAYS),
            "REVIEWERS": ",".join(reviewers_of(braintrust.world)),
            "PARALLEL_REQUESTS": str(parallel),
            "DATABASE_URL": f"sqlite:///{folder}/bench.db",
        }
        process = subprocess.Popen(
            ["/bin/sh", "-c", _web_command()], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_ready(process, port)
            slack.bot_url = f"http://127.0.0.1:{port}/slack/events"
            yield process.pid
        except BaseException:
            sys.stderr.write(f"The bot's log:\n{Path(log.name).read_text()[-_LOG_LENGTH:]}\n")
            raise
        finally:
            _stop(process)


def _web_command() -> str:
    """What the Procfile says after `web:`."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return next(line.removeprefix("web:").strip() for line in lines if line.startswith("web:"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(_GLANCE_SECONDS)
    raise RuntimeError("the bot does not get ready")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
