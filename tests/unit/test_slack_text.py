"""What Slack and its editors make of what people type is undone."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.slack_text import undone, unquoted, words

every = pytest.mark.parametrize


@every(
    ("raw", "typed"),
    [
        ("<http://metadata.id|metadata.id>", "metadata.id"),
        ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
        ("<mailto:a@x.com|a@x.com>", "a@x.com"),
        ("<mailto:o'brien@x.com>", "o'brien@x.com"),
        ("<tel:+49301234|+49 30 1234>", "+49 30 1234"),
        ("<@U0ANA|Lopez, Ana>", "@Lopez, Ana"),
        ("<@U0ANA>", "@U0ANA"),
        ("<#C0GEN|general>", "#general"),
        ("<#C0GEN|>", "#C0GEN"),
        ("<!here>", "@here"),
        ("<!subteam^S0TEAM|@support>", "@support"),
        ("a &lt; b &amp;&amp; b &gt; c", "a < b && b > c"),
        ("&amp;lt; &copy; &#60;", "&lt; &copy; &#60;"),
        ("&lt;@U0ANA&gt;", "<@U0ANA>"),
        ("a <b> c", "a <b> c"),
    ],
)
def test_links_people_channels_and_entities_become_what_was_typed(raw: str, typed: str) -> None:
    assert undone(raw) == typed


@every(
    ("raw", "typed"),
    [
        (":+1: keep", "\U0001f44d keep"),
        (":thumbsup:", "\U0001f44d"),
        (":heart:", "\u2764\ufe0f"),
        (":white_check_mark:", "\u2705"),
        (":+1::skin-tone-3:", "\U0001f44d\U0001f3fc"),
        (":tada::100:", "\U0001f389\U0001f4af"),
        (":large_green_circle:", "\U0001f7e2"),
        (":octagonal_sign:", "\U0001f6d1"),
        (":rainbow-flag:", "\U0001f3f3\ufe0f\u200d\U0001f308"),
        (":flag-de:", "\U0001f1e9\U0001f1ea"),
        (":female-astronaut:", "\U0001f469\u200d\U0001f680"),
        (":snowman:", "\u2603\ufe0f"),
        (":our-own-logo:", ":our-own-logo:"),
        ("10:30:45", "10:30:45"),
        ("env:x:prod", "env:x:prod"),
        ("a@x.com:2,b@x.com:3", "a@x.com:2,b@x.com:3"),
        ("::", "::"),
    ],
)
def test_names_of_emoji_become_emoji_where_slack_wrote_them(raw: str, typed: str) -> None:
    assert undone(raw) == typed


def test_people_stay_who_they_are_where_people_are_meant() -> None:
    raw = "<@U0ANA|Lopez, Ana>,<!subteam^S0TEAM|@support>,<mailto:a@x.com|a@x.com>"

    assert undone(raw, people=True) == "<@U0ANA>,<!subteam^S0TEAM>,a@x.com"


@every(
    ("text", "expected"),
    [
        ("a  b\u00a0c\u2003d", ["a", "b", "c", "d"]),
        ('tag="My tag" days=3', ['tag="My tag"', "days=3"]),
        ("tag=\u201cMy tag\u201d x", ["tag=\u201cMy tag\u201d", "x"]),
        ('tag="say \u201chi\u201d now" x', ['tag="say \u201chi\u201d now"', "x"]),
        ('tag=\u201csay "hi" now\u201d x', ['tag=\u201csay "hi" now\u201d', "x"]),
        ('tag=\u201ca b" x', ['tag=\u201ca b"', "x"]),
        ("tag=\u2018it\u2019s fine\u2019 x", ["tag=\u2018it\u2019s fine\u2019", "x"]),
        ("tag='it's fine' x", ["tag='it's fine'", "x"]),
        ("tag=`My tag` x", ["tag=`My tag`", "x"]),
        ("reviewers=<@U0ANA|Lopez, Ana>,<@U0BEN|b> x", ["reviewers=<@U0ANA|Lopez, Ana>,<@U0BEN|b>", "x"]),
        ('tag="x y', ['tag="x', "y"]),
        ('`tag="My tag" days=3`', ['tag="My tag"', "days=3"]),
        ("", []),
    ],
)
def test_a_command_falls_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@every(
    "pair",
    ['""', "''", "``", "\u201c\u201d", "\u201d\u201d", "\u201e\u201c", "\u00ab\u00bb", "\u00bb\u00ab", '\u201c"'],
)
def test_quotes_that_belong_together_hold_a_value_together(pair: str) -> None:
    raw = f"{pair[0]}My tag{pair[1]}"

    assert words(f"tag={raw} x") == [f"tag={raw}", "x"]
    assert unquoted(raw) == "My tag"


@every("raw", ["\u201cMy", '"', "'x", '"x"y'])
def test_a_quote_that_does_not_close_is_noticed(raw: str) -> None:
    assert unquoted(raw) is None


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" <>@|&;:\"'\u201c\u201d=")), max_size=80))
@example("`````")
@example("<@<@|<!|>>")
def test_any_text_falls_into_words_that_can_be_undone(text: str) -> None:
    for word in words(text):
        assert isinstance(undone(word), str)
        assert isinstance(unquoted(word), str | None)


@every("piece", ["<mailto:", '"<a:>', "'a", '"', '\u201c"', ' "', ":+1:", " \u201c<@>", "<@U|", "`"])
def test_a_long_text_is_read_at_once(piece: str) -> None:
    """A regular expression holds the interpreter's lock: while it searches, the whole bot stands still."""
    began = time.thread_time()

    for word in words(piece * (8_000 // len(piece))):
        undone(word)

    assert time.thread_time() - began < 0.2
