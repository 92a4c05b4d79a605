"""What people type is understood, or refused with the nearest valid form; nothing else can happen."""

import html
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.domain.command import HelpCommand, PlanCommand, parsed
from bot.domain.options import MAX_DAYS, MAX_LIMIT, MAX_REVIEWERS, MAX_TAG_LENGTH, valid_reviewers, valid_tag
from bot.domain.plain_text import as_seen, readable, shown
from bot.errors import CommandError
from bot.messages.text import said
from tests.unit.test_plain_text import BLANK, NO_WIDTH

TYPED = st.text(
    st.one_of(st.characters(), st.sampled_from(" =\"'-,&;<>|`\u2014\u201c\u201d\\\n")), max_size=60
) | st.lists(
    st.sampled_from(
        [
            "tag=",
            "--tag",
            '"x y"',
            "days=14",
            "days",
            "limit=1,000",
            "--dry-run",
            "dry-run=",
            "help",
            "'",
            '"',
            "=",
            "--",
        ]
    ),
    max_size=6,
).map(" ".join)
TAGS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\\:"),
    min_size=1,
    max_size=MAX_TAG_LENGTH,
).filter(lambda tag: as_seen(tag).strip())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PlanCommand()),
        ("   ", PlanCommand()),
        ("tag=x", PlanCommand(tag="x")),
        ('tag="My dummy tag"', PlanCommand(tag="My dummy tag")),
        ("tag='My dummy tag'", PlanCommand(tag="My dummy tag")),
        ('tag="it\'s"', PlanCommand(tag="it's")),
        ("tag=it's", PlanCommand(tag="it's")),
        ("tag='say \"hi\"'", PlanCommand(tag='say "hi"')),
        ('tag="a=b"', PlanCommand(tag="a=b")),
        ("tag=a=b", PlanCommand(tag="a=b")),
        ('tag=" x "', PlanCommand(tag="x")),
        ('--tag "My dummy tag"', PlanCommand(tag="My dummy tag")),
        ("--tag=x", PlanCommand(tag="x")),
        ("TAG=x DAYS=3", PlanCommand(tag="x", days=3)),
        ("days=14", PlanCommand(days=14)),
        ("--days 14", PlanCommand(days=14)),
        (f"days={MAX_DAYS}", PlanCommand(days=MAX_DAYS)),
        ("days=1", PlanCommand(days=1)),
        ("limit=200", PlanCommand(limit=200)),
        ("limit=1,949", PlanCommand(limit=1949)),
        (f"limit={MAX_LIMIT}", PlanCommand(limit=MAX_LIMIT)),
        ("dry-run", PlanCommand(dry_run=True)),
        ("--dry-run", PlanCommand(dry_run=True)),
        ("--dry_run", PlanCommand(dry_run=True)),
        ("dryrun", PlanCommand(dry_run=True)),
        ("reviewers=a@x.com,b@x.com", PlanCommand(reviewers=("a@x.com", "b@x.com"))),
        ('reviewers="a@x.com, b@x.com"', PlanCommand(reviewers=("a@x.com", "b@x.com"))),
        ("reviewers=a@x.com, b@x.com:0 ,U0ADA:2", PlanCommand(reviewers=("a@x.com", "b@x.com:0", "U0ADA:2"))),
        (
            'reviewers="group:Support team,ana@x.com:2" days=3',
            PlanCommand(days=3, reviewers=("group:support team", "ana@x.com:2")),
        ),
        (
            'tag="t" days=2 limit=3 reviewers=a@x.com dry-run',
            PlanCommand(tag="t", days=2, limit=3, reviewers=("a@x.com",), dry_run=True),
        ),
        ("help", HelpCommand()),
        ("HELP", HelpCommand()),
        ("--help", HelpCommand()),
        ("?", HelpCommand()),
        ("-h", HelpCommand()),
        ("tag = x days= 3", PlanCommand(tag="x", days=3)),
        ("tag =x", PlanCommand(tag="x")),
        ("/assign-reviews tag=x", PlanCommand(tag="x")),
        ("reviewers=ana@acme.test, o'brien@acme.test", PlanCommand(reviewers=("ana@acme.test", "o'brien@acme.test"))),
        ('reviewers="a@x.com", "b@x.com"', PlanCommand(reviewers=("a@x.com", "b@x.com"))),
        ("reviewers=a@x.com; b@x.com", PlanCommand(reviewers=("a@x.com", "b@x.com"))),
        ("reviewers <@U0ADA> <@U0BEN>", PlanCommand(reviewers=("U0ADA", "U0BEN"))),
    ],
)
def test_a_well_formed_command_is_understood(text: str, expected: object) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tag=\u201cMy dummy tag\u201d", PlanCommand(tag="My dummy tag")),
        ("tag=\u201eMy dummy tag\u201c", PlanCommand(tag="My dummy tag")),
        ("tag=\u2018My dummy tag\u2019", PlanCommand(tag="My dummy tag")),
        ("tag=\u00abx y\u00bb", PlanCommand(tag="x y")),
        ("\u2014dry-run", PlanCommand(dry_run=True)),
        ("\u2013dry-run", PlanCommand(dry_run=True)),
        ("\u2014tag x", PlanCommand(tag="x")),
        ("\u2014help", HelpCommand()),
        ('tag="Q&amp;A"', PlanCommand(tag="Q&A")),
        ('tag="a &lt; b &gt; c"', PlanCommand(tag="a < b > c")),
        ('tag="&amp;lt;"', PlanCommand(tag="&lt;")),
        ("reviewers=<mailto:a@x.com|a@x.com>,<mailto:b@x.com>", PlanCommand(reviewers=("a@x.com", "b@x.com"))),
        (
            "reviewers=<@U0ADA|ada> <@U0BEN|ben>:2 , <!subteam^S0TEAM|@team> days=3",
            PlanCommand(days=3, reviewers=("U0ADA", "U0BEN:2", "S0TEAM")),
        ),
        ("reviewers= <@U0ADA> dry-run", PlanCommand(reviewers=("U0ADA",), dry_run=True)),
        ("\u2014reviewers <@U0ADA> <@U0BEN>", PlanCommand(reviewers=("U0ADA", "U0BEN"))),
        ("reviewers=<@U0ADA|a,b>,<@U0BEN|c>", PlanCommand(reviewers=("U0ADA", "U0BEN"))),
        ("reviewers=a@x.com tag=b@x.com", PlanCommand(tag="b@x.com", reviewers=("a@x.com",))),
        ('tag="ask <mailto:a@x.com|a@x.com> first"', PlanCommand(tag="ask a@x.com first")),
        ("group_by=<http://metadata.id|metadata.id>", PlanCommand(group_by="metadata.id")),
        ('tag=":+1: keep"', PlanCommand(tag="\U0001f44d keep")),
        ("tag=:+1:", PlanCommand(tag="\U0001f44d")),
        ('tag="ask <@U0ANA|Lopez, Ana>"', PlanCommand(tag="ask @Lopez, Ana")),
        ('tag="<#C0GEN|general>"', PlanCommand(tag="#general")),
        ("reviewers=<@U0ANA|Lopez, Ana> days=3", PlanCommand(reviewers=("U0ANA",), days=3)),
        ("reviewers=<@U0ANA|Lopez, Ana> <@U0BEN|b>", PlanCommand(reviewers=("U0ANA", "U0BEN"))),
        ("reviewers=ana@x.com,o\u2019brien@x.com", PlanCommand(reviewers=("ana@x.com", "o'brien@x.com"))),
        ("tag=it\u2019s", PlanCommand(tag="it\u2019s")),
        ('tag="say \u201chi\u201d now"', PlanCommand(tag="say \u201chi\u201d now")),
        ("tag=\u2018it\u2019s fine\u2019", PlanCommand(tag="it\u2019s fine")),
        ("tag\uff1dx", PlanCommand(tag="x")),
        ("reviewers=a@x.com\uff0cb@x.com", PlanCommand(reviewers=("a@x.com", "b@x.com"))),
        ("`tag=x days=3`", PlanCommand(tag="x", days=3)),
    ],
)
def test_what_slack_and_its_editors_make_of_the_text_is_understood(text: str, expected: object) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("=x", "I don't understand `=x`."),
        ("--", "I don't understand `--`."),
        ("days=1 days=2", "`days` is given twice. Give it once: `days=2`."),
        ("dry-run --dry-run", "`dry-run` is given twice."),
        ("dry-run=true", "`dry-run` takes no value. Write just `dry-run`."),
        ("dry-run=", "`dry-run` takes no value."),
        ("tag=", "A tag has 1 to 255 characters"),
        ("--tag", "A tag has 1 to 255 characters"),
        ('tag="  "', "A tag has 1 to 255 characters"),
        ("tag=" + "x" * 256, "A tag has 1 to 255 characters"),
        ("tag=a\\b", r"The tag `a\b` has a backslash"),
        ('tag="a\nb"', r"The tag `a\nb` has a backslash, a line break or another control character."),
        ('tag="a\u2028b"', r"The tag `a\u2028b` has"),
        ('tag="a\x1bb"', r"The tag `a\u001bb` has"),
        ('tag="x', "The value of `tag` has an opening quote and no closing one"),
        ('tag="', "The value of `tag` has an opening quote and no closing one"),
        ('tag="x y', "The value of `tag` has an opening quote and no closing one"),
        ("days=", "`days` is a whole number from 1 to 365: `days=14`."),
        ("days=0", "`days` is a whole number"),
        ("days=366", "`days` is a whole number"),
        ("days=-1", "`days` is a whole number"),
        ("days=1.5", "`days` is a whole number"),
        ("days=1,4", "`days` is a whole number"),
        ("days=\u0663", "`days` is a whole number"),
        ("days=" + "9" * 5_000, "`days` is a whole number"),
        ("limit=0", "`limit` is a whole number from 1 to 1,000,000: `limit=200`."),
        ("limit=1000001", "`limit` is a whole number"),
        ("limit=,", "`limit` is a whole number"),
        ("limit=1,5", "`limit` is a whole number"),
        ("reviewers=", "Name 1 to 500 reviewers, separated by commas"),
        ("reviewers=@ana", "Pick the person from the list that Slack shows"),
        ("reviewers=Ana", "I don't know whom `Ana` means."),
        ("reviewers=a@x.com:101", "no whole number from 0 to 100"),
        ("reviewers=a@x.com days=3 b@x.com", "I don't understand `b@x.com`."),
        ("reviewers=a@x.com:2,A@x.com:3", "You name `a@x.com:2` and `a@x.com:3`. Name everybody once."),
        ("reviewers=a@x.com,a@x.com:0", "You name `a@x.com` and `a@x.com:0`."),
        ("reviewers=group:Team:2,group:team:3", "You name `group:team:2` and `group:team:3`."),
        ("reviewers=,,", "Name 1 to 500 reviewers, separated by commas"),
    ],
)
def test_what_is_not_understood_is_answered_with_the_nearest_valid_form(text: str, sentence: str) -> None:
    with pytest.raises(CommandError) as raised:
        parsed(text)

    assert sentence in str(raised.value)


CLEAN = st.sampled_from(
    [
        'tag="My tag" days=14 dry-run',
        "limit=1,949 order=oldest sample=10% strategy=balanced group_by=metadata.session-id",
        "reviewers=ana@x.com:2, o'brien@x.com <@U0ADA|Lopez, Ana> <!subteam^S0TEAM|@team>",
        'reviewers="group:Support team"',
        "--tag it's --limit 5",
        "help",
        "mute",
        "away 2026-12-24",
        "tag=My tag",
        "limit 50",
        "needs-review",
    ]
)


@given(CLEAN, st.data())
def test_a_pasted_command_does_what_the_typed_one_does(clean: str, data: st.DataObject) -> None:
    """Whatever cannot be seen was sprinkled over it."""
    seen = [data.draw(st.sampled_from({" ": f" {BLANK}", "-": "-\u2010\u2011"}.get(one, one))) for one in clean]
    unseen = data.draw(st.lists(st.text(NO_WIDTH, max_size=2), min_size=len(seen), max_size=len(seen)))

    pasted = "".join(map("".join, zip(unseen, seen, strict=True)))

    assert outcome(pasted) == outcome(clean)


def outcome(text: str) -> object:
    """The command, or the sentence that refuses it."""
    try:
        return parsed(text)
    except CommandError as error:
        return str(error)


@given(TYPED)
@example("=")
@example('"')
@example("tag=&#1114112;")
@example("&#x110000; &nosuch; &")
@example("<mailto:>")
def test_any_text_is_a_command_or_a_command_error(text: str) -> None:
    try:
        command: object = parsed(text)
    except CommandError as error:
        command = error

    assert isinstance(command, HelpCommand | PlanCommand | CommandError)


@given(TYPED)
@example("&lt;!channel&gt;")
@example("<!channel>")
@example("<@U0ADA|ada>")
@example("`<!here>`")
def test_a_refusal_repeats_no_markup_of_the_person_who_typed(text: str) -> None:
    try:
        parsed(text)
        refusal = ""
    except CommandError as error:
        refusal = said(str(error))

    assert not set(re.sub("&(amp|lt|gt);", "", refusal)) & set("<>&")
    assert refusal.count("`") % 2 == 0


@given(TAGS, st.sampled_from(['""', "''", "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb"]))
@example("tag=x", '""')
@example("days=3", '""')
@example("&lt;", '""')
@example("&copy", '""')
@example("\U0001f469\u200d\U0001f680", '""')
@example("say \u201chi\u201d now", '""')
@example("it\u2019s", "''")
def test_a_quoted_tag_comes_back_as_it_looks(tag: str, quotes: str) -> None:
    assume(not set(tag) & set(quotes))
    text = f"days=3 tag={quotes[0]}{html.escape(tag, quote=False)}{quotes[1]} dry-run"

    command = parsed(text)

    assert command == PlanCommand(tag=as_seen(tag).strip(), days=3, dry_run=True)


@pytest.mark.parametrize("tag", ["My\u00a0tag", "\ufeffMy tag", "My\u200b tag\u2060"])
def test_a_tag_of_the_settings_is_taken_for_what_it_looks_like_too(tag: str) -> None:
    assert valid_tag(tag) == "My tag"


def test_reviewers_are_named_once_whatever_the_letter_case() -> None:
    assert valid_reviewers("Ana@x.com, ben@x.com ,ana@X.com,,") == ("ana@x.com", "ben@x.com")


@pytest.mark.parametrize(("count", "fine"), [(1, True), (MAX_REVIEWERS, True), (MAX_REVIEWERS + 1, False)])
def test_there_is_a_most_of_reviewers(count: int, fine: bool) -> None:
    text = ",".join(f"p{index}@x.com" for index in range(count))

    try:
        accepted = len(valid_reviewers(text)) == count
    except CommandError:
        accepted = False

    assert accepted == fine


@given(st.text())
@example("`" * 100)
@example("x" * 61)
def test_what_was_typed_is_repeated_short_and_between_backticks(typed: str) -> None:
    repeated = shown(typed)

    assert len(html.unescape(repeated)) <= 60
    assert "`" not in repeated
    assert readable(html.unescape(repeated)) == html.unescape(repeated)


@pytest.mark.parametrize("typed", ["--tagg=My t\u00e4g", "\U0001f469\u200d\U0001f680"])
def test_what_is_short_and_harmless_is_repeated_whole(typed: str) -> None:
    assert shown(typed) == typed


def test_what_cannot_be_seen_is_shown() -> None:
    assert shown("a\u202eb\x1b`") == r"a\u202eb\u001b" + "\u02cb"
