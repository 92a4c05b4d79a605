"""Fixtures: a world to start with settings of the test's own."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.e2e.world import World
from tests.postgresql import PostgresServer

T = TypeVar("T")
StartWorld = Callable[..., World]
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


def dealt(scenarios: Mapping[str, T], database: str) -> dict[str, T]:
    """Every other scenario: of two neighbours one on each database, for what differs there has tests of its own."""
    return dict(list(scenarios.items())[database == "postgresql" :: 2])


@pytest.fixture
def start_world(tmp_path: Path, migrated_sqlite: Path, request: pytest.FixtureRequest) -> Iterator[StartWorld]:
    """Start a world with the settings given, on "sqlite", "postgresql" or the database of an address.

    It ends with the test. A test may start several; each has a folder and a database of its own, with all tables.
    """
    numbers = count()
    with ExitStack() as worlds:

        def start(*, database: str = "sqlite", **settings: Any) -> World:
            number = next(numbers)
            folder = tmp_path / f"world-{number}" if number else tmp_path
            folder.mkdir(exist_ok=True)
            url = database if "://" in database else None
            if database == "postgresql":
                url = worlds.enter_context(_new_database(request))
            elif database == "sqlite":
                shutil.copy(migrated_sqlite, folder / "bot.db")
            return worlds.enter_context(World(folder, database=url, **settings))

        yield start


@pytest.fixture
def world(start_world: StartWorld) -> World:
    """A world with 300 matching rows and everything at its default."""
    return start_world()


@contextmanager
def _new_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with all tables and no rows."""
    server: PostgresServer = request.getfixturevalue("postgresql")
    name = server.copy(request.getfixturevalue("postgresql_template"))
    try:
        yield server.url(name)
    finally:
        server.drop(name)
