"""`make` on a machine whose Python is too old: one sentence, not a wall of what pip and the compiler think of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OLD = """#!/bin/sh
[ "$1" = -c ] || exit 97
exec {python} -c 'import sys; sys.version_info = (3, 9, 2, "final", 0); exec(sys.argv[1])' "$2"
"""
NEW = """#!/bin/sh
if [ "$1" = -c ]; then exec {python} "$@"; fi
echo "$@" >> asked
mkdir -p .venv/bin
printf '#!/bin/sh\\nif [ "$1" = -c ]; then exec {python} "$@"; fi\\n' > .venv/bin/python
chmod +x .venv/bin/python
"""

if shutil.which("make") is None:
    pytest.skip("make is not installed", allow_module_level=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make` looks at, and two Pythons: an old one, and a new one that makes a `.venv` without downloading."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    install(tmp_path / "old-python", OLD)
    install(tmp_path / "new-python", NEW)
    return tmp_path


def install(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script.format(python=sys.executable))
    path.chmod(0o755)


def make(checkout: Path, python: str, target: str = ".venv/ready") -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", f"PYTHON={python}", target]
    inherited = {
        name: value for name, value in os.environ.items() if "MAKE" not in name
    }  # `make test` hands on its own
    return subprocess.run(command, cwd=checkout, env=inherited, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("target", ["demo", "run", "test", "test-quick", "check", "bench", "format"])
def test_a_python_that_is_too_old_is_told_in_one_sentence(checkout: Path, target: str) -> None:
    said = make(checkout, "./old-python", target)

    assert said.returncode == 2
    assert said.stdout == ""
    assert said.stderr.splitlines()[0] == (
        "assign-reviews needs Python 3.11 or newer, and ./old-python is 3.9.2: "
        "name a newer one with 'make PYTHON=python3.12'."
    )
    assert len(said.stderr.splitlines()) == 2  # the other one is make's own
    assert not (checkout / ".venv").exists()


def test_a_python_that_is_not_there_is_told_in_one_sentence(checkout: Path) -> None:
    said = make(checkout, "no-python")

    assert "needs Python 3.11 or newer, and no-python is not there" in said.stderr.splitlines()[0]


@pytest.mark.parametrize("ready", [False, True], ids=["half made", "made"])
def test_a_venv_of_an_old_python_is_told_too_and_made_anew_with_a_newer_one(checkout: Path, ready: bool) -> None:
    install(checkout / ".venv/bin/python", OLD)
    if ready:
        (checkout / ".venv/ready").touch()

    refused = make(checkout, "./old-python")
    made = make(checkout, "./new-python")

    assert "./old-python is 3.9.2" in refused.stderr
    assert made.returncode == 0, made.stderr
    assert (checkout / "asked").read_text() == "-m venv --clear .venv\n"


def test_a_venv_that_is_ready_is_left_as_it_is(checkout: Path) -> None:
    make(checkout, "./new-python")

    again = make(checkout, "./new-python")

    assert again.returncode == 0
    assert (checkout / "asked").read_text().count("venv") == 2  # `-m venv --clear .venv`, once
    assert "up to date" in again.stdout
