"""Whom a database belongs to: the first one there ever was, also where two start at once."""

from bot.adapters.store.store import HomeStore
from bot.domain.homes import Home, HomeKind
from tests.integration.stored import Store, together

HERE = Home(HomeKind.WORKSPACE, "T1", "Acme")
THERE = Home(HomeKind.WORKSPACE, "T2", "Other")
ORGANISATION = Home(HomeKind.ORGANISATION, "0f3c7a52-8f6e-4e0b-9a53-2f4c1d9b7e10", "Acme")


def test_the_first_home_of_a_kind_is_kept(store: Store) -> None:
    homes = HomeStore(store.database)

    kept = [homes.keep(home) for home in (HERE, THERE, ORGANISATION)]

    assert kept == [HERE, HERE, ORGANISATION]
    assert homes.kept() == {HomeKind.WORKSPACE: HERE, HomeKind.ORGANISATION: ORGANISATION}


def test_of_two_that_start_at_once_one_is_at_home(store: Store, rival: Store) -> None:
    kept = together(
        lambda: HomeStore(store.database).keep(HERE),
        lambda: HomeStore(rival.database).keep(THERE),
    )

    assert kept[0] == kept[1] == HomeStore(store.database).kept()[HomeKind.WORKSPACE]
