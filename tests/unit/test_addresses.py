"""The database's address: what cannot be read, or would not be heeded, is refused, and nothing of it is shown."""

import pytest

from bot.addresses import database_url

FINE = [
    "sqlite:///data/assign-reviews.db",
    "sqlite:////var/lib/assign reviews/100%.db",
    "postgres://bot:hush@db/reviews",
    "postgresql+psycopg://bot:hush@db:5432/reviews",
    "postgresql://bot:hu%40sh@db/reviews?sslmode=require&connect_timeout=30&options=-csearch_path%3Dreview",
    "postgresql://bot:hu#sh@db-1,db-2:5433/reviews?target_session_attrs=read-write",
    "postgresql://bot@/reviews?host=/run/postgresql",
    "postgresql://bot:hush@[::1]:5432/reviews",
]
UNREADABLE = [
    "postgres://user:hush@ss:secret@host/app",
    "postgres://user:hush@secret@host/app",
    "postgres://user:hush/secret@host/app",
    "postgres://user:12/34hush@host/app",
    "postgres://user:hush%zz@host/app",
    "postgres://user:hush word@host/app",
    "postgres://user:hush@host:port/app",
    "postgres://user:hush@host:99999/app",
    "postgres://user:hush@[::1/app",
    "postgres://user:hush@host/app?connect_timeout=hush",
    "postgres://user:hush@host/app?hush=1",
    "postgres://user:hush@host/app?hush",
]


@pytest.mark.parametrize("text", FINE)
def test_an_address_is_taken_as_it_is(text: str) -> None:
    assert database_url(text) == text


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_cannot_be_read_is_refused_without_showing_any_part_of_it(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read") as refused:
        database_url(text)

    said = str(refused.value).replace("host:5432/name", "")
    assert [part for part in ("hush", "secret", "ss:", "user:h", "12/", "host", "app") if part in said] == []
    assert "@ is written %40" in said


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (
            "schema=public",
            "`schema` is no option of PostgreSQL's. Take it out, and choose a schema by options=-csearch_path%3DNAME.",
        ),
        ("sslmode=require&pgbouncer=true", "`pgbouncer` is no option of PostgreSQL's. Take it out."),
        ("connection_limit=5", "`connection_limit` is no option of PostgreSQL's. Take it out."),
    ],
)
def test_options_of_other_programs_are_named(option: str, told: str) -> None:
    """As long as they are well known: anything else may be a part of a password."""
    with pytest.raises(ValueError, match="no option of PostgreSQL's") as refused:
        database_url(f"postgresql://bot:hush@db/reviews?{option}")

    assert told in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "sqlite:///:memory:",
        "sqlite://",
        "sqlite:///",
        "sqlite:///file::memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_in_memory_is_refused(text: str) -> None:
    """It forgets every plan with the process, and each connection has its own."""
    with pytest.raises(ValueError, match="file"):
        database_url(text)


def test_options_of_sqlite_are_refused_rather_than_overridden() -> None:
    with pytest.raises(ValueError, match="takes no options"):
        database_url("sqlite:///data/bot.db?timeout=30")


@pytest.mark.parametrize(
    "text", ["mysql://bot:hush@db/reviews", "db/reviews", "postgresql+asyncpg://bot:hush@db/reviews"]
)
def test_other_databases_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it begins with sqlite:///, postgres:// or postgresql://"):
        database_url(text)
