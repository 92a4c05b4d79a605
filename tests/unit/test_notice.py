"""The direct message to a reviewer: true, complete, harmless, and within Slack's limits."""

import pytest

from bot.domain.notice import NoticeCount, notice_counts, rows_left
from bot.domain.plan import BatchState, DropReason, Origin, Plan, PlanState, Reviewer, Share
from bot.messages.blocks import UPDATE_TEXT_MAX, Message
from bot.messages.notice import MAX_URL_LENGTH, notice_message
from sandbox.slack.blocks import message_problems
from tests.unit.builders import HOSTILE_NAMES, a_batch, a_plan, a_request, block_texts

REVIEW = "https://www.braintrust.dev/app/~/review"
ROW = "https://www.braintrust.dev/app/acme/object?object_type=project_logs&object_id=p&id=row-"
SMALL = "plan `k7f3q2` · `/assign-reviews mute` ends these messages"
KNOWN = (Share(Reviewer("r1", "Ana", "U0ANA"), 2), Share(Reviewer("r2", "Ben", "U0BEN"), 2))
UNKNOWN = Share(Reviewer("r3", "Cleo"), 2)


def told(count: NoticeCount, plan: Plan | None = None, *, links: int = 0) -> Message:
    plan = plan or a_plan(PlanState.DONE, decided_by="U0BOSS", request=a_request(tag="needs-review"))
    return notice_message(plan, count, review_url=REVIEW, row_urls=[f"{ROW}{number}" for number in range(links)])


def a_count(rows: int = 47, taken_back: int = 0) -> NoticeCount:
    return NoticeCount("r1", "U0ANA", rows, taken_back)


def test_a_reviewer_reads_how_many_where_who_and_how_to_end_it() -> None:
    assert told(a_count()).text == (
        "You have 47 rows to review in `needs-review`. Approved by <@U0BOSS>.\n"
        f"Open <{REVIEW}|Review in Braintrust> and choose Assigned to me.\n" + SMALL
    )


def test_the_queue_is_named_where_it_is_not_that_of_the_settings() -> None:
    plan = a_plan(PlanState.DONE, request=a_request(tag="needs-review", queue="support"))

    assert "47 rows to review in `needs-review` (queue `support`)." in told(a_count(), plan).text


def test_up_to_five_rows_have_links() -> None:
    escaped = ROW.replace("&", "&amp;")

    lines = told(a_count(), links=7).text.splitlines()

    assert lines[2] == "To begin with: " + ", ".join(f"<{escaped}{number}|row {number + 1}>" for number in range(5))


def test_an_address_that_is_too_long_for_a_message_is_left_out() -> None:
    plan = a_plan(PlanState.DONE)

    message = notice_message(
        plan, a_count(), review_url=REVIEW, row_urls=["https://x/" + "y" * MAX_URL_LENGTH, "https://z"]
    )

    assert "To begin with: <https://z|row 1>" in message.text


@pytest.mark.parametrize(
    ("count", "beginning"),
    [
        (a_count(1), "You have 1 row to review in `needs-review`."),
        (a_count(1_949), "You have 1,949 rows to review in `needs-review`."),
        (a_count(47, 47), "Taken back: all of your 47 rows to review in `needs-review`."),
        (a_count(1, 1), "Taken back: your row to review in `needs-review`."),
        (a_count(1_949, 1_944), "Taken back: 1,944 of your 1,949 rows to review in `needs-review`."),
        (a_count(0), "No row to review in `needs-review` is yours because of this plan any more."),
    ],
)
def test_the_first_sentence_says_what_changed(count: NoticeCount, beginning: str) -> None:
    assert told(count).text.startswith(beginning)


@pytest.mark.parametrize(("count", "leads"), [(a_count(47, 47), False), (a_count(0), False), (a_count(47, 46), True)])
def test_where_nothing_is_left_nothing_leads_to_it(count: NoticeCount, leads: bool) -> None:
    assert ("Review in Braintrust" in told(count, links=2).text) == leads


@pytest.mark.parametrize(("origin", "who"), [(Origin.TERMINAL, "terminal"), (Origin.COMMAND, None)])
def test_nobody_is_named_who_is_not_in_slack(origin: Origin, who: str | None) -> None:
    plan = a_plan(PlanState.DONE, decided_by=who, request=a_request(origin=origin, tag="t"))

    assert told(a_count(), plan).text.startswith("You have 47 rows to review in `t`.\n")


@pytest.mark.parametrize("tag", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
@pytest.mark.parametrize("count", [a_count(10**9), a_count(10**9, 5), a_count(9, 9), a_count(0)])
def test_every_message_is_one_that_slack_takes_and_complete_in_its_text(tag: str, count: NoticeCount) -> None:
    urls = [f"https://x/?{number}&".ljust(MAX_URL_LENGTH - 4, "z") for number in range(9)]

    message = notice_message(a_plan(request=a_request(tag=tag)), count, review_url=REVIEW, row_urls=urls)

    assert message_problems(list(message.blocks)) == []
    assert len(message.text) <= UPDATE_TEXT_MAX
    assert "\n".join(block_texts(message)) == message.text
    assert "<!" not in message.text


def test_each_reviewer_who_is_in_slack_is_told_of_the_rows_that_were_written() -> None:
    plan = a_plan(PlanState.REPORTING, shares=(*KNOWN, UNKNOWN))
    batches = [
        a_batch(state=BatchState.CONFIRMED, dropped=(("row-3", DropReason.GONE),)),
        a_batch(state=BatchState.FAILED, rows=(("row-9", "r2"),)),
        a_batch(state=BatchState.WRITTEN, rows=(("row-8", "r1"), ("row-7", "r3"))),
    ]

    assert notice_counts(plan, batches, []) == (NoticeCount("r1", "U0ANA", 3), NoticeCount("r2", "U0BEN", 1))


def test_what_was_taken_back_is_counted_beside_and_led_to_no_more() -> None:
    plan = a_plan(PlanState.UNDOING, shares=KNOWN)
    batches = [a_batch(state=BatchState.CONFIRMED)]
    undone = [
        a_batch(2, state=BatchState.CONFIRMED, dropped=(("row-1", DropReason.FINISHED),)),
        a_batch(state=BatchState.SENDING, rows=(("row-2", "r1"),)),
    ]

    assert notice_counts(plan, batches, undone) == (NoticeCount("r1", "U0ANA", 2, 1), NoticeCount("r2", "U0BEN", 2))
    assert rows_left(batches, undone, "r1") == ["row-2"]
    assert rows_left(batches, undone, "r2") == ["row-1", "row-3"]
