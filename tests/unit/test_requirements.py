"""The pinned packages: what pyproject.toml asks for, each with the hashes of its files."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = re.compile(r"^(\S+)==(\S+)(?: ;.*?)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """Versions by name; there is nothing else in the file but comments."""
    text = (ROOT / name).read_text()
    assert re.sub(r"^#.*\n", "", PINNED.sub("", text), flags=re.MULTILINE).strip() == ""
    return {canonicalize_name(package): version for package, version in PINNED.findall(text)}


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        (
            "requirements-dev.txt",
            [*PROJECT["dependency-groups"]["dev"], *PROJECT["project"]["optional-dependencies"]["demo"]],
        ),
    ],
)
def test_what_is_asked_for_is_pinned_with_hashes(file: str, wanted: list[str]) -> None:
    pinned = pins(file)

    asked = [Requirement(text) for text in wanted]
    unfit = [one.name for one in asked if not one.specifier.contains(pinned[canonicalize_name(one.name)])]
    assert unfit == []


def test_the_checks_run_on_what_is_installed() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()
