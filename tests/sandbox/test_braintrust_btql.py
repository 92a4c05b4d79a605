"""The BTQL dialect, without a server: what is understood, what is refused, what a filter means."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.braintrust.btql_compile import Compiler
from sandbox.braintrust.btql_expressions import MAX_LIST, expression
from sandbox.braintrust.btql_parser import parse
from sandbox.braintrust.btql_pins import eliminates_segments, pinned_ids
from sandbox.braintrust.btql_stream import TokenStream
from sandbox.braintrust.btql_syntax import Path, Shape, Sort
from sandbox.braintrust.btql_tokens import BtqlError

NOW = datetime(2026, 5, 18, 9, tzinfo=UTC)
ROW: dict[str, Any] = {
    "id": "r1",
    "created": "2026-05-17T09:00:00.000000Z",
    "_xact_id": "1000198256845193218",
    "_pagination_key": "p07652108932843110400",
    "tags": ["a", "it's"],
    "is_root": True,
    "span_id": "s1",
    "root_span_id": "s1",
    "metadata": {
        "n": 3,
        "model": "m",
        "none": None,
        "empty": [],
        "off": False,
        "odd key": 1,
        'q"uote': 2,
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
        "select: * | from: project_logs('p') spans | filter: (root_span_id IN ['r1', 'r2']) AND "
        "(created >= NOW() - INTERVAL 86400 SECOND) | limit: 200 | sort: _pagination_key ASC"
    ),
    "select: *\n|from: project_logs('p') traces -- a comment\n| limit:10;",
    "from: project_logs('p') spans | measures: count_distinct(root_span_id) as total_traces | filter: is_root",
    "from: project_logs('p') spans | measures: count((a_b.c IS NOT NULL) ? 1 : null) as n".replace("a_b", "metadata"),
    "from: project_logs('p') | unpivot: metadata.\"~__bt_assignments\" as (who) | dimensions: who | measures: count(*)",
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
    "from: project_logs('p') | select: id | filter: " + "(" * 200 + "is_root" + ")" * 200,
    "SELECT id FROM project_logs('p')",
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
    "created >= now() - interval 1 day",
    "created > now() - interval 25 hour and created < NOW()",
    "created = '2026-05-17T11:00:00+02:00'",
    "created < '2026-05-18'",
    "now() > created",
    "_xact_id > 1000",
    "_xact_id <= '1000198256845193218'",
    "_xact_id < 99999999999999999999",
    "_pagination_key > 'p0'",
    "metadata.n >= 3 and metadata.n < 3.5 and metadata.n > -1",
    "metadata.model in ['m', 'k']",
    "metadata.model not in ['k']",
    "metadata.deep.er.est = 'x'",
    'metadata."odd key" = 1',
    'metadata."q""uote" = 2',
    "metadata.none is null",
    "metadata.missing is null",
    "metadata.model.deeper is null",
    "metadata.empty is not null",
    "len(metadata.empty) = 0 and len(tags) = 2",
    "not (is_root and metadata.n = 4)",
    "is_root = false or tags includes 'a'",
    "id = 'x' or id = 'r1' and is_root",
    "span_id = root_span_id",
    "metadata.n = 3 ? is_root : metadata.off",
    "metadata.model <> 'k'",
]

FALSE_OR_NULL = [
    "not is_root",
    "metadata.off",
    "metadata.model",
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
    "created < now() - interval 1 day",
    "(id = 'x' or id = 'r1') and not is_root",
    "len(metadata.missing) = 0",
    "tags includes 'A'",
]


def holds(condition: str, row: dict[str, Any] = ROW) -> bool:
    return Compiler(NOW).truth(expression(TokenStream(condition)))(row)


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
        "id = null",
        "_xact_id > 'abc'",
        "_pagination_key > 5",
        "created > now() - interval 999999 day",
    ],
)
def test_a_filter_without_meaning_is_refused(condition: str) -> None:
    with pytest.raises(BtqlError):
        holds(condition)


def test_clauses_mean_the_same_in_any_order_and_case() -> None:
    one = parse(
        "FROM: project_logs('p') SUMMARY | SELECT: id | LIMIT: 5 | SORT: _pagination_key DESC | FILTER: is_root"
    )
    other = parse("filter: is_root|sort:_pagination_key desc|limit:5|select:id|from:project_logs('p') summary")

    assert one == other
    assert (one.shape, one.limit) == (Shape.SUMMARY, 5)
    assert one.sort == Sort(Path(("_pagination_key",), "_pagination_key"), descending=True)


def test_a_column_without_alias_is_named_by_its_exact_text() -> None:
    query = parse("from: project_logs('p') | select: id, metadata.\"~__bt_assignments\", metadata.x as status")

    assert [column.key for column in query.select or ()] == ["id", 'metadata."~__bt_assignments"', "status"]


def test_a_list_has_at_most_4096_values() -> None:
    def listed(count: int) -> str:
        return f"from: project_logs('p') | select: id | filter: id in [{', '.join(['1'] * count)}]"

    parse(listed(MAX_LIST))
    with pytest.raises(BtqlError, match="4096"):
        parse(listed(MAX_LIST + 1))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("created > now() - interval 1 day", True),
        ("is_root and (id in ['a'])", True),
        ("root_span_id = 'a'", True),
        ("is_root and '2026-01-01' < created", True),
        ("id > 'a'", False),
        ("not (created > now())", False),
        ("id = 'a' or created > now()", False),
        ("is_root", False),
    ],
)
def test_segments_are_eliminated_by_ranges_and_pins_only(condition: str, *, expected: bool) -> None:
    assert eliminates_segments(expression(TokenStream(condition))) is expected


def test_ids_are_pinned_by_the_top_level_and_only() -> None:
    assert pinned_ids(expression(TokenStream("is_root and id in ['a', 'b']"))) == ("a", "b")
    assert pinned_ids(expression(TokenStream("id = 'a' or is_root"))) is None


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


def test_a_moment_is_that_of_the_question() -> None:
    later = Compiler(NOW + timedelta(days=1))

    assert not later.truth(expression(TokenStream("created >= now() - interval 1 day")))(ROW)
