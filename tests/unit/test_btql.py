"""Whatever a tag contains, the query stays the query; judged by another parser than our own head."""

import json
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.btql import MAX_IDS_PER_QUERY, after, matching_rows, quoted, rows_by_id
from bot.domain.plan import Window
from bot.errors import CommandError
from sandbox.braintrust.btql import MAX_LIST, Query, parse
from tests.unit.builders import NOW, PROJECT

WINDOW = Window(NOW - timedelta(days=7), NOW)
ANY_TEXT = st.text(
    st.one_of(st.characters(), st.characters(categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), st.sampled_from("'|\\\"-:[]"))
)
_SQL_TEXT = re.compile("'((?:[^']|'')*)'")
NASTY = [
    "it's",
    "a | limit: 1",
    "' or 1=1 --",
    "'' or tags includes ''",
    "x' | filter: tags includes 'y",
    "\U0001f469\u200d\U0001f680 crew",
    "<!channel>",
    'say "hi"',
    "--",
    "100 % \u00fc\u00df\u6f22",
    "'",
    "''",
    "\u2019",
]


def query_for(tag: str, *, limit: int = 1000) -> str:
    return matching_rows(PROJECT, tag=tag, window=WINDOW, limit=limit)


def expected_for(tag: str) -> Query:
    """The query for a harmless tag, as parsed, with only the tag's literal exchanged."""
    plain = parse(query_for("plain"))
    assert values_of(plain)[0] == "plain"
    doubled = tag.replace("'", "''")
    return replace(plain, filter=plain.filter.replace("'plain'", f"'{doubled}'"))


def values_of(query: Query) -> list[str]:
    """The texts in the filter's SQL."""
    found = [text.replace("''", "'") for text in _SQL_TEXT.findall(query.filter)]
    return [text for text in found if text != "text"]  # as which times are compared


@given(ANY_TEXT)
def test_any_tag_is_refused_or_stands_in_the_query_exactly(tag: str) -> None:
    try:
        query = query_for(tag)
    except CommandError:
        return

    assert parse(query) == expected_for(tag)


@pytest.mark.parametrize("tag", NASTY)
def test_a_nasty_tag_is_taken_literally(tag: str) -> None:
    assert parse(query_for(tag)) == expected_for(tag)


@given(ANY_TEXT)
@example("\x7f")
@example("\x85")
@example("\u2028")
@example("\ud800")
def test_exactly_backslashes_and_control_characters_are_refused(text: str) -> None:
    unsafe = any(mark == "\\" or unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") for mark in text)

    try:
        quoted(text)
        refused = False
    except CommandError:
        refused = True

    assert refused == unsafe


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(CommandError, match="Rename the tag in Braintrust"):
        quoted("back\\slash")


def test_the_query_asks_for_the_tag_in_the_window_newest_first() -> None:
    query = parse(query_for("x", limit=250))

    assert query == replace(expected_for("x"), project_id=PROJECT, limit=250, cursor=None, descending=True)
    assert values_of(query) == ["x", "2026-05-11T09:00:00.000000Z", "2026-05-18T09:00:00.000000Z"]
    assert re.findall(r"[<>]=?", query.filter) == [">=", "<"]


def test_the_query_selects_what_a_row_is_judged_by() -> None:
    columns = parse(query_for("x")).select

    assert columns == (
        ("id", "id"),
        ("assignments", """metadata -> '$."~__bt_assignments"'"""),
        ("review_lists", """metadata -> '$."~__bt_review_lists"'"""),
    )


def test_the_window_is_written_in_utc() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    window = Window(datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=east), datetime(2026, 1, 3, tzinfo=UTC))

    query = matching_rows(PROJECT, tag="x", window=window, limit=1)

    assert "created >= '2026-01-01T21:34:05.678Z' and created < '2026-01-03T00:00:00.000Z'" in query


@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_any_ids_are_refused_or_stand_in_the_query_exactly(ids: list[str]) -> None:
    try:
        query = parse(rows_by_id(PROJECT, ids=ids))
    except CommandError:
        return

    assert [json.loads(listed) for listed in values_of(query)] == [ids]
    plain = parse(rows_by_id(PROJECT, ids=["plain"]))
    assert _SQL_TEXT.sub("", query.filter) == _SQL_TEXT.sub("", plain.filter)
    assert (query.project_id, query.limit, query.cursor) == (PROJECT, MAX_IDS_PER_QUERY, None)
    assert [column.key for column in query.select] == ["id", "tags", "assignments", "review_lists"]


def test_a_full_query_by_id_is_one_that_braintrust_takes() -> None:
    ids = [f"row-{index}" for index in range(MAX_IDS_PER_QUERY)]

    query = parse(rows_by_id(PROJECT, ids=ids))

    assert MAX_IDS_PER_QUERY <= MAX_LIST
    assert [json.loads(listed) for listed in values_of(query)] == [ids]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\\")))
def test_the_next_page_is_the_same_query_from_the_cursor_on(cursor: str) -> None:
    query = query_for("it's")

    assert parse(after(query, cursor)) == replace(parse(query), cursor=cursor)


def test_the_first_page_has_no_cursor() -> None:
    query = query_for("x")

    assert after(query, None) == query
