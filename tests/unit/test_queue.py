"""Queues as people write them, and what an import does to them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.allocation import Strategy
from bot.domain.btql import matching_rows, valid_filter
from bot.domain.plan import Window
from bot.domain.queue import FIELDS, Queue, QueueChange, changes, new_queue, queue_of, valid_name
from bot.errors import CommandError, QueueError
from tests.unit.builders import PROJECT

NOW = datetime(2026, 5, 18, tzinfo=UTC)
SPAN = Window(NOW - timedelta(days=7), NOW)
TEXTS = {
    "project": "support-bot",
    "tag": "needs-review",
    "days": "14",
    "filter": "metadata.language = 'de'",
    "reviewers": "ana@example.com:2,ben@example.com<=40,group:support",
    "strategy": "balanced",
    "group_by": "metadata.session",
    "max_open_rows": "100",
    "max_new_rows": "50",
    "limit": "200",
    "channel": "C0REV",
    "approvers": "S0TEAM,U0BOSS",
}
NEEDED = {name: TEXTS[name] for name in ("project", "tag", "reviewers")}


def test_every_field_is_read_and_written_again_as_it_was() -> None:
    queue = queue_of("support-de", TEXTS, project_id=PROJECT, version=3)

    assert TEXTS.keys() == FIELDS.keys()
    assert queue == Queue(
        "support-de",
        PROJECT,
        "needs-review",
        ("ana@example.com:2", "ben@example.com<=40", "group:support"),
        project="support-bot",
        days=14,
        filter="metadata.language = 'de'",
        strategy=Strategy.BALANCED,
        group_by="metadata.session",
        max_open_rows=100,
        max_new_rows=50,
        limit=200,
        channel="C0REV",
        approvers=frozenset({"S0TEAM", "U0BOSS"}),
    )
    assert queue.version == 3
    assert queue.texts == TEXTS


def test_what_is_left_out_is_as_usual() -> None:
    queue = queue_of("s", NEEDED)

    assert (queue.days, queue.strategy, queue.limit, queue.approvers) == (7, Strategy.EVEN, None, frozenset())
    assert queue_of("s", queue.texts) == queue


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("project", "", "A queue needs this"),
        ("project", "a\x00b", "A project has a name"),
        ("tag", " ", "A queue needs this"),
        ("tag", "a\\b", "has a backslash"),
        ("days", "0", "`days` is a whole number from 1 to 365"),
        ("filter", "metadata.a = 'b", "bracket or a quote that is not closed"),
        ("reviewers", "ana", "I don't know whom `ana` means"),
        ("reviewers", "ana@x.com<=0", "The cap in `ana@x.com<=0` is no whole number"),
        ("reviewers", "ana@x.com<=many", "The cap in `ana@x.com<=many`"),
        ("strategy", "odd", "`strategy` is `even` or `balanced`"),
        ("group_by", "session", "`group_by` is `trace` or"),
        ("max_open_rows", "-1", "`max_open_rows` is a whole number from 1 to 1,000,000: `max_open_rows=100`."),
        ("max_new_rows", "x", "`max_new_rows` is a whole number"),
        ("limit", "0", "`limit` is a whole number"),
        ("channel", "reviews", "A channel is named by its id"),
        ("approvers", "U0BOSS,@ana", "`@ana` is neither the id"),
        ("colour", "red", "A queue has no field `colour`"),
    ],
)
def test_a_wrong_field_has_a_sentence_of_its_own(field: str, text: str, sentence: str) -> None:
    with pytest.raises(QueueError) as caught:
        queue_of("s", TEXTS | {field: text})

    assert caught.value.problems.keys() == {field}
    assert sentence in caught.value.problems[field]


def test_all_wrong_fields_are_told_at_once() -> None:
    with pytest.raises(QueueError) as caught:
        new_queue("Support DE", {"days": "x"})

    assert caught.value.problems.keys() == {"name", "project", "tag", "reviewers", "days"}


@pytest.mark.parametrize("name", ["a", "support-de", "q2", "a" * 40])
def test_these_are_names(name: str) -> None:
    assert valid_name(f" {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        *["", "2q", "-a", "A", "a b", "ä", "a" * 41, "a_b", "default", "queues", "help", "away", "status", "tag"],
        *["group-by", "groupby", "dryrun", "days-"],
    ],
)
def test_these_are_none(name: str) -> None:
    with pytest.raises(CommandError):
        valid_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "metadata.language = 'de'",
        "scores.Quality < 0.5 and (tags includes 'a' or metadata.\"odd name\" is null)",
        "metadata.text = 'it''s (not) closed | here -- really'",
        "id IN ['a', 'b']",
        "metadata.a = 'x'\n and metadata.b = 2",
    ],
)
def test_these_can_stand_in_a_query(text: str) -> None:
    assert valid_filter(text) == " ".join(text.split())


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("metadata.name = 'two  spaces'   and a = 1 ", "metadata.name = 'two  spaces' and a = 1"),
        ('metadata."two  words" = 1', 'metadata."two  words" = 1'),
        ("metadata.language = \u2018de\u2019", "metadata.language = 'de'"),
        ("metadata.\u201codd  name\u201d = \u2018it\u2019", "metadata.\"odd  name\" = 'it'"),
        ("metadata.said = 'it\u2019s \u201cgood\u201d'", "metadata.said = 'it\u2019s \u201cgood\u201d'"),
        ("metadata.a\u00a0=\u200b 1", "metadata.a = 1"),
    ],
)
def test_a_filter_is_what_it_looks_like_and_its_texts_stay_as_they_are(pasted: str, meant: str) -> None:
    """Keyboards bend quotes and pasting brings odd spaces; between quotes, every character counts."""
    assert valid_filter(pasted) == meant
    assert valid_filter(meant) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "true) or (true",
        "metadata.a = 'b",
        'metadata."a = 1',
        "(metadata.a = 1",
        "metadata.a = 1 | limit: 1",
        "metadata.a = 1 -- rest",
        "metadata.a = 1 /* rest */",
        "metadata.a = 1; drop",
        "metadata.a = 'b\\'",
        "[1, 2",
        "x in [1) or (1 = 1]",
        "metadata.a = 'b\nc'",
        'metadata."~__bt_assignments" is null',
        "_xact_id > 5",
        "x" * 2_001,
    ],
)
def test_these_cannot(text: str) -> None:
    with pytest.raises(CommandError):
        valid_filter(text)


@given(st.text("ab'\"()[]|-;/*# ", max_size=30))
def test_a_filter_never_changes_what_stands_around_it(text: str) -> None:
    """Whatever is let through closes what it opens, so that the rest of the query means what it meant."""
    try:
        meeting = valid_filter(text)
    except CommandError:
        return

    query = matching_rows(PROJECT, tag="t", window=SPAN, limit=1, meeting=meeting)
    depth, quote = 0, ""
    for character in meeting:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        assert depth >= 0
    assert (depth, quote) == (0, "")
    assert f" and ({meeting}) | select:" in query


def test_an_import_changes_only_what_differs() -> None:
    same, old, new = queue_of("same", NEEDED, version=2), queue_of("old", NEEDED), queue_of("new", NEEDED)
    before, after = queue_of("both", NEEDED, version=4), queue_of("both", NEEDED | {"days": "3"})

    found = changes([same, old, before], [queue_of("same", NEEDED), after, new])

    assert found == (QueueChange(before, after), QueueChange(None, new), QueueChange(old, None))
    assert [change.version for change in found] == [4, 0, 0]


def test_reviewers_may_stand_on_a_line_each_as_a_form_has_room_for() -> None:
    queue = queue_of("s", NEEDED | {"reviewers": "ana@example.com:2\nben@example.com<=40,\r\n group:Support \n"})

    assert queue.reviewers == ("ana@example.com:2", "ben@example.com<=40", "group:support")
