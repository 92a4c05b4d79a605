"""What Slack makes of typed text, and how messages read as plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.slack.people import chosen_fields
from sandbox.slack.records import Message, StoredFile
from sandbox.slack.rendering import readable, render_text
from sandbox.slack.sample import sample_workspace
from sandbox.slack.typed_text import escape_said, escape_signs, escape_typed
from tests.sandbox.slack_blocks import (
    Json,
    actions,
    button,
    context,
    mrkdwn,
    option,
    plain,
    section,
    select,
    table,
)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("@ben", "<@U0BEN|ben>"),
        ("(@ben, @chloe.)", "(<@U0BEN|ben>, <@U0CHLOE|chloe>.)"),
        ("@nobody", "@nobody"),
        ("@reviewers", "<!subteam^S0REVIEWERS|@reviewers>"),
        ("#general", "<#C0GENERAL|general>"),
        ("#secret-plans", "<#C0SECRET|>"),
        ("#nowhere", "#nowhere"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("by=a@x.com,b@x.com", "by=<mailto:a@x.com|a@x.com>,<mailto:b@x.com|b@x.com>"),
        ("see https://x.example/?a=1&b=2", "see <https://x.example/?a=1&amp;b=2>"),
        ("<@U0BEN>", "&lt;@U0BEN&gt;"),
        ("group_by=metadata.id", "group_by=<http://metadata.id|metadata.id>"),
        ("metadata.session", "metadata.session"),
        ('tag="\U0001f44d keep"', 'tag=":thumbsup: keep"'),
    ],
)
def test_typed_text_becomes_markup(typed: str, sent: str) -> None:
    assert escape_typed(sample_workspace(), typed) == sent


def test_a_message_mentions_people_without_their_names() -> None:
    assert escape_said(sample_workspace(), "@ben & @reviewers") == "<@U0BEN> &amp; <!subteam^S0REVIEWERS|@reviewers>"


@given(st.text())
def test_escaped_signs_read_as_they_were_typed(typed: str) -> None:
    assert readable(escape_signs(typed)) == typed


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (section("*1,949* rows for <@U0BEN|ben> &amp; co"), "*1,949* rows for ben & co"),
        (section("x", accessory=button()), "x\n[Approve]"),
        ({"type": "header", "text": plain("Plan 7")}, "PLAN 7"),
        ({"type": "divider"}, "-" * 20),
        (context(mrkdwn("<!date^1^{date}|1 Jan>"), plain("b")), "1 Jan  b"),
        (actions(button(), button("cancel")), "[Approve]  [Cancel]"),
        (actions(select(options=[option()])), "[Pick]"),
        (table(2, 2, "a"), "Loads\na  a\na  a"),
        (
            {"type": "input", "label": plain("Tag"), "element": {"type": "plain_text_input"}},
            "Tag: [plain_text_input]",
        ),
        ({"type": "plan", "title": "t"}, "(plan)"),
    ],
)
def test_blocks_read_as_plain_text(block: Json, text: str) -> None:
    assert render_text(Message("C0REVIEWS", "1.000001", "U0BOT", "fallback", blocks=(block,))) == text


def test_a_message_without_blocks_is_its_text_and_files() -> None:
    file = StoredFile("F1", "plan.csv", "Plan", b"")

    assert (
        render_text(Message("C0REVIEWS", "1.000001", "U0BOT", "a &lt; b", files=(file,))) == "a < b\n(file: plan.csv)"
    )


@pytest.mark.parametrize(
    ("element", "chosen", "fields"),
    [
        (select("users_select"), "U0ADA", {"selected_user": "U0ADA"}),
        (select("multi_users_select"), ["U0ADA", "U0BEN"], {"selected_users": ["U0ADA", "U0BEN"]}),
        (select("multi_users_select"), "U0ADA", {"selected_users": ["U0ADA"]}),
        ({"type": "overflow", "options": [option("a", "1")]}, "1", {"selected_option": option("a", "1")}),
        ({"type": "checkboxes", "options": [option("a", "1")]}, ["1"], {"selected_options": [option("a", "1")]}),
        (select(option_groups=[{"label": plain(), "options": [option()]}]), "1", {"selected_option": option()}),
    ],
)
def test_each_menu_reports_its_choice_in_its_own_words(element: Json, chosen: str | list[str], fields: Json) -> None:
    assert chosen_fields(element, chosen) == fields


def test_an_option_that_is_not_there_cannot_be_chosen() -> None:
    with pytest.raises(ValueError, match="no option '2'"):
        chosen_fields(select(options=[option()]), "2")
