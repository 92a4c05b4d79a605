"""What a row says about itself, however the server names and packs its columns."""

import json
from collections.abc import Collection, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.reading import (
    NAMED_IDS,
    USUAL_OPEN_STATUSES,
    FoundRows,
    LogRow,
    ReadingCounts,
    is_quotable,
    log_row,
)
from tests.unit.builders import a_row

ROWS = st.lists(
    st.builds(
        LogRow,
        id=st.uuids().map(str),
        assignees=st.lists(st.text(min_size=1), max_size=2).map(tuple),
        status=st.sampled_from([None, "PENDING", "pending", "COMPLETE", "whatever"]),
    ),
    unique_by=lambda row: row.id,
)


def gathered(*pages: Iterable[LogRow]) -> FoundRows:
    found = FoundRows()
    for page in pages:
        found.add(page)
    return found


def lists(status: object) -> dict[str, Any]:
    return {"__bt_default_review_list": {"status": status}}


@pytest.mark.parametrize(
    "record",
    [
        {"assignments": ["r1"], "review_lists": lists("PENDING")},
        {'metadata."~__bt_assignments"': ["r1"], 'metadata."~__bt_review_lists"': lists("PENDING")},
        {"~__bt_assignments": ["r1"], "~__bt_review_lists": lists("PENDING")},
        {"metadata.~__bt_assignments": ["r1"], "metadata.~__bt_review_lists": lists("PENDING")},
        {"metadata": {"~__bt_assignments": ["r1"], "~__bt_review_lists": lists("PENDING")}},
        {"assignments": '["r1"]', "review_lists": json.dumps(lists("PENDING"))},
        {"assignments": "r1", "review_lists": {"__bt_default_review_list": '{"status": "PENDING"}'}},
        {"assignments": '"r1"', "review_lists": lists("PENDING")},
    ],
)
def test_a_column_is_found_under_any_of_its_names(record: dict[str, Any]) -> None:
    row = log_row({"id": "row-1", "tags": ["a", "b"], **record})

    assert row == LogRow("row-1", ("r1",), "PENDING", ("a", "b"))


@pytest.mark.parametrize("nobody", [None, [], "", "[]", [None], [""], {}])
def test_null_missing_and_empty_are_unassigned(nobody: object) -> None:
    row = log_row({"id": "row-1", "assignments": nobody})

    assert not row.assigned
    assert row == log_row({"id": "row-1"})


@pytest.mark.parametrize(
    ("somebody", "assignees"),
    [(["r1", "r2"], ("r1", "r2")), ([None, "r2"], ("r2",)), ("[broken", ("[broken",)), ([7], ("7",))],
)
def test_whatever_else_stands_there_is_somebody(somebody: object, assignees: tuple[str, ...]) -> None:
    assert log_row({"id": "row-1", "assignments": somebody}).assignees == assignees


@pytest.mark.parametrize(
    ("review_lists", "status"),
    [
        (None, None),
        ("", None),
        ([], None),
        ({}, None),
        ("not json", None),
        ("{broken", None),
        ({"another_list": {"status": "COMPLETE"}}, None),
        ({"__bt_default_review_list": None}, None),
        ({"__bt_default_review_list": []}, None),
        (lists(None), None),
        (lists(""), None),
        (lists("COMPLETE"), "COMPLETE"),
        (lists("PENDING"), "PENDING"),
    ],
)
def test_only_the_default_review_list_has_a_status(review_lists: object, status: str | None) -> None:
    assert log_row({"id": "row-1", "review_lists": review_lists}).status == status


@pytest.mark.parametrize(
    ("status", "open_statuses", "finished"),
    [
        (None, USUAL_OPEN_STATUSES, False),
        ("PENDING", USUAL_OPEN_STATUSES, False),
        ("pending", USUAL_OPEN_STATUSES, False),
        ("Backlog", USUAL_OPEN_STATUSES, False),
        ("COMPLETE", USUAL_OPEN_STATUSES, True),
        ("IN_PROGRESS", USUAL_OPEN_STATUSES, True),
        ("In_Progress", {"IN_PROGRESS"}, False),
        ("PENDING", {"IN_PROGRESS"}, True),
    ],
)
def test_a_status_that_is_not_among_the_open_ones_counts_as_finished(
    status: str | None, open_statuses: Collection[str], finished: bool
) -> None:
    assert a_row("row-1", status=status).is_finished(open_statuses) == finished


@pytest.mark.parametrize("row_id", [None, "", 7, ["x"], "a\\b", "a\nb", "a\x00", "a\u2028b"])
def test_a_row_with_an_odd_id_is_counted_and_left_alone(row_id: object) -> None:
    found = gathered([a_row("row-2"), log_row({"id": row_id}), a_row("row-1")])

    assert found.counts == ReadingCounts(matched=3, unassigned=2, unaddressable=1)
    assert found.free == ["row-2", "row-1"]
    assert found.odd_ids == [row_id if isinstance(row_id, str) else ""]


def test_of_many_rows_with_odd_ids_a_few_are_named() -> None:
    found = gathered(log_row({"id": f"row\\{number}"}) for number in range(50))

    assert found.counts == ReadingCounts(matched=50, unaddressable=50)
    assert len(found.odd_ids) == NAMED_IDS


def test_finished_rows_are_counted_by_the_words_for_it() -> None:
    words = ["COMPLETE", "APPROVED", "COMPLETE", "PENDING", None]

    counts = gathered(a_row(f"row-{number}", status=word) for number, word in enumerate(words)).counts

    assert (counts.finished, counts.unassigned) == (3, 2)
    assert counts.statuses == (("COMPLETE", 2), ("APPROVED", 1))


def test_rows_are_counted_and_the_free_ones_kept_in_order() -> None:
    rows = [
        a_row("row-5"),
        a_row("row-4", "r1", status="PENDING"),
        a_row("row-3", status="COMPLETE"),
        a_row("row-2", "r1", status="COMPLETE"),
        a_row("row-1", status="PENDING"),
    ]

    found = gathered(rows)

    assert found.counts == ReadingCounts(5, assigned=2, finished=1, unassigned=2, statuses=(("COMPLETE", 1),))
    assert found.free == ["row-5", "row-1"]


def test_free_rows_that_have_something_in_common_are_told_apart_from_those_that_have_nothing() -> None:
    rows = [
        log_row({"id": "row-1", "group_key": "s1"}),
        log_row({"id": "row-2", "group_key": None}),
        log_row({"id": "row-3", "group_key": {"b": 1, "a": 2}}),
        log_row({"id": "row-4", "group_key": {"a": 2, "b": 1}}),
        log_row({"id": "row-5", "group_key": 0}),
        log_row({"id": "row-6", "assignments": ["r1"], "group_key": "s1"}),
    ]

    group_of = gathered(rows).group_of

    assert set(group_of) == {"row-1", "row-3", "row-4", "row-5"}
    assert group_of["row-3"] == group_of["row-4"]
    assert len(set(group_of.values())) == 3


def test_a_row_that_comes_twice_is_counted_once() -> None:
    found = gathered([a_row("row-5"), a_row("row-4")], [a_row("row-4", "r1"), a_row("row-3")])

    assert found.free == ["row-5", "row-4", "row-3"]
    assert found.counts == ReadingCounts(matched=3, unassigned=3)


@given(ROWS, st.data())
def test_every_row_is_counted_once(rows: list[LogRow], data: st.DataObject) -> None:
    split, back = (data.draw(st.integers(0, len(rows))) for _ in range(2))
    found = gathered(rows[:split], rows[min(split, back) :])
    counts, free = found.counts, found.free

    assert counts.matched == len(rows) == counts.assigned + counts.finished + counts.unassigned
    assert free == [row.id for row in rows if not row.assigned and not row.is_finished(USUAL_OPEN_STATUSES)]
    assert counts.unassigned == len(free)


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("it's", True),
        ("\U0001f469\u200d\U0001f680", True),
        ("", True),
        ("a\\b", False),
        ("a\tb", False),
        ("a\x7fb", False),
        ("a\x9fb", False),
        ("a\u2028b", False),
        ("a\u2029b", False),
        ("a\ud800b", False),
    ],
)
def test_backslashes_and_control_characters_cannot_be_quoted(text: str, fine: bool) -> None:
    assert is_quotable(text) == fine


def test_what_is_no_word_in_the_place_of_one_is_something_nobody_knows() -> None:
    """However deep it is: a row with such an assignee is assigned, one with such a status finished."""
    deep: object = []
    for _ in range(5_000):
        deep = [deep]

    row = log_row(
        {
            "id": "row-1",
            "tags": [deep, "a"],
            "assignments": {"a": "b"},
            "review_lists": {"__bt_default_review_list": {"status": [deep]}},
        }
    )

    assert (row.tags, row.assignees, row.status) == (("?", "a"), ("?",), "?")


def test_words_are_as_long_as_a_tag_can_be_and_groups_keep_apart_whatever_their_length() -> None:
    rows = [log_row({"id": f"row-{end}", "tags": ["x" * 9_999], "group_key": "x" * 9_999 + end}) for end in "aab"]

    assert {len(tag) for row in rows for tag in row.tags} == {255}
    assert rows[0].group == rows[1].group != rows[2].group
    assert max(len(row.group or "") for row in rows) < 255


def test_only_the_most_frequent_statuses_are_kept() -> None:
    """Each of a hundred thousand rows could have one of its own."""
    lists = [{"__bt_default_review_list": {"status": f"S{number // 2}"}} for number in range(100)]

    counts = gathered([log_row({"id": f"row-{n}", "review_lists": value}) for n, value in enumerate(lists)]).counts

    assert (counts.finished, len(counts.statuses)) == (100, 20)
    assert {rows for _, rows in counts.statuses} == {2}
