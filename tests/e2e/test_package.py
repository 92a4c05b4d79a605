"""The wheel: installed beside nothing but its dependencies, away from the checkout, it does what the checkout does."""

import os
import signal
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import StartWorld
from tests.e2e.world import World
from tests.processes import ROOT

pytestmark = pytest.mark.xdist_group("package")  # one wheel serves all


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of an environment in which only the wheel and its dependencies are installed."""
    folder = tmp_path_factory.mktemp("package")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _done(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    [wheel] = folder.glob("*.whl")
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    _done(*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    [installed] = (folder / "venv" / "lib").glob("*/site-packages")
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python.parent


def test_the_commands_say_what_they_do(commands: Path, tmp_path: Path) -> None:
    assert _said(commands / "assign-reviews", "--help", folder=tmp_path).startswith("usage:")
    assert _said(commands / "assign-reviews-demo", "--help", folder=tmp_path).startswith("usage:")


def test_the_demo_proves_the_main_job(commands: Path, tmp_path: Path) -> None:
    assert "all is well" in _said(commands / "assign-reviews-demo", "--once", folder=tmp_path).lower()


def test_the_link_that_creates_the_app_is_made_without_a_checkout(commands: Path, tmp_path: Path) -> None:
    code = "from bot.cli.init.manifest import creation_link; print(creation_link())"

    assert _said(commands / "python", "-c", code, folder=tmp_path).startswith("https://api.slack.com/apps?new_app=1")


def test_the_bot_checks_its_settings_and_makes_its_tables(commands: Path, start_world: StartWorld) -> None:
    world = start_world(door="terminal")

    assert "Everything is ok" in _said(commands / "assign-reviews", "check", folder=world.folder, **_settings(world))


def test_the_bot_serves_until_it_is_told_to_end(commands: Path, start_world: StartWorld) -> None:
    world = start_world(door="terminal")
    bot = subprocess.Popen(
        [commands / "assign-reviews", "run"], cwd=world.folder, env=_settings(world), stderr=subprocess.DEVNULL
    )
    with bot:
        try:
            world.slack.wait_for_socket(timeout_seconds=20)
            assert world.proposed().text.startswith("Waiting for approval")
        finally:
            bot.send_signal(signal.SIGTERM)

    assert bot.returncode == 0


def _settings(world: World) -> dict[str, str]:
    return {name: value for name, value in world.environment.items() if not name.startswith("PYTHON")}


def _said(command: Path, *arguments: str, folder: Path, **environment: str) -> str:
    return _done(str(command), *arguments, cwd=folder, env={"PATH": os.environ["PATH"], **environment})


def _done(*words: str, **options: Any) -> str:
    """What a command printed that ended well."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)
