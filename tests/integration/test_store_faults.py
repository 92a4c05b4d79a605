"""A fault of the database reaches the log, and what was to be stored does not."""

import traceback
from typing import Any

import pytest

from bot.errors import BotError, StoreUnavailableError
from tests.integration.stored import Store, new_plan


def test_a_refused_statement_is_told_without_its_values(store: Store) -> None:
    """Among them are people's addresses, and the links by which they are answered."""
    store.plans.add(new_plan(), who="UASKER")

    with pytest.raises(StoreUnavailableError) as failed:
        store.plans.add(new_plan(), who="UASKER")

    logged = "".join(traceback.format_exception(failed.value))
    assert "INSERT INTO plans" in logged
    assert [value for value in ("hooks.example.com", "ana@example.com") if value in logged] == []


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"without_room": 2**63}, id="a number that no column holds"),
        pytest.param({"counts": {"matched": 10**5_000}}, id="a number that cannot even be written down"),
        pytest.param({"tag": "\ud800"}, id="half a character"),
    ],
)
def test_a_value_that_cannot_be_stored_is_no_outage(store: Store, values: dict[str, Any]) -> None:
    """Whoever waits for the database would wait for ever: it is a bug of ours."""
    store.add()

    with pytest.raises(Exception) as failed:  # noqa: PT011 - each driver has its own
        store.change(**values)

    assert not isinstance(failed.value, BotError)
    assert store.get().request.tag == "needs-review"
