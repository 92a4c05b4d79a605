"""Numbers and words agree in whatever the bot says, and no number contradicts another one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from bot.domain.choices import Choices
from bot.domain.command import parsed
from bot.domain.notice import NoticeCount
from bot.domain.plain_text import quoted, readable
from bot.domain.plan import NOT_BEGUN, DropReason, LeftOut, Plan, PlanState, Progress, Reviewer, Share
from bot.domain.reading import ReadingCounts
from bot.domain.report import Report
from bot.domain.undo import UndoCounts
from bot.errors import CommandError
from bot.messages import answers
from bot.messages.blocks import Message
from bot.messages.lines import plan_lines, report_lines
from bot.messages.notice import notice_message
from bot.messages.plan import plan_message
from bot.messages.report import Facts, changed_message, progress_message, report_message, undone_message
from bot.messages.text import said
from tests.unit.builders import HOSTILE_NAMES, NOW, a_plan, a_request, block_texts

URL = "https://example.com/review"
KEPT_APART = re.compile(r"([*_~`@])\u200b")
DISAGREES = re.compile(
    r"\b1 (?:rows|reviewers|days|hours)\b"
    r"|(?<![\d,])(?!1 )[\d,]+ (?:row|reviewer|day|hour)\b"
    r"|\b1 (?:row|reviewer) (?:stay|go|are|were|have)\b"
    r"|\b0 (?:because|already reviewed|changed|reviewers?\b)"
    r"|\b(?:last|your) 1 "
)


def texts_of(message: Message) -> list[str]:
    """The text and what the blocks show, without the zero-width spaces behind marks, and on one line."""
    return [KEPT_APART.sub(r"\1", text).replace("\n", " ") for text in (message.text, *block_texts(message))]


def plans_of(count: int) -> Iterator[Plan]:
    """Plans in every state, in which every number that can be is `count`; there is no plan of 0 rows."""
    plan = a_plan(
        request=a_request(days=max(count, 1), limit=max(count, 1), choices=Choices(sample=Fraction(1, 3))),
        counts=ReadingCounts(3 * count, count, count, count),
        shares=(Share(Reviewer("r1", "Ana"), max(count, 1), open_rows=count),),
        without_room=count,
        drift=tuple((reason, max(count, 1)) for reason in DropReason),
        reason="It was slow.",
        undone_by="U0ASK",
        decided_by="U0BOSS",
        decided_at=NOW,
    )
    for state in PlanState:
        for progress in (NOT_BEGUN, Progress(count, count)):
            for version in (1, 2):
                yield replace(plan, state=state, progress=progress, version=version)


def messages_of(plan: Plan, count: int) -> Iterator[Message]:
    """Everything that can be said about a plan."""
    undo = UndoCounts(count, count, count)
    dropped = tuple((reason, count) for reason in DropReason if count)
    report = Report(plan.planned_rows, plan.shares, dropped, count, count, count, count, ("It was slow.",))
    notice = NoticeCount("r1", "U0ANA", count, count)
    yield plan_message(plan)
    yield plan_message(replace(plan, undone_by=None))
    yield progress_message(plan)
    yield changed_message(plan)
    yield undone_message(plan, undo)
    yield report_message(plan, report, Facts(URL, undoable=True, undo=undo))
    yield report_message(plan, replace(report, assigned=()), Facts(URL))
    yield notice_message(plan, notice, review_url=URL, row_urls=[])
    yield notice_message(plan, replace(notice, taken_back=0), review_url=URL, row_urls=[])
    yield answers.reading(plan)
    yield answers.read(plan, message_url=None)
    yield answers.already_decided(plan, successor_url=None)
    yield answers.undo_preview(plan, undo)
    yield answers.undo_too_late(plan, max(count, 1))
    yield answers.changed(plan)


@pytest.mark.parametrize("count", [0, 1, 2, 1_949])
def test_words_agree_with_their_numbers(count: int) -> None:
    said = {message.text for plan in plans_of(count) for message in messages_of(plan, count)}
    asked = {str(message.blocks) for plan in plans_of(count) for message in messages_of(plan, count)}

    assert [text for text in said | asked if DISAGREES.search(text)] == []


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_nothing_unseen_reaches_anybody_but_what_keeps_marks_apart(name: str) -> None:
    shares = (Share(Reviewer("r1", name), 3), Share(Reviewer("r2", "Ben"), 2))
    request = a_request(tag=name or "-")
    hostile = [
        replace(plan, request=request, shares=shares, left_out=(LeftOut(name, name),))
        for plan in plans_of(2)
        if plan.version == 1
    ]

    said = {text for plan in hostile for message in messages_of(plan, 2) for text in texts_of(message)}

    assert [text for text in said if readable(text) != text] == []


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_the_terminal_is_told_what_slack_is_told_without_slack_s_signs(name: str) -> None:
    """A sentence is plain text until a surface shows it; the console shows what cannot be seen."""
    sentence = str(refusal(f"reviewers={quoted(name)}") or quoted(name))
    plan = replace(
        a_plan(state=PlanState.PARTIAL, reason=sentence, notes=(sentence,), shares=(Share(Reviewer("r1", name), 2),)),
        request=a_request(tag=name or "-"),
    )
    report = Report(3, plan.shares, (), 1, 0, 0, 0, (sentence,))

    lines = [*plan_lines(plan), *report_lines(plan, report, UndoCounts())]

    assert f"  {sentence}" in lines
    assert [line for line in lines if "&amp;" in line.replace(name, "")] == []
    in_slack = report_message(plan, report, Facts(URL)).text
    assert said(sentence) in in_slack


def refusal(text: str) -> CommandError | None:
    """What is said about a command that is not understood."""
    try:
        parsed(text)
    except CommandError as error:
        return error
    return None


@pytest.mark.parametrize("state", PlanState)
@pytest.mark.parametrize("version", [1, 2])
def test_the_rows_in_a_plans_message_add_up(state: PlanState, version: int) -> None:
    """50 of 2,163 unassigned rows were picked; the version after has 10 of them."""
    shares = (Share(Reviewer("r1", "Ana"), 6), Share(Reviewer("r2", "Ben"), 4))
    if version == 1:
        shares = (Share(Reviewer("r1", "Ana"), 25), Share(Reviewer("r2", "Ben"), 25))
    plan = a_plan(
        state,
        request=a_request(limit=50),
        counts=ReadingCounts(2_500, 300, 37, 2_163),
        shares=shares,
        version=version,
        drift=((DropReason.ASSIGNED, 40),) if version > 1 else (),
        progress=Progress(rows=sum(share.rows for share in shares)),
        decided_at=NOW,
    )

    text = plan_message(plan).text

    title, *_ = text.splitlines()
    assert ("50 rows for 2 reviewers" if version == 1 else "10 rows for 2 reviewers") in title
    assert not title.startswith("Review plan")
    assert ("Limited to the newest 50: 2,113 rows stay unassigned." in text) == (version == 1)
    is_over = state in (PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED)
    assert ("40 of 50 rows left the plan since version 1 was shown" in text) == (version > 1 and not is_over)
    assert "to assign" not in text.removeprefix("Nothing to assign")
