"""Fixtures: a world to start with settings of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.world import World

StartWorld = Callable[..., World]


@pytest.fixture
def start_world(tmp_path: Path) -> Iterator[StartWorld]:
    """Start a world with the settings given, which ends with the test."""
    with ExitStack() as worlds:
        yield lambda **settings: worlds.enter_context(World(tmp_path, **settings))


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A world with 300 matching rows and everything at its default."""
    return start_world()
