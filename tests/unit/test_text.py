"""What people wrote is shown, and never works as markup."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.plain_text import quoted
from bot.messages.text import absolute, code, counted, escaped, link, mention, moment, number, said, utc

NASTY = st.text(st.one_of(st.characters(), st.sampled_from("<>&!@#^|*_~`\n\u2028 ")))
ENTITY = re.compile("&(amp|lt|gt);")


def has_markup(text: str) -> bool:
    """Whether Slack could find a control sequence in `text`."""
    return bool(set(ENTITY.sub("", text)) & set("<>&"))


@given(NASTY)
@example("<!channel> <@U0ADA> <#C0GEN|x> <!subteam^S1> <https://x|y> &lt;!here&gt; &amp;")
def test_an_escaped_text_has_no_markup(text: str) -> None:
    shown = escaped(text)

    assert not has_markup(shown)
    assert not re.search(r"@\w", shown)


@given(NASTY)
@example("`<!channel>`")
def test_a_text_set_as_code_has_no_markup_and_does_not_end_early(text: str) -> None:
    shown = code(text)

    assert not has_markup(shown)
    assert shown[0] == shown[-1] == "`"
    assert "`" not in shown[1:-1]


@given(NASTY)
@example("`<@U0ADA>` <!channel>")
def test_what_others_wrote_has_no_markup_in_a_sentence_of_ours(text: str) -> None:
    told = said(f"<@U0ADA> said {quoted(text)} & left.")

    assert told.startswith("<@U0ADA> said `")
    assert told.endswith("` &amp; left.")
    assert not has_markup(told.removeprefix("<@U0ADA>"))
    assert told.count("`") == 2


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ("Approvers are <@U0ADA> and <!subteam^S0TEAM>.", "Approvers are <@U0ADA> and <!subteam^S0TEAM>."),
        ("Use it in <#C0REV>.", "Use it in <#C0REV>."),
        ("<!channel> <!here> <https://x|y>", "&lt;!channel&gt; &lt;!here&gt; &lt;https://x|y&gt;"),
        ("Check BRAINTRUST_API_KEY & *.", "Check BRAINTRUST_API_KEY &amp; *."),
        ("`<@U0ADA>` and `Q&A`", "`&lt;@U0ADA&gt;` and `Q&amp;A`"),
        ("`&lt;`", "`&amp;lt;`"),
    ],
)
def test_a_sentence_is_escaped_once_and_keeps_our_own_mentions(plain: str, told: str) -> None:
    assert said(plain) == told


@given(NASTY, st.integers(1, 50))
def test_an_escaped_text_is_one_line_and_cut(text: str, length: int) -> None:
    shown = escaped(text, length=length)

    seen = ENTITY.sub("x", shown).replace("\u200b", "")
    assert len(seen) <= length
    assert len(shown.splitlines()) <= 1


@given(NASTY, st.integers(1, 50))
def test_a_text_set_as_code_is_one_line_and_cut(text: str, length: int) -> None:
    shown = code(text, length=length)

    assert len(ENTITY.sub("x", shown)) <= length + 2
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ana Ruiz", "Ana Ruiz"),
        ("Q&A <3", "Q&amp;A &lt;3"),
        ("&lt;", "&amp;lt;"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("a@x.com", "a@\u200bx.com"),
        ("*b*", "*\u200bb*\u200b"),
        ("one\n two", "one two"),
        ("x" * 61, "x" * 59 + "\u2026"),
        ("x" * 60, "x" * 60),
    ],
)
def test_an_escaped_text_reads_like_the_original(text: str, expected: str) -> None:
    assert escaped(text, length=60) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("My tag", "`My tag`"), ("Q&A", "`Q&amp;A`"), ("a`b", "`a\u02cbb`"), ("x" * 81, "`" + "x" * 79 + "\u2026`")],
)
def test_a_text_set_as_code_reads_like_the_original(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, "0"), (999, "999"), (1949, "1,949"), (1_000_000, "1,000,000")])
def test_thousands_stand_apart(value: int, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1949, "1,949 rows")])
def test_a_noun_agrees_with_its_number(value: int, expected: str) -> None:
    assert counted(value, "row") == expected


def test_a_moment_is_drawn_by_slack_with_utc_to_fall_back_on() -> None:
    instant = datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=1)))

    assert utc(instant) == "2026-11-23 09:00 UTC"
    assert moment(instant) == "<!date^1795424400^{date_short_pretty} at {time}|2026-11-23 09:00 UTC>"
    assert absolute(instant) == "<!date^1795424400^{date_short} {time}|2026-11-23 09:00 UTC>"
    assert datetime.fromtimestamp(1795424400, UTC) == instant


def test_mentions_and_links_are_slack_markup() -> None:
    assert mention("U0ADA") == "<@U0ADA>"
    assert mention("terminal") == "the terminal"
    assert link("https://example.com/x", "here") == "<https://example.com/x|here>"
