"""The stored copies of the schemas, one for each migration; `integration/test_schema.py` compares them."""

from bot.adapters.store.schema import revisions
from tests.integration.schema import COPIES, copy_of


def test_every_migration_has_a_copy_of_what_it_makes() -> None:
    missing = [revision for revision in revisions() if not copy_of(revision).exists()]

    assert missing == [], f"write the copy, and commit it: python -m tests.integration.schema {' '.join(missing)}"
    assert sorted(copy.stem for copy in COPIES.glob("*.txt")) == revisions()
