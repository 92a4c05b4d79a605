"""The BTQL dialect, without a server: what is understood, what is refused, what a filter means."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.braintrust.btql import MAX_LIST, BtqlError, parse
from sandbox.braintrust.queries import answer
from sandbox.braintrust.row_store import RowStore
from sandbox.http.request import Asked, RefusedError

ROW: dict[str, Any] = {
    "id": "r1",
    "created": datetime(2026, 5, 17, 9, tzinfo=UTC),
    "tags": ["a", "it's"],
    "metadata": {
        "n": 3,
        "model": "m",
        "none": None,
        "empty": [],
        "off": False,
        "odd key": 1,
        "deep": {"er": {"est": "x"}},
    },
}

UNDERSTOOD = [
    (
        "from: project_logs('p') | filter: tags includes 'My dummy tag' and created >= now() - interval 30 day "
        '| select: id, tags, metadata."~__bt_assignments" | limit: 1000 | sort: _pagination_key desc'
    ),
    (
        "from: project_logs('p') | filter: tags includes 'x' and created >= now() - interval 7 day "
        "| select: id, tags, metadata.\"~__bt_assignments\" | limit: 1000 | cursor: 'aQJI5+sNAAA'"
    ),
    "select: root_span_id, span_id, id | from: project_logs('p1') spans | filter: id = 'row-1' | limit: 1",
    (
        "select: id | from: project_logs('p') spans | filter: (root_span_id IN ['r1', 'r2']) AND "
        "(created >= NOW() - INTERVAL 86400 SECOND) | limit: 200 | sort: _pagination_key ASC"
    ),
    (
        "from: project_logs('p') | unpivot: metadata.\"~__bt_assignments\" as (who) | dimensions: who"
        " | measures: count(1) as n"
    ),
    "from: project_logs('p') spans | filter: id is not null | measures: count(1) as n",
]

REFUSED = [
    "",
    "select: id",
    "from: project_logs('p')",
    "from: project_logs('p') | select: id | select: id",
    "from: project_logs('p') | select: id | limit: 5 5",
    "from: project_logs('p') | select: id | limit: 1.5",
    "from: project_logs('p') | select: id | limit: -1",
    "from: project_logs('p') | select: id | limit: 10x",
    "from: project_logs('p') | select: id trailing",
    "from: project_logs('p') | select: id |",
    "from: project_logs('p') | select: id as a, tags as a",
    "from: project_logs('p') nonsense | select: id",
    "from: project_logs(p) | select: id",
    "from: dataset('p') | select: id",
    "from: project_logs('p') | select: id | filter: tags includes \"a\"",
    "from: project_logs('p') | select: id | filter: tags includes 'a\\'b'",
    "from: project_logs('p') | select: id | filter: tags includes 'a\nb'",
    "from: project_logs('p') | select: id | filter: tags includes 'a",
    "from: project_logs('p') | select: id | filter: id in ('a')",
    "from: project_logs('p') | select: id | filter: id in []",
    "from: project_logs('p') | select: id | filter: id like 'a%'",
    "from: project_logs('p') | select: id | filter: (is_root",
    "from: project_logs('p') | select: id | filter: is_root)",
    "from: project_logs('p') | select: id | filter: created > now() - interval 'N days'",
    "from: project_logs('p') | select: id | filter: created > now() - interval 1 fortnight",
    "from: project_logs('p') | select: id | filter: id == 'a'",
    "from: project_logs('p') | select: id | filter: id = 'a' ! id = 'b'",
    "from: project_logs('p') | select: id | filter: id = 'a' # note",
    "from: project_logs('p') | select: id | sort: created | cursor: 'AAAA'",
    "from: project_logs('p') | select: id | cursor: \"AAAA\"",
    "from: project_logs('p') | select: id | measures: count(1)",
    "from: project_logs('p') | measures: count(1) | cursor: 'AAAA'",
    "from: project_logs('p') | measures: delete(1)",
    "SELECT id FROM project_logs('p')",
    "from: project_logs('p') traces | select: id",
    "from: project_logs('p') summary | select: id",
    "from: project_logs('p') | select: *",
    "from: project_logs('p') | select: id -- a comment",
    "from: project_logs('p') | select: id | sort: created desc",
    "from: project_logs('p') | select: nonsense",
    "from: project_logs('p') | measures: count_distinct(id) as n",
    "from: project_logs('p') | measures: count(1)",
    "from: project_logs('p') | select: id | measures: count(1) as n",
    "from: project_logs('p') | dimensions: who | measures: count(1) as n",
    "from: project_logs('p') | unpivot: tags as (tag) | dimensions: id | measures: count(1) as n",
    "from: project_logs('p') | unpivot: tags as (tag) | select: id",
    "from: project_logs('p') | select: id | filter: len(tags) = 2",
    "from: project_logs('p') | select: id | filter: is_root ? is_root : id",
    "from: project_logs('p') | select: id | filter: span_id = root_span_id",
    "from: project_logs('p') | select: id | filter: now() > created",
    'from: project_logs(\'p\') | select: id | filter: metadata."q""uote" = 2',
    "from: project_logs('p') | select: id | filter: id = null",
]

TRUE = [
    "is_root",
    "is_root = true",
    "tags includes 'a'",
    "tags includes 'it''s'",
    "tags not includes 'b'",
    "NOT tags INCLUDES 'b'",
    "not not is_root",
    "metadata.missing not includes 'b'",
    "created < NOW() and created > now() - interval 36500 day",
    "created = '2026-05-17T11:00:00+02:00'",
    "created < '2026-05-18'",
    "metadata.n >= 3 and metadata.n < 3.5 and metadata.n > -1",
    "metadata.model in ['m', 'k']",
    "metadata.model not in ['k']",
    "metadata.deep.er.est = 'x'",
    'metadata."odd key" = 1',
    "metadata.none is null",
    "metadata.missing is null",
    "metadata.model.deeper is null",
    "metadata.empty is not null",
    "not (is_root and metadata.n = 4)",
    "is_root = false or tags includes 'a'",
    "id = 'x' or id = 'r1' and is_root",
    "metadata.model <> 'k'",
]

FALSE_OR_NULL = [
    "not is_root",
    "metadata.off",
    "metadata.model",
    "created < now() - interval 36500 day",
    "created > now() - interval 1 minute",
    "not metadata.model",
    "not (metadata.model > 5)",
    "metadata.none = 1",
    "metadata.none != 1",
    "not (metadata.none = 1)",
    "not (metadata.none = 1 and is_root)",
    "metadata.none in [1]",
    "metadata.none not in [1]",
    "metadata.model > 5",
    "metadata.model < 5",
    "metadata.empty is null",
    "metadata.empty in ['a']",
    "metadata.deep = 'x'",
    "(id = 'x' or id = 'r1') and not is_root",
    "tags includes 'A'",
]


def answered(query: str, row: dict[str, Any] = ROW) -> list[dict[str, Any]]:
    """What a query finds in a project that has one row."""
    store = RowStore()
    store.add("p", **row)
    body = json.dumps({"query": query}).encode()
    found = answer(store, 100, Asked("query", "POST", "/btql", body, query))
    assert isinstance(found.payload, str)
    rows: list[dict[str, Any]] = json.loads(found.payload)["data"]
    return rows


def holds(condition: str, row: dict[str, Any] = ROW) -> bool:
    return answered(f"from: project_logs('p') | select: id | filter: {condition}", row) != []


@pytest.mark.parametrize("query", UNDERSTOOD)
def test_real_queries_are_understood(query: str) -> None:
    assert parse(query).project_id in {"p", "p1"}


@pytest.mark.parametrize("query", REFUSED)
def test_what_is_outside_the_dialect_is_refused(query: str) -> None:
    with pytest.raises(BtqlError):
        parse(query)


@pytest.mark.parametrize("condition", TRUE)
def test_a_filter_that_holds(condition: str) -> None:
    assert holds(condition)


@pytest.mark.parametrize("condition", FALSE_OR_NULL)
def test_a_filter_that_is_false_or_null(condition: str) -> None:
    assert not holds(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "nonsense = 1",
        "created > 5",
        "created > 'yesterday'",
        "_xact_id > '5'",
        "_pagination_key > 'p'",
        "created > now() - interval 999999999 day",
        "not " * 2000 + "is_root",
    ],
)
def test_a_filter_without_meaning_is_refused(condition: str) -> None:
    with pytest.raises((BtqlError, RefusedError)):
        holds(condition)


def test_clauses_mean_the_same_in_any_order_and_case() -> None:
    one = parse("FROM: project_logs('p') SPANS | SELECT: id | LIMIT: 5 | SORT: _pagination_key DESC | FILTER: is_root")
    other = parse("filter: is_root|sort:_pagination_key desc|limit:5|select:id|from:project_logs('p') spans;")

    assert one == other
    assert (one.limit, one.descending) == (5, True)


def test_a_word_of_the_language_may_begin_a_name() -> None:
    [row] = answered("from: project_logs('p') | select: metadata.notes as android, metadata.in_between as limits")

    assert row == {"android": None, "limits": None}


def test_a_column_without_alias_is_named_by_its_exact_text() -> None:
    query = parse("from: project_logs('p') | select: id, metadata.\"~__bt_assignments\", metadata.x as status")

    assert [column.key for column in query.select] == ["id", 'metadata."~__bt_assignments"', "status"]


def test_a_list_has_at_most_4096_values() -> None:
    def listed(count: int) -> str:
        return f"from: project_logs('p') | select: id | filter: id in [{', '.join(['1'] * count)}]"

    parse(listed(MAX_LIST))
    with pytest.raises(BtqlError, match="4096"):
        parse(listed(MAX_LIST + 1))


@given(st.text(st.characters(exclude_characters="\\", exclude_categories=["Cc", "Cs"])))
def test_any_printable_text_survives_quoting(text: str) -> None:
    quoted = text.replace("'", "''")

    assert holds(f"tags includes '{quoted}'", ROW | {"tags": [text]})
    assert not holds(f"tags includes '{quoted}x'", ROW | {"tags": [text]})


@given(st.text(alphabet="abcdefgh ()[]'\"=<>!|:,.?*-+0123456789inotdr\\\n", max_size=60))
def test_nonsense_is_refused_and_never_breaks_anything(text: str) -> None:
    with suppress(BtqlError):
        parse(f"from: project_logs('p') | select: id | filter: {text}")


@given(left=st.integers(-5, 5), right=st.integers(-5, 5), flag=st.booleans())
def test_not_is_the_opposite_where_nothing_is_null(left: int, right: int, *, flag: bool) -> None:
    row = ROW | {"metadata": {"n": left, "flag": flag}}
    condition = f"metadata.n < {right} and metadata.flag"

    assert holds(condition, row) is (left < right and flag)
    assert holds(f"not ({condition})", row) is not holds(condition, row)
