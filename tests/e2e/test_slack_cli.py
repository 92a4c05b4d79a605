"""`slack run`: what Slack's own command line starts, and what it is told."""

import importlib.util
import json
import shlex
import subprocess
import sys

import pytest
import yaml

from bot.cli import parser
from tests.processes import ROOT

HOOKS = json.loads((ROOT / ".slack/hooks.json").read_text())["hooks"]


def test_it_gets_the_manifest_as_json() -> None:
    python, *arguments = shlex.split(HOOKS["get-manifest"])
    said = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)

    assert python == ".venv/bin/python"
    assert json.loads(said.stdout) == yaml.safe_load((ROOT / "manifest.yml").read_text())


def test_it_starts_the_bot_in_socket_mode() -> None:
    python, _, module, *arguments = shlex.split(HOOKS["start"])

    assert (python, module) == (".venv/bin/python", "bot")
    assert parser().parse_args(arguments) == parser().parse_args(["run"])


@pytest.mark.parametrize("hook", ["check-update", "doctor"])
def test_it_is_told_about_the_libraries(hook: str) -> None:
    module = shlex.split(HOOKS[hook])[-1]

    assert importlib.util.find_spec(module) is not None
