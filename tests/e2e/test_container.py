"""The image: its steps, done in a folder where no container engine is at hand; and compose.yml."""

import json
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from bot.settings import NAMES
from tests.e2e.conftest import StartWorld
from tests.ports import free_port
from tests.processes import ROOT

pytestmark = pytest.mark.xdist_group("package")
LINES = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()
STEPS = [tuple(line.split(" ", 1)) for line in LINES if line and not line.startswith("#")]
BEGUN = [number for number, (word, _) in enumerate(STEPS) if word == "FROM"]
BUILD, RESULT = STEPS[: BEGUN[1]], STEPS[BEGUN[1] :]


def of(word: str, steps: list[tuple[str, ...]]) -> list[str]:
    return [rest for found, rest in steps if found == word]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first stage was carried out, in place of /."""
    root = tmp_path_factory.mktemp("image")
    folder = root / "build"
    folder.mkdir()
    for word, rest in BUILD:
        if word == "COPY":
            *sources, _ = rest.split()
            for source in sources:
                (folder / source).symlink_to(ROOT / source)
        elif word == "RUN":
            command = re.sub(r"--mount=\S+ ", "", rest).replace("/opt/bot", str(root / "opt/bot"))
            done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.mark.parametrize("door", ["run", "web"])
def test_the_bot_that_was_built_serves_is_healthy_and_ends_at_sigterm(
    built: Path, start_world: StartWorld, door: str
) -> None:
    world = start_world(door="terminal", METRICS_PORT=str(free_port()))
    environment = {name: value for name, value in world.environment.items() if not name.startswith("PYTHON")}
    environment["PATH"] = f"{built / 'opt/bot/bin'}:{os.environ['PATH']}"
    [entry], [command], [check] = of("ENTRYPOINT", RESULT), of("CMD", RESULT), of("HEALTHCHECK", RESULT)
    assert json.loads(command) == ["run"]
    words = [str(built / "opt/bot/bin" / json.loads(entry)[0]), door]
    healthy = json.loads(check.partition("CMD ")[2])

    def checked() -> int:
        return subprocess.run(healthy, env=environment, capture_output=True, check=False).returncode

    bot = subprocess.Popen(words, cwd=world.folder, env=environment, stderr=subprocess.DEVNULL)
    with bot:
        try:
            Retrying(stop=stop_after_delay(90), wait=wait_fixed(0.2), retry=retry_if_result(bool))(checked)
            if door == "run":
                world.slack.wait_for_socket(timeout_seconds=90)
            else:
                world.slack.bot_url = f"http://127.0.0.1:{environment['PORT']}/slack/events"
            assert world.proposed().text.startswith("Waiting for approval")
        finally:
            bot.send_signal(signal.SIGTERM)

    assert bot.returncode == 0
    assert checked() != 0


def test_the_result_has_no_root_and_no_more_than_was_built() -> None:
    assert of("USER", RESULT) == ["bot"]
    assert of("COPY", RESULT) == ["--from=build /opt/bot /opt/bot"]
    assert of("VOLUME", RESULT) == ["/data"]
    assert not re.search(r"apt|apk|gcc|build-essential", " ".join(LINES))


def test_what_is_copied_is_let_in() -> None:
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {source for rest in of("COPY", BUILD) for source in rest.split()[:-1]}

    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def test_compose_hands_the_bot_what_it_reads() -> None:
    compose = yaml.safe_load((ROOT / "compose.yml").read_text())
    bot = compose["services"]["bot"]

    assert bot["environment"].keys() <= NAMES
    files = [value for name, value in bot["environment"].items() if name.endswith("_FILE")]
    assert files == [f"/run/secrets/{secret}" for secret in bot["secrets"]]
    assert set(bot["secrets"]) <= compose["secrets"].keys()
    assert bot["stop_grace_period"] == "30s"
