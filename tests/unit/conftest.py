"""A real store for services."""

from collections.abc import Iterator

import pytest

from tests.integration.stored import Store, opened


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    """A store without any plan, in a file of its own."""
    with opened(sqlite_url) as store:
        yield store
