"""The plan's message: valid, complete and harmless in every state, for every number of people with any names."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from bot.domain.choices import Choices
from bot.domain.plan import WRITING, DropReason, LeftOut, PlanState, Progress, Reviewer, Share
from bot.domain.reading import ReadingCounts
from bot.messages.blocks import UPDATE_TEXT_MAX
from bot.messages.buttons import APPROVE, CANCEL, Target, target
from bot.messages.plan import MAX_MENTIONS, MAX_REVIEWER_LINES, awaited, fits, plan_message, reminder_message
from bot.settings import PolicySettings
from sandbox.slack.blocks import message_problems
from tests.unit.builders import (
    HOSTILE_NAMES,
    NOW,
    a_large_plan,
    a_plan,
    a_request,
    block_texts,
    buttons_of,
    shares_of,
)

SIZES = [1, 5, 20, 21, 60, 500]
every_state = pytest.mark.parametrize("state", PlanState)
every_size = pytest.mark.parametrize("reviewers", SIZES)
every_name = pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)


@every_size
@every_name
def test_every_message_is_one_that_slack_takes_in_every_state(reviewers: int, name: str) -> None:
    plans = [a_large_plan(state, reviewers=reviewers, name=name) for state in PlanState]

    messages = {plan.state: plan_message(plan) for plan in plans}

    assert {
        state: len(message.text) for state, message in messages.items() if len(message.text) > UPDATE_TEXT_MAX
    } == {}
    assert [problem for message in messages.values() for problem in message_problems(list(message.blocks))] == []


@every_state
@every_name
def test_the_text_says_everything_that_the_blocks_show(state: PlanState, name: str) -> None:
    message = plan_message(a_large_plan(state, reviewers=21, name=name, reason="It was refused."))

    assert [shown for shown in block_texts(message) if shown not in message.text] == []


@every_size
@every_name
def test_the_blocks_show_each_reviewer_up_to_the_limit(reviewers: int, name: str) -> None:
    plan = a_large_plan(PlanState.PROPOSED, reviewers=reviewers, name=name)

    lines = "\n".join(block_texts(plan_message(plan))).splitlines()

    named = [line for line in lines if line.startswith("• ")]
    assert [line.split(" · ")[0].rsplit(": ")[-1] for line in named] == [
        f"{share.rows:,} rows" for share in plan.shares[:MAX_REVIEWER_LINES]
    ]
    rest = reviewers - MAX_REVIEWER_LINES
    assert [line for line in lines if "the attached file" in line] == (
        [f"and {rest} more: the attached file has everything"] if rest > 0 else []
    )


@every_state
@every_name
def test_no_message_mentions_anybody_because_of_a_name(state: PlanState, name: str) -> None:
    plan = a_large_plan(state, reviewers=21, name=name)

    message = plan_message(plan, successor_url="https://example.slack.com/archives/C0REV/p1")

    ours = message.text
    for markup in ("<@U0ASK>", "<@U0BOSS>", "<https://example.slack.com/archives/C0REV/p1|a newer plan>"):
        ours = ours.replace(markup, "")
    assert "<" not in ours.replace("<!date^", "")
    assert not [shown for shown in block_texts(message) if "<!channel" in shown or "<@U0ADA" in shown]


@every_state
def test_only_a_proposed_plan_has_buttons(state: PlanState) -> None:
    buttons = buttons_of(plan_message(a_plan(state, edition=3)))

    assert list(buttons) == ([APPROVE, CANCEL] if state is PlanState.PROPOSED else [])
    assert {target(button["value"]) for button in buttons.values()} <= {Target("k7f3q2", 3)}


@every_state
def test_every_message_shows_the_short_id_of_the_plan(state: PlanState) -> None:
    message = plan_message(a_plan(state))

    assert "plan `k7f3q2`" in block_texts(message)[-1]


def test_a_proposal_reads_like_this() -> None:
    plan = a_plan(
        request=a_request(limit=1_949),
        counts=ReadingCounts(matched=5_000, assigned=2_000, finished=51, unassigned=2_949),
        shares=(Share(Reviewer("r1", "Ana Ruiz"), 975), Share(Reviewer("r2", "Ben & Co"), 974)),
        left_out=(LeftOut("zoe@example.com", "unknown"), LeftOut("<!here>", "<!here>")),
        notes=("Braintrust does not let the bot list users, so reviewers are shown by id.",),
    )

    message = plan_message(plan)

    assert message.text.splitlines() == [
        "Waiting for approval: 1,949 rows for 2 reviewers",
        (
            "Tag `My dummy tag`, created from <!date^1778490000^{date_short} {time}|2026-05-11 09:00 UTC>"
            " to <!date^1779094800^{date_short} {time}|2026-05-18 09:00 UTC>"
        ),
        (
            "When read: *5,000* matched · *2,000* already assigned · *51* finished without an assignee"
            " · *2,949* unassigned"
        ),
        "Limited to the newest 1,949: 1,000 rows stay unassigned.",
        "• Ana Ruiz: 975 rows",
        "• Ben &amp; Co: 974 rows",
        "Braintrust does not let the bot list users, so reviewers are shown by id.",
        "Left out: `zoe@example.com` (unknown), `&lt;!here&gt;` (&lt;!here&gt;)",
        (
            "Asked for by <@U0ASK> · expires <!date^1779181200^{date_short_pretty} at {time}|2026-05-19 09:00 UTC>"
            " · plan `k7f3q2`"
        ),
    ]


def test_nothing_is_said_of_a_limit_that_left_nothing_out() -> None:
    assert "Limited" not in plan_message(a_plan()).text


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "Waiting for approval: 7 rows for 2 reviewers"),
        ({"version": 2}, "Waiting for approval: 7 rows for 2 reviewers (version 2)"),
        ({"state": PlanState.SHOWN, "request": a_request(dry_run=True)}, "Dry run: 7 rows for 2 reviewers"),
        ({"shares": shares_of(1, rows=1)}, "Waiting for approval: 1 row for 1 reviewer"),
        ({"state": PlanState.RUNNING}, "Being assigned: 7 rows for 2 reviewers"),
        ({"state": PlanState.DONE, "progress": Progress(rows=7)}, "Done: 7 rows for 2 reviewers"),
        ({"state": PlanState.DONE, "progress": Progress(rows=3)}, "Done: 3 of 7 rows assigned"),
        ({"state": PlanState.PARTIAL, "progress": Progress(rows=3)}, "Partly done: 3 of 7 rows assigned"),
        ({"state": PlanState.STOPPED, "progress": Progress(rows=0)}, "Stopped: 0 of 7 rows assigned"),
        ({"state": PlanState.FAILED, "decided_at": NOW}, "Failed: 0 of 7 rows assigned"),
        ({"state": PlanState.CANCELLED}, "Cancelled: 7 rows for 2 reviewers"),
        ({"state": PlanState.EXPIRED, "version": 2}, "Expired: 7 rows for 2 reviewers"),
        ({"state": PlanState.SUPERSEDED}, "Replaced: 7 rows for 2 reviewers"),
        ({"state": PlanState.UNDOING, "progress": Progress(rows=3)}, "Being undone: 7 rows for 2 reviewers"),
        ({"state": PlanState.UNDONE, "progress": Progress(rows=3)}, "Undone: 7 rows for 2 reviewers"),
        ({"state": PlanState.DONE, "undone_by": "U0ASK"}, "Undo ended early: 7 rows for 2 reviewers"),
    ],
)
def test_the_title_says_how_the_plan_stands_and_how_many_rows_it_is_about(changes: dict[str, Any], title: str) -> None:
    message = plan_message(a_plan(**changes))

    assert message.blocks[0]["text"]["text"] == title
    assert message.text.startswith(title + "\n")


BY_AND_AT = " by <@U0BOSS> <!date^1779094800^{date_short_pretty} at {time}|2026-05-18 09:00 UTC>"


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (PlanState.SHOWN, "Nothing will be assigned."),
        (PlanState.CANCELLED, f"Cancelled{BY_AND_AT}. Nothing was assigned."),
        (PlanState.EXPIRED, "Nobody approved it in time. Nothing was assigned. Ask again with `/assign-reviews`."),
        (PlanState.SUPERSEDED, "Replaced by a newer plan. Nothing was assigned."),
        *((state, f"Approved{BY_AND_AT}. The thread follows.") for state in sorted(WRITING)),
        (PlanState.DONE, f"Approved{BY_AND_AT}. The thread has the counts."),
        (PlanState.PARTIAL, f"Approved{BY_AND_AT}. The thread has the counts."),
        (PlanState.STOPPED, f"Approved{BY_AND_AT}. The thread has the counts."),
        (PlanState.FAILED, f"Approved{BY_AND_AT}. The thread has the counts."),
    ],
)
def test_a_decided_plan_says_what_became_of_it(state: PlanState, sentence: str) -> None:
    message = plan_message(a_plan(state, decided_by="U0BOSS", decided_at=NOW, progress=Progress(rows=3)))

    assert sentence in block_texts(message)


@pytest.mark.parametrize(
    ("state", "undone_by", "sentence"),
    [
        (PlanState.UNDOING, "U0ASK", "The thread follows."),
        (PlanState.UNDONE, "U0ASK", "The thread has the counts."),
        (PlanState.DONE, "U0ASK", "The thread has the counts."),
        (PlanState.PARTIAL, "U0ASK", "The thread has the counts."),
    ],
)
def test_a_plan_that_is_taken_back_says_so_and_counts_nothing_that_may_be_gone(
    state: PlanState, undone_by: str, sentence: str
) -> None:
    plan = a_plan(state, decided_by="U0BOSS", decided_at=NOW, undone_by=undone_by, progress=Progress(rows=3))

    assert f"Approved{BY_AND_AT}. {sentence}" in block_texts(plan_message(plan))


@pytest.mark.parametrize("state", [PlanState.READING, PlanState.EMPTY, PlanState.PROPOSED])
def test_a_plan_that_nobody_approved_never_says_it_was(state: PlanState) -> None:
    assert "Approved" not in plan_message(a_plan(state)).text


def test_a_replaced_plan_leads_to_the_newer_one() -> None:
    message = plan_message(a_plan(PlanState.SUPERSEDED), successor_url="https://example.com/p1")

    assert "Replaced by <https://example.com/p1|a newer plan>." in message.text


def test_a_plan_by_schedule_has_no_asker_to_mention() -> None:
    message = plan_message(a_plan(request=a_request(requested_by=None)))

    assert "Asked for by schedule · " in message.text
    assert "<@" not in message.text


@every_state
def test_only_a_proposed_plan_says_when_it_expires(state: PlanState) -> None:
    message = plan_message(a_plan(state, expires_at=NOW + timedelta(hours=72)))

    assert ("expires <!date^" in message.text) == (state is PlanState.PROPOSED)


def test_a_scheduled_plan_that_could_not_be_made_says_why() -> None:
    reason = "The bot is not in this channel. Type `/invite @assign-reviews` there, then try again."

    message = plan_message(a_plan(PlanState.FAILED, reason=reason))

    assert message.text == f"Failed: the scheduled review plan could not be made\n{reason}\nplan `k7f3q2`"


@pytest.mark.parametrize("unknown", [5, 6, 500])
def test_no_more_than_five_of_those_left_out_are_listed(unknown: int) -> None:
    plan = a_plan(left_out=tuple(LeftOut(f"p{index}@x.com", "unknown") for index in range(unknown)))

    text = plan_message(plan).text

    assert text.count("@x.com`") == 5
    assert (f" and {unknown - 5} more" in text) == (unknown > 5)


@pytest.mark.parametrize(("reviewers", "expected"), [(1, True), (20, True), (21, False), (500, False)])
def test_a_message_that_does_not_name_everybody_needs_a_file(reviewers: int, expected: bool) -> None:
    assert fits(a_plan(shares=shares_of(reviewers))) == expected


def test_people_who_get_nothing_are_counted_and_not_named() -> None:
    plan = a_plan(shares=(*shares_of(1, rows=7), Share(Reviewer("r9", "Zoe"), 0)))

    message = plan_message(plan)

    assert message.text.startswith("Waiting for approval: 7 rows for 1 reviewer\n")
    assert "\n• 0 Reviewer: 7 rows\n1 reviewer without a row this time\n" in message.text
    assert "Zoe" not in message.text


def test_people_who_get_nothing_need_no_file() -> None:
    nobody = tuple(Share(Reviewer(f"z{index}", "Zoe"), 0) for index in range(100))

    assert fits(a_plan(shares=(*shares_of(20), *nobody)))


@pytest.mark.parametrize("state", [PlanState.CANCELLED, PlanState.EXPIRED, PlanState.SUPERSEDED])
def test_a_plan_that_came_to_nothing_leaves_a_short_record(state: PlanState) -> None:
    message = plan_message(a_plan(state, left_out=(LeftOut("zoe@example.com", "Braintrust does not know them"),)))

    assert len(block_texts(message)) == len(["title", "rows", "what became of it", "small print"])
    assert "Ana Ruiz" not in message.text
    assert "zoe@example.com" not in message.text


@pytest.mark.parametrize("state", [PlanState.PROPOSED, PlanState.SHOWN])
def test_a_file_that_could_not_be_attached_is_not_promised(state: PlanState) -> None:
    plan = a_plan(state, shares=shares_of(21))

    text = plan_message(plan, file_problem="The Slack app lacks the scope `files:write`.").text

    assert "the attached file has everything" not in text
    assert "The Slack app lacks the scope" in text
    assert "the attached file has everything" in plan_message(plan).text


def test_a_new_version_says_what_left_and_does_not_blame_a_limit() -> None:
    drift = ((DropReason.ASSIGNED, 2), (DropReason.REVIEWER, 1))
    request = a_request(limit=9, choices=Choices(sample=Fraction(1, 2)))
    plan = a_plan(
        request=request, version=2, drift=drift, counts=ReadingCounts(matched=15, assigned=3, finished=2, unassigned=10)
    )

    text = plan_message(plan).text

    assert (
        "3 of 10 rows left the plan since version 1 was shown: 2 assigned by somebody else meanwhile, "
        "1 of a reviewer who cannot be given rows any more."
    ) in text
    assert "imited" not in text
    assert "sample" not in text


NAMED = frozenset({"U0BOSS", "U0ASK", "S0TEAM"})


@pytest.mark.parametrize(
    ("policy", "request_", "words"),
    [
        ({}, {}, None),
        ({"approvers": NAMED}, {}, "To be approved by <!subteam^S0TEAM>, <@U0ASK>, <@U0BOSS>."),
        ({"approvers": NAMED, "four_eyes": True}, {}, "To be approved by <!subteam^S0TEAM>, <@U0BOSS>."),
        ({"four_eyes": True}, {}, "To be approved by somebody other than <@U0ASK>."),
        ({"four_eyes": True}, {"requested_by": None}, None),
        ({"approvers": NAMED}, {"channel": "D0ASK"}, None),
    ],
)
def test_those_who_may_are_mentioned(policy: dict[str, Any], request_: dict[str, Any], words: str | None) -> None:
    assert awaited(a_plan(request=a_request(**request_)), PolicySettings(**policy)) == words


def test_no_crowd_is_mentioned() -> None:
    words = awaited(a_plan(), PolicySettings(approvers=frozenset(f"U{number}" for number in range(500))))

    assert words is not None
    assert words.count("<@") == MAX_MENTIONS
    assert words.endswith(", 480 more.")


@pytest.mark.parametrize("state", PlanState)
def test_only_a_plan_that_waits_mentions_them(state: PlanState) -> None:
    message = plan_message(a_plan(state), approval="To be approved by <@U0BOSS>.")

    assert ("<@U0BOSS>" in message.text) == (state is PlanState.PROPOSED)
    assert ("<@U0BOSS>" in str(message.blocks)) == (state is PlanState.PROPOSED)


def test_a_reminder_says_until_when_and_who() -> None:
    message = reminder_message(a_plan(), "To be approved by <@U0BOSS>.")

    assert message.text.startswith("This plan expires <!date^")
    assert message.text.endswith(" and is not approved yet. To be approved by <@U0BOSS>.\nplan `k7f3q2`")
