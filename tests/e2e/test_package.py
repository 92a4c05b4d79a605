"""The wheel: installed beside nothing but its dependencies, away from the checkout, it does what the checkout does.

Also on the oldest and the newest Python that are here.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import StartWorld
from tests.e2e.world import World
from tests.processes import ROOT

pytestmark = pytest.mark.xdist_group("package")  # one wheel serves all

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
Version = tuple[int, ...]
RUNNING: Version = sys.version_info[:2]
SUPPORTED = [(3, minor) for minor in range(11, 15)]
IS_WHOLE = "import sys, ssl, sqlite3, venv; print(*sys.version_info[:2])"


def oldest(versions: list[Version]) -> Version:
    return versions[0]


def newest(versions: list[Version]) -> Version:
    return versions[-1]


on_the_oldest_and_the_newest = pytest.mark.parametrize("which", [oldest, newest])


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder with the commands of an environment in which only the wheel and its dependencies are installed."""
    folder = tmp_path_factory.mktemp("package")
    _done(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    [wheel] = folder.glob("*.whl")

    @cache
    def install(version: Version) -> Path:
        python = folder / ".".join(map(str, version)) / "bin" / "python"
        _done(str(pythons()[version]), "-m", "venv", "--without-pip", str(python.parents[1]))
        if version == RUNNING:
            _done(*PIP, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
            [packages] = python.parents[1].glob("lib/*/site-packages")
            (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        else:
            _install_with_dependencies(python, wheel)
        return python.parent

    def choose(which: Callable[[list[Version]], Version] | None = None) -> Path:
        present = sorted(pythons())
        if which is newest and len(present) == 1:
            pytest.skip(f"Python {sys.version_info.major}.{sys.version_info.minor} is the only one here")
        return install(RUNNING if which is None else which(present))

    return choose


@cache
def pythons() -> dict[Version, Path]:
    """A Python of each version that is supported and here: the one that runs, those on the path, and pyenv's."""
    return {version: found for version in SUPPORTED if (found := next(_usable(version), None))}


def _usable(version: Version) -> Iterator[Path]:
    if version == RUNNING:
        yield Path(sys.executable)
    name = ".".join(map(str, version))
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_the_path = shutil.which(f"python{name}")
    for python in [*([Path(on_the_path)] if on_the_path else []), *sorted(kept.glob(f"{name}.*/bin/python"))]:
        said = subprocess.run([python, "-c", IS_WHOLE], capture_output=True, text=True, check=False)
        if said.stdout.split() == [str(part) for part in version]:
            yield python


def _install_with_dependencies(python: Path, wheel: Path) -> None:
    """What is pinned for tests, for another Python than theirs."""
    pins = str(ROOT / "requirements-dev.txt")
    install = [sys.executable, "-m", "uv", "pip", "install", "--python", str(python), "--compile-bytecode", "-c", pins]
    done = subprocess.run([*install, f"{wheel}[demo]"], capture_output=True, text=True, check=False)
    if "Failed to fetch" in done.stderr:
        pytest.skip(f"{python.parents[1].name} is here, and its packages cannot be fetched: {done.stderr[-500:]}")
    assert done.returncode == 0, done.stderr


def test_the_commands_say_what_they_do(installed: Callable[..., Path], tmp_path: Path) -> None:
    assert _said(installed() / "assign-reviews", "--help", folder=tmp_path).startswith("usage:")
    assert _said(installed() / "assign-reviews-demo", "--help", folder=tmp_path).startswith("usage:")


@on_the_oldest_and_the_newest
def test_the_demo_proves_the_main_job(
    installed: Callable[..., Path], tmp_path: Path, which: Callable[..., Any]
) -> None:
    said = _said(installed(which) / "assign-reviews-demo", "--once", folder=tmp_path)

    assert "all is well" in said.lower()


def test_the_link_that_creates_the_app_is_made_without_a_checkout(
    installed: Callable[..., Path], tmp_path: Path
) -> None:
    code = "from bot.cli.init.manifest import creation_link; print(creation_link())"

    assert _said(installed() / "python", "-c", code, folder=tmp_path).startswith("https://api.slack.com/apps?new_app=1")


@on_the_oldest_and_the_newest
def test_the_bot_checks_its_settings_and_makes_its_tables(
    installed: Callable[..., Path], start_world: StartWorld, which: Callable[..., Any]
) -> None:
    world = start_world(door="terminal")

    said = _said(installed(which) / "assign-reviews", "check", folder=world.folder, **_settings(world))

    assert "Everything is ok" in said


@on_the_oldest_and_the_newest
def test_the_bot_serves_until_it_is_told_to_end(
    installed: Callable[..., Path], start_world: StartWorld, which: Callable[..., Any]
) -> None:
    command = installed(which) / "assign-reviews"
    world = start_world(door="terminal")
    bot = subprocess.Popen([command, "run"], cwd=world.folder, env=_settings(world), stderr=subprocess.DEVNULL)
    with bot:
        try:
            world.slack.wait_for_socket(timeout_seconds=90)
            assert world.proposed().text.startswith("Waiting for approval")
        finally:
            bot.send_signal(signal.SIGTERM)

    assert bot.returncode == 0


def test_what_to_type_next_is_said_as_the_bot_was_called(
    installed: Callable[..., Path], start_world: StartWorld
) -> None:
    world, folder = start_world(door="terminal"), installed()
    script, python = str(folder / "assign-reviews"), str(folder / "python")
    settings = {**_settings(world), "PATH": f"{folder}:{os.environ['PATH']}"}
    ways = [["assign-reviews"], [script], [os.path.relpath(script, world.folder)], ["python", "-m", "bot"]]
    ways.append([python, "-X", "utf8", "-m", "bot"])

    said = [
        subprocess.run(
            [*way, "stop", "nosuch"], capture_output=True, text=True, cwd=world.folder, env=settings, check=False
        ).stderr
        for way in ways
    ]

    names = ["assign-reviews", "assign-reviews", *(" ".join(way) for way in ways[2:])]
    assert said == [f"There is no plan nosuch. '{name} history' lists the newest.\n" for name in names]


def _settings(world: World) -> dict[str, str]:
    return {name: value for name, value in world.environment.items() if not name.startswith("PYTHON")}


def _said(command: Path, *arguments: str, folder: Path, **environment: str) -> str:
    return _done(str(command), *arguments, cwd=folder, env={"PATH": os.environ["PATH"], **environment})


def _done(*words: str, **options: Any) -> str:
    """What a command printed that ended well."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)
