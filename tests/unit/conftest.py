"""Laws without a stopwatch, because a busy machine is not a counterexample; and a real store for services."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.integration.stored import Store, opened

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """A store without any plan, in a file of its own."""
    with opened(sqlite_url) as store:
        yield store
