"""Whoever is named is named by an id, an e-mail or a group; anything else is answered with the nearest valid form."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.reviewers import MAX_WEIGHT, NameKind, ReviewerName, parsed_name
from bot.errors import CommandError
from bot.messages.text import said

ANA_ID = "0a7f2b1c-1111-4aaa-8bbb-000000000001"
USER, EMAIL, PERSON, TEAM, GROUP = NameKind
NAMES = st.one_of(
    st.uuids().map(lambda value: ReviewerName(USER, str(value))),
    st.from_regex(r"[a-z0-9.+]{1,12}@[a-z0-9]{1,9}\.[a-z]{2,4}", fullmatch=True).map(lambda t: ReviewerName(EMAIL, t)),
    st.from_regex(r"[UW]0[A-Z0-9]{1,9}", fullmatch=True).map(lambda t: ReviewerName(PERSON, t)),
    st.from_regex(r"S0[A-Z0-9]{1,9}", fullmatch=True).map(lambda t: ReviewerName(TEAM, t)),
    st.from_regex(r"[a-z0-9&%]([a-z0-9:. /]{0,9}[a-z0-9:%])?", fullmatch=True).map(
        lambda t: ReviewerName(GROUP, " ".join(t.split()))
    ),
)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (ANA_ID, USER, ANA_ID),
        (ANA_ID.upper(), USER, ANA_ID),
        (" Ana@Example.com ", EMAIL, "ana@example.com"),
        ("o'brien+reviews@example.com", EMAIL, "o'brien+reviews@example.com"),
        ("u0ada@example.com", EMAIL, "u0ada@example.com"),
        ("<@U0ADA>", PERSON, "U0ADA"),
        ("<@U0ADA|ada>", PERSON, "U0ADA"),
        ("<@WABCDEF|ada: on leave>", PERSON, "WABCDEF"),
        ("@U0ADA", PERSON, "U0ADA"),
        ("u0ada", PERSON, "U0ADA"),
        ("W012345678", PERSON, "W012345678"),
        ("UABCDEFG1", PERSON, "UABCDEFG1"),
        ("<!subteam^S0TEAM>", TEAM, "S0TEAM"),
        ("<!subteam^S0TEAM|@team>", TEAM, "S0TEAM"),
        ("S0TEAM", TEAM, "S0TEAM"),
        ("group:Support", GROUP, "support"),
        ("Group: Support  team ", GROUP, "support team"),
        ('group:"Support team"', GROUP, "support team"),
        ("group:5", GROUP, "5"),
        ('group:"Tier:2"', GROUP, "tier:2"),
        ("group:Tier: two", GROUP, "tier: two"),
    ],
)
@pytest.mark.parametrize(("behind", "weight"), [("", 1), (":1", 1), (":0", 0), (": 3 ", 3), (":100", 100)])
def test_a_name_is_understood_with_and_without_a_weight(
    text: str, kind: NameKind, value: str, behind: str, weight: int
) -> None:
    assert parsed_name(text + behind) == ReviewerName(kind, value, weight)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("@ana", "Pick the person from the list that Slack shows"),
        ("@ana ruiz", "Pick the person"),
        ("@sarah", "Pick the person"),
        ("ana", "I don't know whom `ana` means"),
        ("Ursula", "I don't know whom"),
        ("SARAH", "I don't know whom"),
        ("", "I don't know whom"),
        ("<!here>", "I don't know whom"),
        ("<!subteam^U0ADA>", "I don't know whom"),
        ("<@S0TEAM>", "I don't know whom"),
        ("<#C0REV|reviews>", "I don't know whom"),
        ("a b@example.com", "I don't know whom"),
        ("a@b@example.com", "I don't know whom"),
        ("a\x00@example.com", "I don't know whom"),
        ("\ud800@example.com", "I don't know whom"),
        ("x" * 300 + "@example.com", "I don't know whom"),
        (ANA_ID.replace("-", ""), "I don't know whom"),
        ("group:", "names no Braintrust group: `reviewers=group:Support`."),
        ("group:''", "names no Braintrust group"),
        ("group:a\x00b", "names no Braintrust group"),
        ("group:" + "x" * 256, "names no Braintrust group"),
        ("ana@example.com:", "no whole number from 0 to 100"),
        ("ana@example.com:101", "no whole number from 0 to 100"),
        ("ana@example.com:-1", "no whole number"),
        ("ana@example.com:1.5", "no whole number"),
        ("ana@example.com:two", "no whole number"),
        ("ana@example.com:\u0663", "no whole number"),
        ("U0ADA:" + "9" * 5_000, "no whole number"),
        ("group:Support:101", "no whole number"),
        ("group:Support:0.5", "no whole number"),
    ],
)
def test_anything_else_is_answered_with_the_nearest_valid_form(text: str, sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        parsed_name(text)

    assert sentence in str(raised.value)
    assert "`reviewers=" in str(raised.value)


@given(NAMES, st.integers(0, MAX_WEIGHT))
@example(ReviewerName(GROUP, "tier:2"), 1)
@example(ReviewerName(GROUP, "a:1.5"), 1)
def test_the_normal_form_is_read_as_the_same_name(name: ReviewerName, weight: int) -> None:
    weighted = ReviewerName(name.kind, name.value, weight)

    assert parsed_name(weighted.text) == weighted


@given(NAMES)
def test_letter_case_never_counts(name: ReviewerName) -> None:
    assert parsed_name(name.text.upper()) == parsed_name(name.text.lower()) == parsed_name(name.text)


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["<", "@", "U0ADA", "|", ">", ":", "2", "group:", "a@b.c", '"'])).map("".join)
)
@example("<@" * 5_000)
@example(":" * 5_000)
def test_any_text_is_a_name_or_gets_a_sentence_without_markup(text: str) -> None:
    try:
        told, name = "", parsed_name(text)
    except CommandError as error:
        told, name = said(str(error)), None

    assert name is None or (parsed_name(name.text) == name and name.text.isprintable())
    assert not set(re.sub("&(amp|lt|gt);", "", told)) & set("<>&")
    assert told.count("`") % 2 == 0
