"""What cannot be seen is taken for what it looks like where people type it, and shown where people read it."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.plain_text import as_seen, readable, visible

NO_WIDTH = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2069\ufe0f\ufeff"
BLANK = "\u00a0\u2002\u2003\u2007\u2009\u202f\u205f\u3000\u3164\u2800\t"
SHAPED = [
    "\U0001f469\u200d\U0001f680 keep",  # an emoji of two
    "\u2764\ufe0f\u200d\U0001f525",  # of two, one of them drawn in colour
    "\U0001f44d\U0001f3fd",  # with a tone of skin
    "1\ufe0f\u20e3 first",  # a key
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # the flag of England
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # a Persian word
    "\u845b\U000e0100\u57ce",  # a Japanese name
]
CONTROLS = "\x00\x07\x1b\r\n\x85\u2028\u2029\ud800"
HIDDEN = st.text(f"{NO_WIDTH}{BLANK}a\u00a1\u0645\U0001f44d\U0001f3f4\U000e0067\u20e31")
every = pytest.mark.parametrize


@every("mark", NO_WIDTH)
@every("place", range(7))
def test_what_has_no_width_is_not_there(mark: str, place: int) -> None:
    assert as_seen("My tag"[:place] + mark + "My tag"[place:]) == "My tag"


@every("blank", BLANK)
def test_what_looks_like_a_space_is_one(blank: str) -> None:
    assert as_seen(f"My{blank}tag") == "My tag"


@every("hyphen", "\u2010\u2011")
def test_what_looks_like_a_hyphen_is_one(hyphen: str) -> None:
    assert as_seen(f"dry{hyphen}run") == "dry-run"


@every("text", SHAPED)
def test_what_shapes_its_neighbours_stays(text: str) -> None:
    assert as_seen(text) == text
    assert readable(text) == text


@every("text", ["\U0001f44d\u200d keep", "\u200d\U0001f44d keep", "\U0001f44d keep\ufe0f"])
def test_what_could_shape_something_and_does_not_goes(text: str) -> None:
    assert as_seen(text) == "\U0001f44d keep"


@every("control", CONTROLS)
def test_a_control_stays_to_be_shown(control: str) -> None:
    assert as_seen(f"a{control}b") == f"a{control}b"
    assert readable(f"a{control}b").isprintable()


@given(st.text() | HIDDEN)
@example("a\ufe0f\u200d\U0001f680")
def test_looking_twice_sees_the_same(text: str) -> None:
    assert as_seen(as_seen(text)) == as_seen(text)


@given(st.text() | HIDDEN)
@example("\u202e\x1b[2J\x07\u200b")
@example("\u00a1\u200c\u200c")
@example("a\ufe0f\u200d\U0001f680")
def test_what_people_read_has_nothing_unseen_but_what_shapes(text: str) -> None:
    shown = readable(text)

    hidden = [one for one in shown if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    assert hidden == []
    assert as_seen(shown).count("\u200b") == 0
    assert len(as_seen(shown)) == len(shown)


@given(st.text())
def test_what_machines_read_is_one_line_of_printable_characters(text: str) -> None:
    assert visible(text).isprintable()


@every(
    ("text", "shown"),
    [
        ("Ana Lopez", "Ana Lopez"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\x1b[2Jb", r"a\u001b[2Jb"),
        ("My\u200btag", r"My\u200btag"),
        ("a\nb", r"a\nb"),
    ],
)
def test_what_is_shown_says_which_character_it_is(text: str, shown: str) -> None:
    assert readable(text) == visible(text) == shown
