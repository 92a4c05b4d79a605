"""`--json`: standard output has one JSON value alone, for scripts; what people read goes to standard error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("json"), door="terminal") as world:
        yield world


def said(world: World, *arguments: str, code: int = 0) -> Any:
    done = world.bot(*arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_a_plan_and_its_history(world: World) -> None:
    shown = said(world, "plan", "--dry-run")
    left = said(world, "plan", code=1)  # nobody can be asked here
    done = said(world, "plan", "--yes")
    steps = said(world, "history", done["plan"])
    newest = said(world, "history")

    assert (shown["state"], shown["outcome"]) == ("shown", None)
    assert (left["state"], left["outcome"]) == ("cancelled", None)
    assert shown["rows"] == world.seeded.open == len(set(shown["row_ids"]))
    assert (done["state"], done["outcome"]["assigned"]) == ("done", world.seeded.open)
    assert set(done["row_ids"]) == set(world.newly_assigned())
    assert sum(reviewer["rows"] for reviewer in done["outcome"]["assigned_to"]) == world.seeded.open
    assert [step["to"] for step in steps] == ["reading", "proposed", "checking", "running", "reporting", "done"]
    assert [plan["plan"] for plan in newest] == [done["plan"], left["plan"], shown["plan"]]


def test_a_check(world: World) -> None:
    fine = said(world, "check")
    broken = json.loads(world.bot("check", "--json", BRAINTRUST_API_KEY="sk-other").stdout)

    assert fine["ok"] is True
    assert {finding["verdict"] for finding in fine["findings"]} == {"ok"}
    assert broken["ok"] is False
    assert "BRAINTRUST_API_KEY" in [one["setting"] for one in broken["findings"] if one["verdict"] == "wrong"]
