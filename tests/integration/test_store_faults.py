"""A fault of the database reaches the log, and what was to be stored does not."""

import traceback

import pytest

from bot.errors import StoreUnavailableError
from tests.integration.stored import Store, new_plan


def test_a_refused_statement_is_told_without_its_values(store: Store) -> None:
    """Among them are people's addresses, and the links by which they are answered."""
    store.plans.add(new_plan(), who="UASKER")

    with pytest.raises(StoreUnavailableError) as failed:
        store.plans.add(new_plan(), who="UASKER")

    logged = "".join(traceback.format_exception(failed.value))
    assert "INSERT INTO plans" in logged
    assert [value for value in ("hooks.example.com", "ana@example.com") if value in logged] == []
