"""What is not understood is answered with what was understood of it, and the nearest thing that was meant."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.command import HelpCommand, PlanCommand, parsed
from bot.domain.nearest import ELSEWHERE
from bot.domain.preferences import WORDS
from bot.domain.schedule import ScheduleCommand
from bot.errors import CommandError

WORDS_PEOPLE_TYPE = st.sampled_from(
    [
        *(
            'tag="My tag"',
            "tag=My",
            "tag",
            "tags=x",
            "My",
            "tag:",
            "needs-review",
            "it's",
            '"quoted words"',
            "<b>",
            "a`b",
        ),
        *("days=3", "days", "14", "14d", "days:", "day=7", "limit", "limt=50", "50", "1,949", "rows", "limit:", "-5"),
        *("reviewers=ana@x.com", "ana@x.com", "<@U0ANA|Lopez, Ana>", "@ana", "group:Support", "reviewer=ben@x.com"),
        *(
            "oldest",
            "order",
            "balanced",
            "strategy=even",
            "10%",
            "sample",
            "trace",
            "metadata.session",
            "group_by=trace",
            *("group", "by", "first", "week", "weeks", "percent", "%", "and", "split", "days=2"),
        ),
        *(
            "dry",
            "run",
            "dry-run",
            "--dry-run",
            "help",
            "status",
            "list",
            "undo",
            "mute",
            ":+1:",
            "=",
            "--tag",
            "x" * 90,
        ),
    ]
)
SUGGESTED = re.compile("`/assign-reviews ([^`]*)`")


def refusal(text: str) -> str:
    """The sentence that refuses `text`; nothing when it is understood."""
    try:
        parsed(text)
    except CommandError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("text", "what", "meant"),
    [
        ("limits=5", "`limits=5`", "limit=5"),
        ("limit:50", "`limit:50`", "limit=50"),
        ("dais=3", "`dais=3`", "days=3"),
        ("for the last 7 days", "`for the last 7 days`", "days=7"),
        ("tag=My tag", "`tag` behind `tag=My`", 'tag="My tag"'),
        ("tag=My tag days=3", "`tag` behind `tag=My`", 'tag="My tag" days=3'),
        ("days=3 tag=needs a review", "`a review` behind `tag=needs`", 'days=3 tag="needs a review"'),
        ("tag=My tag limit 50", "`tag limit 50` behind `tag=My`", 'tag="My tag" limit=50'),
        ("tag=:+1: keep", "`keep` behind `tag=\U0001f44d`", 'tag="\U0001f44d keep"'),
        ("tag My tag", "`tag My tag`", 'tag="My tag"'),
        ("tag: My tag", "`tag: My tag`", 'tag="My tag"'),
        ("tag:My-tag", "`tag:My-tag`", 'tag="My-tag"'),
        ("needs-review", "`needs-review`", 'tag="needs-review"'),
        ("My tag", "`My tag`", 'tag="My tag"'),
        ('"My tag"', "`My tag`", 'tag="My tag"'),
        ("My tag days=3", "`My tag`", 'tag="My tag" days=3'),
        ("limit 50", "`limit 50`", "limit=50"),
        ("limit: 50", "`limit: 50`", "limit=50"),
        ("days 3 limit 50", "`days 3 limit 50`", "days=3 limit=50"),
        ("days=3 limit 50", "`limit 50`", "days=3 limit=50"),
        ("limt 50", "`limt 50`", "limit=50"),
        ("50", "`50`", "limit=50"),
        ("50 rows", "`50 rows`", "limit=50"),
        ("14d", "`14d`", "days=14"),
        ("14 days", "`14 days`", "days=14"),
        ("3days", "`3days`", "days=3"),
        ("10%", "`10%`", "sample=10%"),
        ("oldest", "`oldest`", "order=oldest"),
        ("balanced 10%", "`balanced 10%`", "strategy=balanced sample=10%"),
        ("trace", "`trace`", "group_by=trace"),
        ("metadata.session", "`metadata.session`", "group_by=metadata.session"),
        ("ana@x.com", "`ana@x.com`", "reviewers=ana@x.com"),
        ("ana@x.com ben@x.com", "`ana@x.com ben@x.com`", "reviewers=ana@x.com,ben@x.com"),
        ("<@U0ANA|Lopez, Ana>", "`<@U0ANA>`", "reviewers=<@U0ANA>"),
        ("tagg=x", "`tagg=x`", 'tag="x"'),
        ("day=3", "`day=3`", "days=3"),
        ("reviewer=ana@x.com", "`reviewer=ana@x.com`", "reviewers=ana@x.com"),
        ("group-by trace", "`group-by trace`", "group_by=trace"),
        ("dry run", "`dry run`", None),
        ("dry run days=3", "`dry run`", "dry-run days=3"),
        ("group by trace", "`group by trace`", "group_by=trace"),
        ("Group By metadata.session", "`Group By metadata.session`", "group_by=metadata.session"),
        ("group by=trace days=3", "`group by=trace`", "group_by=trace days=3"),
        ("tag=x group by trace", "`group by trace` behind `tag=x`", 'tag="x" group_by=trace'),
        ("order by newest", "`order by newest`", "order=newest"),
        ("order=newest first", "`first`", "order=newest"),
        ("newest first limit=50", "`newest first`", "order=newest limit=50"),
        ("order=newest first My tag", "`first My tag`", 'order=newest tag="My tag"'),
        ("strategy=even split", "`split`", "strategy=even"),
        ("limit=50 rows", "`rows`", "limit=50"),
        ("limit=50 rows only", "`rows only`", "limit=50"),
        ("days=14 days", "`days`", "days=14"),
        ("days=2 weeks", "`weeks`", "days=14"),
        ("2 weeks", "`2 weeks`", "days=14"),
        ("days 2 weeks limit 50 rows", "`days 2 weeks limit 50 rows`", "days=14 limit=50"),
        ("last week", "`last week`", "days=7"),
        ("sample=10 %", "`%`", "sample=10%"),
        ("10 percent", "`10 percent`", "sample=10%"),
        ("tag=last week", "`week` behind `tag=last`", 'tag="last week"'),
        ("tag=newest first", "`first` behind `tag=newest`", 'tag="newest first"'),
        ("my first tag", "`my first tag`", 'tag="my first tag"'),
        (
            "reviewers=ana@x.com and ben@x.com",
            "`and ben@x.com` behind `reviewers=ana@x.com`",
            "reviewers=ana@x.com,ben@x.com",
        ),
        ("dry-rum", "`dry-rum`", None),
        ("halp", "`halp`", "help"),
        ("help days=3", "`help`", "help"),
    ],
)
def test_the_likeliest_slips_are_answered_with_the_command_that_was_meant(text: str, what: str, meant: str) -> None:
    answer = html.unescape(refusal(text))

    expected = f"Did you mean `/assign-reviews {meant}`?" if meant else "Did you mean `dry-run`?"
    assert answer == f"I don't understand {what}. {expected}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("status", "A plan's message in its channel says how it stands"),
        ("staus", "A plan's message in its channel says how it stands"),
        ("list", "`/assign-reviews help` lists what you can type."),
        ("form", "`/assign-reviews help` lists what you can type."),
        ("--form days=3", "`/assign-reviews help` lists what you can type."),
        ("report", "its thread has the counts"),
        ("reports days=3", "its thread has the counts"),
        ("reassign @ana", "takes an assignment back"),
        ("dry", "`/assign-reviews dry-run` shows a plan"),
        ("group by", "Did you mean `group_by=trace`?"),
        ("group by user", "Did you mean `group_by=trace`?"),
        ("order first", "Did you mean `order=oldest`?"),
        ("strategy least loaded", "Did you mean `strategy=balanced`?"),
        ("sample 10", "Did you mean `sample=10%`?"),
        ("plan", "`/assign-reviews` alone asks for the usual plan"),
        ("undo k7f3q2", "That is a button"),
        ("weekly mon 09:00", "`/assign-reviews schedule add mon 09:00 Europe/Berlin` makes a plan come by itself."),
        ("tag", 'Did you mean `tag="My tag"`?'),
        ("limt", "Did you mean `limit=200`?"),
        ("review", "Did you mean `reviewers=ana@example.com"),
        ("--", "`/assign-reviews help` lists what exists."),
        ('tag="x" and more', "`/assign-reviews help` lists what exists."),
        ("a`b", "`/assign-reviews help` lists what exists."),
    ],
)
def test_what_nothing_near_exists_for_leads_on(text: str, hint: str) -> None:
    assert hint in refusal(text)


@given(st.lists(WORDS_PEOPLE_TYPE, min_size=1, max_size=6).map(" ".join))
@example("tag 'x\" y")
@example("days=3 days=4")
def test_a_command_that_is_suggested_is_one(text: str) -> None:
    answer = refusal(text)

    for suggested in SUGGESTED.findall(answer):
        command = parsed(suggested)
        assert isinstance(command, PlanCommand | HelpCommand | ScheduleCommand) or suggested in WORDS
    assert answer.count("`") % 2 == 0


def test_what_is_done_elsewhere_is_no_command() -> None:
    assert [word for word in ELSEWHERE if not refusal(word)] == []
